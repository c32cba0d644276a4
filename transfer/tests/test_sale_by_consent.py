"""A sale: who has validly consented moves, everybody else stays; a withdrawal pulls back, or becomes a recall."""

import datetime

import pytest
from django.utils import timezone

from audit.errors import Refused
from clients.models import Client, DeliveryEvidence, NoticeCampaign, SealedArchive
from clients.services.consents import give_consent, refuse_consent, withdraw_consent
from transfer.archived import unarchived
from transfer.consenting import moved_without_consent
from transfer.models import ClientCase, Recall, Run, Transfer
from transfer.services.cases import assess_cases
from transfer.services.closing import close_transfer
from transfer.services.cutover import begin_cutover, finish_cutover, move_next_batch
from transfer.services.mandates import draft_mandate, sign_mandate
from transfer.services.parties import delivered_clients
from transfer.services.recalls import keep_client, return_client
from transfer.tests.pages import address, open_gate_1, text, upload
from vault.models import Wrap

pytestmark = pytest.mark.django_db
HELD = [[number, "taken_as_given", True, False] for number in range(1, 8)]
ASKED = datetime.timedelta(days=60)


@pytest.fixture
def clients(make_client):
    """In this order: consents, refuses, says nothing, is not reached, is a child, consents and withdraws."""
    kinds = [{}, {}, {}, {}, {"is_minor": True, "is_under14": True, "guardian": True}, {}]
    return [make_client(**columns) for columns in kinds]


@pytest.fixture
def campaign(clients, transfer, canglan, yuanxiu, giver_officer, giver_officer2):
    """An approved notice that asks for consent; delivered sixty days ago to all but the fourth."""
    Transfer.objects.filter(pk=transfer.pk).update(basis="asset_sale")
    transfer.refresh_from_db()
    campaign = NoticeCampaign.objects.create(
        occasion=transfer.pk, sender=canglan, recipient=yuanxiu, asks_consent=True, number=1,
        text_en="x", text_zh="x", text_digest=b"d" * 32, created_by=giver_officer,
        approved_by=giver_officer2, approved_at=timezone.now(),
    )  # fmt: skip
    for number, client in enumerate(clients):
        DeliveryEvidence.objects.create(
            campaign=campaign,
            client=client,
            channel="post",
            outcome="returned" if number == 3 else "delivered",
            dated_on=timezone.localdate() - ASKED,
            reference=str(number),
        )
    return campaign


@pytest.fixture
def answered(clients, campaign, giver_staff):
    at = timezone.now() - datetime.timedelta(days=50)
    words = {"campaign": campaign, "channel": "app", "by": giver_staff}
    give_consent(client=clients[0], answered_at=at, **words)
    refuse_consent(client=clients[1], answered_at=at, **words)
    give_consent(client=clients[4], answered_at=at, by_guardian=True, **words)
    give_consent(client=clients[5], answered_at=at, **words)
    withdraw_consent(client=clients[5], **words)
    return clients


@pytest.fixture
def cutting(answered, at_stage, giver_manager, giver_officer, taker_officer, taker_manager, monkeypatch):
    """The cutover has begun; what other tests prove about the gates is taken as given here."""
    for module in ("mandates", "cutover"):
        monkeypatch.setattr(f"transfer.services.{module}.gate_facts", lambda _: [list(fact) for fact in HELD])
    monkeypatch.setattr(
        "transfer.services.cutover.gate", lambda *_: type("Open", (), {"open": True, "missing": ()})()
    )
    now, transfer = timezone.now(), at_stage("ready")
    mandate = draft_mandate(
        transfer=transfer, not_before=now, not_after=now + datetime.timedelta(hours=8), by=giver_manager
    )
    for person in (giver_manager, giver_officer, taker_officer, taker_manager):
        sign_mandate(mandate=mandate, by=person)
    begin_cutover(transfer=transfer, by=giver_manager)
    return transfer


@pytest.fixture
def moved(cutting):
    while move_next_batch(transfer=cutting):
        pass
    finish_cutover(transfer=cutting)
    cutting.refresh_from_db()
    return cutting


def states(clients):
    return [ClientCase.objects.get(client=client).state for client in clients]


def custodians(clients):
    return [Client.objects.get(pk=client.pk).custodian.code for client in clients]


def test_only_who_has_validly_consented_is_cleared(answered, transfer, giver_officer):
    counts = assess_cases(transfer=transfer, by=giver_officer)
    assert states(answered) == ["cleared", "excluded", "excluded", "undeliverable", "cleared", "excluded"]
    assert sum(counts.values()) == len(answered)
    codes = [ClientCase.objects.get(client=client).reasons[-1].rsplit("|", 1)[1] for client in answered]
    assert codes[1:3] == ["consent_refused", "silence_is_no"]
    assert codes[5] == "consent_withdrawn"


def test_consent_to_an_earlier_notice_does_not_count_for_a_later_one(
    answered, campaign, transfer, giver_officer
):
    campaign.pk, campaign.number, campaign.text_digest = None, 2, b"e" * 32
    campaign._state.adding = True
    campaign.id = transfer.pk  # any other id
    campaign.save(force_insert=True)
    for number, client in enumerate(answered):
        DeliveryEvidence.objects.create(
            campaign=campaign, client=client, channel="post", outcome="delivered",
            dated_on=timezone.localdate() - ASKED, reference=str(number),
        )  # fmt: skip
    assess_cases(transfer=transfer, by=giver_officer)
    assert states(answered)[0] == "excluded"


def test_who_consents_moves_and_everybody_else_stays_untouched(moved, answered, canglan, yuanxiu):
    assert custodians(answered) == ["YUANXIU", "CANGLAN", "CANGLAN", "CANGLAN", "YUANXIU", "CANGLAN"]
    assert moved_without_consent(moved) == 0
    for client in (answered[1], answered[2], answered[3], answered[5]):
        wraps = Wrap.objects.filter(subject=client.pk).values_list("holder", "purpose", "key_version")
        assert list(wraps) == [(canglan.pk, "custody", 1)]


def test_of_who_moved_the_transferor_holds_the_archive_alone(moved, answered, canglan):
    archive = SealedArchive.objects.get(occasion=moved.pk)
    assert (archive.holder, archive.client_count, unarchived(moved)) == (canglan, 2, 0)
    for client in (answered[0], answered[4]):
        wraps = Wrap.objects.filter(subject=client.pk, holder=canglan.pk).values_list("purpose", flat=True)
        assert list(wraps) == ["archive"]


def test_a_withdrawal_before_the_release_pulls_the_client_back(cutting, answered, campaign, giver_staff):
    withdraw_consent(campaign=campaign, client=answered[0], channel="call", by=giver_staff)
    while move_next_batch(transfer=cutting):
        pass
    assert states(answered)[0] == "excluded"
    assert custodians(answered)[0] == "CANGLAN"
    assert not Recall.objects.exists()


@pytest.fixture
def recall(moved, answered, campaign, taker_staff):
    withdraw_consent(campaign=campaign, client=answered[0], channel="call", by=taker_staff)
    Transfer.objects.filter(pk=moved.pk).update(state="settled")
    return Recall.objects.get(client=answered[0])


def test_a_withdrawal_after_the_release_is_a_recall_and_the_transfer_cannot_close(
    audited, recall, moved, giver_officer
):
    assert "recall.opened" in [kind for kind, _ in audited()]
    with pytest.raises(Refused) as refusal:
        close_transfer(transfer=moved, by=giver_officer)
    assert refusal.value.code == "transfer.clients_in_limbo"


def test_a_client_given_back_is_the_transferors_and_opens_for_nobody_else(
    audited, recall, moved, answered, taker_officer, giver_officer, yuanxiu
):
    return_client(recall=recall, words="withdrawn", by=taker_officer)
    assert custodians(answered)[0] == "CANGLAN"
    assert states(answered)[0] == "recalled"
    assert not Wrap.objects.filter(subject=answered[0].pk, holder=yuanxiu.pk).exists()
    assert "recall.returned" in [kind for kind, _ in audited()]
    close_transfer(transfer=moved, by=giver_officer)
    assert Transfer.objects.get(pk=moved.pk).state == "closed"


def test_a_client_stays_only_by_a_new_consent(recall, answered, campaign, taker_officer, taker_staff):
    with pytest.raises(Refused) as refusal:
        keep_client(recall=recall, words="stays", by=taker_officer)
    assert refusal.value.code == "recall.no_new_consent"
    give_consent(campaign=campaign, client=answered[0], channel="branch", by=taker_staff)
    assert keep_client(recall=recall, words="stays", by=taker_officer).outcome == "kept"
    assert custodians(answered)[0] == "YUANXIU"


def test_the_pages_show_answers_and_take_a_file_and_one_answer(
    answered, campaign, transfer, giver_officer, signed_in
):
    browser = signed_in(giver_officer)
    page = text(browser.get(address("consents", transfer.pk)))
    assert "2 clients have consented, 1 have refused, 1 have withdrawn" in page
    sheet = "客户号,答复,渠道,答复时间,答复人,凭证编号\n000000000003,同意,营业部,20261001,本人,TY1\n"
    posted = browser.post(
        address("consents-load", transfer.pk), {"document": upload("同意.csv", sheet)}, follow=True
    )
    assert "Answers kept: 1; known before: 0." in text(posted)
    one = address("consent", transfer.pk, answered[2].pk)
    assert "TY1" in text(browser.get(one))
    browser.post(one, {"answer": "withdrawn", "channel": "call"})
    assess_cases(transfer=transfer, by=giver_officer)
    assert states(answered)[2] == "excluded"


def test_the_retention_officer_opens_one_clients_archive_on_its_page(
    moved, answered, giver_retention, giver_officer, stepped_up, signed_in, audited
):
    page = address("archive-client", moved.pk, answered[0].pk)
    browser = stepped_up(giver_retention)
    assert "2 clients lie sealed in the archive" in text(browser.get(address("archive", moved.pk)))
    assert "欧阳清" not in text(browser.get(page))
    assert "欧阳清" in text(browser.post(page, {"words": "Inspection"}))
    assert "archive.opened" in [kind for kind, _ in audited()]
    assert "欧阳清" not in text(stepped_up(giver_officer).post(page, {"words": "Inspection"}))


def test_the_api_lists_and_decides_a_recall(
    recall, answered, moved, api, api_stepped_up, taker_officer, giver_officer
):
    open_gate_1(moved, giver_officer, taker_officer)
    path = f"transfers/{moved.pk}"
    listed = api(taker_officer).get(f"{path}/recalls/").json()["results"]
    assert [row["id"] for row in listed] == [str(recall.pk)]
    decided = api_stepped_up(taker_officer).post(
        f"{path}/recalls/{recall.pk}/decide/", outcome="returned", words="withdrawn"
    )
    assert decided.json()["outcome"] == "returned"
    assert custodians(answered)[0] == "CANGLAN"


def test_a_rehearsal_holds_the_rows_of_nobody_who_has_not_consented(answered, transfer, giver_officer):
    assess_cases(transfer=transfer, by=giver_officer)
    run = Run(transfer=transfer, kind=Run.Kind.REHEARSAL, number=1, asked_by=giver_officer)
    delivered = {client.pk for client in delivered_clients(run)}
    assert delivered == {answered[0].pk, answered[4].pk}
