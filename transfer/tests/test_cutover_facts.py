"""At cutover the facts are read again: what people said go to is what happens, and no client more."""

import datetime

import pytest
from django.utils import timezone

from audit.errors import Refused
from audit.reading import reading
from clients.models import Client, CustodyMove, DeliveryEvidence, NoticeCampaign
from clients.services.objections import enter_objection
from transfer.models import ClientCase
from transfer.services.cases import assess_cases
from transfer.services.cutover import _release_next, begin_cutover, finish_cutover, move_next_batch
from transfer.services.mandates import draft_mandate, sign_mandate

pytestmark = pytest.mark.django_db
HELD = [[number, "taken_as_given", True, False] for number in range(1, 8)]


@pytest.fixture
def clients(make_client):
    return [make_client() for _ in range(4)]


@pytest.fixture
def campaign(clients, transfer, canglan, giver_officer, giver_officer2):
    """An approved notice, delivered two months ago to everybody but the last client."""
    campaign = NoticeCampaign.objects.create(
        occasion=transfer.pk,
        sender=canglan,
        number=1,
        text_en="x",
        text_zh="x",
        text_digest=b"d" * 32,
        created_by=giver_officer,
        approved_by=giver_officer2,
        approved_at=timezone.now(),
    )
    day = timezone.localdate() - datetime.timedelta(days=60)
    for number, client in enumerate(clients[:3]):
        DeliveryEvidence.objects.create(
            campaign=campaign,
            client=client,
            channel="post",
            outcome="delivered",
            dated_on=day,
            reference=str(number),
        )
    return campaign


@pytest.fixture
def mandate(campaign, at_stage, giver_manager, giver_officer, taker_officer, taker_manager, monkeypatch):
    for module in ("mandates", "cutover"):
        monkeypatch.setattr(f"transfer.services.{module}.gate_facts", lambda _: [list(fact) for fact in HELD])
    monkeypatch.setattr(
        "transfer.services.cutover.gate", lambda *_: type("Open", (), {"open": True, "missing": ()})()
    )
    now = timezone.now()
    mandate = draft_mandate(
        transfer=at_stage("ready"),
        not_before=now,
        not_after=now + datetime.timedelta(hours=8),
        by=giver_manager,
    )
    for person in (giver_manager, giver_officer, taker_officer, taker_manager):
        sign_mandate(mandate=mandate, by=person)
    return mandate


def object_(client, campaign, by):
    return enter_objection(
        campaign=campaign,
        client=client,
        wish="object",
        destination="",
        by=by,
        raised_on=timezone.localdate() - datetime.timedelta(days=50),
    )


def move_all(transfer):
    while move_next_batch(transfer=transfer):
        pass
    return finish_cutover(transfer=transfer)


def states(clients):
    return [ClientCase.objects.get(client=client).state for client in clients]


def test_an_objection_after_the_mandate_is_caught_before_the_release(
    mandate, transfer, clients, campaign, giver_officer, giver_manager, giver_staff, canglan
):
    begin_cutover(transfer=transfer, by=giver_manager)
    object_(clients[0], campaign, giver_staff)
    move_all(transfer)
    assert states(clients) == ["objected", "accepted", "accepted", "in_scope"]
    assert Client.objects.get(pk=clients[0].pk).custodian == canglan
    assert CustodyMove.objects.get().client_count == 2


def test_an_objection_between_mandate_and_cutover_needs_a_new_mandate(
    mandate, transfer, clients, campaign, giver_manager, giver_staff
):
    object_(clients[0], campaign, giver_staff)
    with pytest.raises(Refused) as refusal:
        begin_cutover(transfer=transfer, by=giver_manager)
    assert refusal.value.code == "mandate.clients_changed"


def test_facts_that_changed_since_the_mandate_need_a_new_one(mandate, transfer, giver_manager, monkeypatch):
    excepted = [[number, "taken_as_given", number != 4, number == 4] for number in range(1, 8)]
    monkeypatch.setattr("transfer.services.cutover.gate_facts", lambda _: excepted)
    with pytest.raises(Refused) as refusal:
        begin_cutover(transfer=transfer, by=giver_manager)
    assert refusal.value.code == "mandate.facts_changed"
    transfer.refresh_from_db()
    assert (transfer.state, transfer.no_return_at) == ("ready", None)


def test_nobody_comes_in_who_was_not_in_the_mandate(
    mandate, transfer, clients, campaign, giver_manager, giver_officer
):
    begin_cutover(transfer=transfer, by=giver_manager)
    day = timezone.localdate() - datetime.timedelta(days=60)
    DeliveryEvidence.objects.create(
        campaign=campaign,
        client=clients[3],
        channel="post",
        outcome="delivered",
        dated_on=day,
        reference="late",
    )
    with pytest.raises(Refused) as refusal:
        assess_cases(transfer=transfer, by=giver_officer)
    assert refusal.value.code == "cutover.cases_frozen"
    move_all(transfer)
    assert states(clients) == ["accepted", "accepted", "accepted", "in_scope"]


def test_a_batch_whose_record_changed_after_the_release_is_recalled_and_released_anew(
    audited, mandate, transfer, clients, giver_manager, canglan, yuanxiu
):
    begin_cutover(transfer=transfer, by=giver_manager)
    _release_next(transfer)
    row = Client.objects.get(pk=clients[1].pk)
    with reading(actor=None, organisation=canglan.pk, purpose="test", subjects=[row.pk]) as right:
        row.reseal(row.open(right), right)
    assert move_next_batch(transfer=transfer) == 3
    assert list(CustodyMove.objects.order_by("number").values_list("state", flat=True)) == [
        "recalled",
        "accepted",
    ]
    assert Client.objects.filter(custodian=yuanxiu).count() == 3
    assert "custody.recalled" in [kind for kind, _ in audited()]
