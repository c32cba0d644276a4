"""A share transfer: nothing moves, the buyer sees figures alone, and both firms sign that nothing was handed over."""

import datetime
import json

import pytest
from django.utils import timezone

from audit.errors import Refused
from audit.events import AuditEvent
from audit.models import Event
from audit.sequencer import sequence_once
from clients.models import Client
from transfer import verify_handover
from transfer.gates.registry import gate, gates
from transfer.holding import wraps_of_other_firm
from transfer.models import Certificate, DiligenceProfile, Transfer
from transfer.services.agreements import draft_agreement, sign_agreement
from transfer.services.cases import assess_cases
from transfer.services.certificates import party_keys, read_certificate
from transfer.services.closing import close_transfer
from transfer.services.cutover import _release_next, begin_cutover
from transfer.services.diligence import looks, read_profile, release_profile
from transfer.services.exceptions import ask_exception, grant_exception
from transfer.services.letters import compose_notice
from transfer.services.mandates import draft_mandate
from transfer.services.matching import match_other_book
from transfer.services.packs import certificate_pdf, regulator_pack
from transfer.services.runbooks import draft_runbook
from transfer.services.runs import start_rehearsal
from transfer.services.statements import draft_statement, sign_statement
from transfer.services.transfers import advance, draft_transfer, give_counsel_word, record_approval
from transfer.tests.pages import address, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def shares(transfer, make_client):
    """A share transfer with twelve clients of whom one is an institution, at reviewing."""
    Transfer.objects.filter(pk=transfer.pk).update(basis="share_transfer", state="reviewing")
    transfer.refresh_from_db()
    for number in range(12):
        make_client(kind="institution" if number == 0 else "person")
    return transfer


@pytest.fixture
def agreed(shares, terms, giver_officer, taker_officer, counsel):
    """Gate 1 is open: agreement for this basis, counsel's word, the approval of the new controller."""
    clauses = [{**terms["clauses"][0], "check": "profile_only"}]
    agreement = draft_agreement(
        transfer=shares, terms={**terms, "field_scope": [], "clauses": clauses}, by=giver_officer
    )
    for officer in (giver_officer, taker_officer):
        sign_agreement(agreement=agreement, by=officer)
    give_counsel_word(transfer=shares, by=counsel)
    record_approval(
        transfer=shares, kind="csrc", reference="C-1", granted_on=timezone.localdate(), by=giver_officer
    )
    shares.refresh_from_db()
    return shares


@pytest.fixture
def loaded(agreed, giver_officer, giver_officer2):
    """Gate 2 passed by exception; what it asks is proved elsewhere."""
    exception = ask_exception(transfer=agreed, gate=2, reason="test", by=giver_officer)
    grant_exception(exception=exception, by=giver_officer2)
    return agreed


def attempts(transfer, officer, manager):
    now = timezone.now()
    return {
        "advance": lambda: advance(transfer=transfer, by=officer),
        "rehearsal": lambda: start_rehearsal(transfer=transfer, by=manager),
        "notice": lambda: compose_notice(transfer, {}),
        "runbook": lambda: draft_runbook(transfer=transfer, by=manager),
        "matching": lambda: match_other_book(transfer=transfer, by=manager),
        "mandate": lambda: draft_mandate(
            transfer=transfer, not_before=now, not_after=now + datetime.timedelta(hours=1), by=manager
        ),
        "cutover": lambda: begin_cutover(transfer=transfer, by=manager),
        "release": lambda: _release_next(transfer),
    }


@pytest.mark.parametrize(
    "name", ["advance", "rehearsal", "notice", "runbook", "matching", "mandate", "cutover", "release"]
)
def test_whatever_would_hand_data_over_is_refused_by_name(name, shares, giver_officer, giver_manager):
    with pytest.raises(Refused) as refusal:
        attempts(shares, giver_officer, giver_manager)[name]()
    assert refusal.value.code == "basis.nothing_moves"
    assert "Article 22" in refusal.value.message
    assert wraps_of_other_firm(shares) == 0


def test_the_api_and_the_pages_refuse_it_as_well(shares, api, stepped_up, giver_manager):
    address_of = f"transfers/{shares.pk}"
    window = {"not_before": "2027-01-04T02:00:00+08:00", "not_after": "2027-01-05T02:00:00+08:00"}
    for path, words in (("runs/", {}), ("mandates/", window)):
        answer = api(giver_manager).post(f"{address_of}/{path}", **words)
        assert (answer.status_code, answer.json()["code"]) == (409, "basis.nothing_moves"), path
    page = text(stepped_up(giver_manager).post(address("rehearsals", shares.pk), follow=True))
    assert not shares.runs.exists()
    assert "handler stays the same" in page


def test_the_later_gates_are_neither_open_nor_closed_and_say_why(shares, giver_officer, signed_in):
    found = {row.number: row for row in gates(shares)}
    assert [number for number, row in found.items() if not row.applies] == [4, 5, 6, 7, 8]
    assert not any(found[number].open for number in (4, 5, 6, 7, 8))
    assert all("Article 22" in found[number].why_not for number in (4, 5, 6, 7, 8))
    page = text(signed_in(giver_officer).get(address("gate", shares.pk, 6)))
    assert "Gate 6 does not apply, because nothing is handed over" in page
    with pytest.raises(Refused) as refusal:
        ask_exception(transfer=shares, gate=6, reason="x", by=giver_officer)
    assert refusal.value.code == "gate.does_not_apply"


def test_every_clients_verdict_says_that_nobody_moves(shares, giver_officer):
    counts = assess_cases(transfer=shares, by=giver_officer)
    assert counts["excluded"] == sum(counts.values()) == 12
    assert all("handler_unchanged" in case.reasons[0] for case in shares.clientcases.all())


@pytest.mark.parametrize("check", ["extract_on_time", "notice_30_days", "batches_within_window"])
def test_a_clause_about_data_that_move_has_no_place(check, shares, terms, giver_officer):
    clauses = [{**terms["clauses"][0], "check": check}]
    with pytest.raises(Refused) as refusal:
        draft_agreement(
            transfer=shares, terms={**terms, "field_scope": [], "clauses": clauses}, by=giver_officer
        )
    assert refusal.value.code == "agreement.check_does_not_fit"
    with pytest.raises(Refused) as refusal:
        draft_agreement(transfer=shares, terms=terms, by=giver_officer)
    assert refusal.value.code == "agreement.scope_must_be_empty"


def test_the_buyer_gets_figures_with_small_groups_left_out_and_each_look_is_recorded(
    agreed, giver_officer, taker_officer, audited
):
    profile = release_profile(transfer=agreed, by=giver_officer)
    groups = profile.content["groups"]
    assert groups["clients"] == {"all": 12}
    assert groups["kind"] == {"institution": None, "person": None}  # 11 would tell the one from the sum
    read_profile(transfer=agreed, by=taker_officer)
    [look] = looks(agreed)
    assert (look.actor, look.facts["sha256"]) == (taker_officer.pk, profile.digest)
    assert {"diligence.profile_released", "diligence.profile_read"} <= {kind for kind, _ in audited()}


def test_a_profile_that_differs_by_a_few_is_refused(agreed, make_client, giver_officer):
    first = release_profile(transfer=agreed, by=giver_officer)
    assert release_profile(transfer=agreed, by=giver_officer) == first
    make_client()
    with pytest.raises(Refused) as refusal:
        release_profile(transfer=agreed, by=giver_officer)
    assert refusal.value.code == "diligence.too_close"
    assert DiligenceProfile.objects.count() == 1


def test_before_the_agreement_the_buyer_sees_no_profile_and_never_any_client(
    shares, giver_officer, taker_officer, api, signed_in
):
    release_profile(transfer=shares, by=giver_officer)
    with pytest.raises(Refused) as refusal:
        read_profile(transfer=shares, by=taker_officer)
    assert refusal.value.code == "diligence.closed"
    answer = api(taker_officer).get(f"transfers/{shares.pk}/cases/")
    assert answer.json()["code"] == "basis.nothing_moves"
    assert "handler stays the same" in text(signed_in(taker_officer).get(address("cases", shares.pk)))


def test_the_pages_of_a_share_transfer_can_be_read_by_both(agreed, giver_officer, taker_officer, signed_in):
    release_profile(transfer=agreed, by=giver_officer)
    for person in (giver_officer, taker_officer):
        browser = signed_in(person)
        overview = text(browser.get(address("overview", agreed.pk)))
        assert "does not apply" in overview
        assert "/rehearsals/" not in overview
        profile = text(browser.get(address("profile", agreed.pk)))
        assert "12 clients; groups of fewer than 10 are never shown" in profile
        assert "suppressed" in profile
        assert "No statement yet" in text(browser.get(address("statement", agreed.pk)))


@pytest.fixture
def stated(loaded, giver_officer, taker_officer):
    release_profile(transfer=loaded, by=giver_officer)
    read_profile(transfer=loaded, by=taker_officer)
    sequence_once()
    draft = draft_statement(
        transfer=loaded, transferor_signer=giver_officer, transferee_signer=taker_officer, by=giver_officer
    )
    assert sign_statement(draft=draft, by=giver_officer) is None
    return sign_statement(draft=draft, by=taker_officer)


@pytest.fixture
def files(stated, tmp_path, giver_officer, monkeypatch):
    (tmp_path / "certificate.json").write_bytes(read_certificate(certificate=stated, by=giver_officer))
    (tmp_path / "keys.json").write_bytes(party_keys(stated.transfer))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_both_firms_sign_that_nothing_was_handed_over_and_the_program_accepts_it(
    files, stated, loaded, giver_officer, taker_officer, signed_in, yuanxiu, capsys
):
    assert verify_handover.main(["certificate.json", "--keys", "keys.json"]) == 0
    assert "nothing was handed over: 12 clients stay; 1 looks" in capsys.readouterr().out
    loaded.refresh_from_db()
    assert loaded.state == "settled"
    assert wraps_of_other_firm(loaded) == 0
    opened = Event.objects.filter(type=AuditEvent.DATA_READ, organisation=yuanxiu.pk)
    assert not opened.filter(subject__in=Client.objects.values("pk")).exists()
    page = text(signed_in(taker_officer).get(address("statement", loaded.pk)))
    assert "all 12 clients stay" in page
    close_transfer(transfer=loaded, by=giver_officer)
    loaded.refresh_from_db()
    assert loaded.state == "closed"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda found: found.update(wraps_of_transferee=1), "the other firm holds keys"),
        (lambda found: found["funnel"].update(excluded=11, accepted=1), "not every client stayed"),
        (lambda found: found["looks"][0].update(index=0), "look"),
        (lambda found: found.update(gates_not_applying=[]), "not the gates"),
    ],
)
def test_a_statement_that_says_otherwise_does_not_fit(change, said, files, capsys, monkeypatch):
    def unsigned(*_):
        """What lies behind the signature is looked at here."""

    monkeypatch.setattr(verify_handover, "check_signature", unsigned)
    document = json.loads((files / "certificate.json").read_text(encoding="utf-8"))
    statement = json.loads(document["statement"])
    change(statement)
    document["statement"] = json.dumps(statement, separators=(",", ":"), ensure_ascii=False)
    written = json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False) + "\n"
    (files / "certificate.json").write_text(written, encoding="utf-8")
    assert verify_handover.main(["certificate.json"]) == 1
    assert said in capsys.readouterr().out


def test_a_look_after_the_draft_needs_a_new_one(loaded, giver_officer, taker_officer):
    release_profile(transfer=loaded, by=giver_officer)
    sequence_once()
    draft = draft_statement(
        transfer=loaded, transferor_signer=giver_officer, transferee_signer=taker_officer, by=giver_officer
    )
    read_profile(transfer=loaded, by=taker_officer)
    with pytest.raises(Refused) as refusal:
        sign_statement(draft=draft, by=giver_officer)
    assert refusal.value.code == "certificate.facts_changed"
    assert not Certificate.objects.exists()


def test_a_closed_gate_is_not_stated_away(agreed, giver_officer, taker_officer):
    assert not gate(agreed, 2).open
    with pytest.raises(Refused) as refusal:
        draft_statement(
            transfer=agreed,
            transferor_signer=giver_officer,
            transferee_signer=taker_officer,
            by=giver_officer,
        )
    assert refusal.value.code == "statement.gates_closed"


@pytest.mark.parametrize(
    ("basis", "code"),
    [("due_diligence", "basis.due_diligence"), ("licence_withdrawn", "basis.licence_withdrawn")],
)
def test_a_basis_the_product_does_not_lead_is_refused_with_what_to_do_instead(
    basis, code, giver_officer, audited
):
    with pytest.raises(Refused) as refusal:
        draft_transfer(by=giver_officer, basis=basis)
    assert refusal.value.code == code
    assert not Transfer.objects.filter(basis=basis).exists()
    assert audited() == []


def test_what_is_printed_of_a_handover_leads_to_the_statement_or_is_refused(
    stated, loaded, giver_officer, signed_in
):
    browser = signed_in(giver_officer)
    led = browser.get(address("certificate", loaded.pk))
    assert (led.status_code, led.url) == (302, address("statement", loaded.pk))
    for act in (
        lambda: regulator_pack(transfer=loaded, by=giver_officer),
        lambda: certificate_pdf(certificate=stated, language="en", by=giver_officer),
    ):
        with pytest.raises(Refused) as refusal:
            act()
        assert refusal.value.code == "basis.nothing_moves"
