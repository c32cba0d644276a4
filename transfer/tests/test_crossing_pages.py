"""The crossing's pages: who may do what, bad files refused by name, and the acts that the pages carry."""

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from transfer.models import Break, Certificate, OutsideParty, PackDocument, Run, RunbookStep
from transfer.services.reconciling import reconcile
from transfer.services.runs import make_delivery
from transfer.tests.test_certificate import certificate, cut_over, mandate, ready, send_back  # noqa: F401  fixtures

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def enqueued(monkeypatch):
    """What would have gone to the worker."""
    sent = []
    for name in ("deliver", "reconcile_run", "run_cutover"):
        monkeypatch.setattr(
            f"transfer.views.rehearsals.{name}.delay_on_commit",
            lambda key, name=name: sent.append((name, key)),
        )
    return sent


@pytest.fixture(autouse=True)
def sight(request, monkeypatch):
    """Gate 1 is open, which other tests prove; a test that asks for ``sight_closed`` finds it as it is."""
    if "sight_closed" not in request.fixturenames:
        monkeypatch.setattr(
            "transfer.policies.gate", lambda transfer, number: type("Open", (), {"open": True})()
        )


@pytest.fixture
def sight_closed():
    """Leaves gate 1 as computed."""


def at(name, transfer, *more):
    return reverse(f"transfer-{name}", args=[transfer.pk, *[getattr(one, "pk", one) for one in more]])


@pytest.fixture
def rehearsal(ready, giver_manager, stepped_up, enqueued):  # noqa: F811
    browser = stepped_up(giver_manager)
    answer = browser.post(at("rehearsals", ready))
    run = Run.objects.get(transfer=ready)
    assert answer["Location"] == at("run", ready, run)
    assert ("deliver", str(run.pk)) in enqueued
    make_delivery(run=run)
    run.refresh_from_db()
    return run


@pytest.fixture
def broken(cut_over, taker_steward):  # noqa: F811
    make_delivery(run=cut_over)
    cut_over.refresh_from_db()

    def change(source, kind, text):
        return text.replace(",300,", ",301,", 1) if (source, kind) == ("transferee", "holdings") else text

    send_back(cut_over, taker_steward, change=change)
    reconcile(run=cut_over, by=taker_steward)
    return Break.objects.get(source="transferee")


PAGES = ("rehearsals", "breaks", "runbook", "mandate", "cutover", "certificate", "pack")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_page_opens_for_both_firms_and_a_guest(
    certificate,
    giver_manager,
    taker_officer,
    auditor,
    signed_in,
    language,  # noqa: F811
):
    run = Run.objects.get(transfer=certificate.transfer)
    for user in (giver_manager, taker_officer, auditor):
        browser = signed_in(user)
        browser.cookies["django_language"] = language
        for name in PAGES:
            answer = browser.get(at(name, certificate.transfer))
            assert answer.status_code == 200, (name, user.username)
        assert browser.get(at("run", certificate.transfer, run)).status_code == 200
        for row in Break.objects.filter(run=run):
            assert browser.get(at("break", certificate.transfer, row)).status_code == 200


def test_every_page_opens_before_anything_has_happened(ready, giver_manager, signed_in):  # noqa: F811
    browser = signed_in(giver_manager)
    for name in PAGES:
        assert browser.get(at(name, ready)).status_code == 200, name


def test_a_stranger_and_a_person_without_the_duty_find_nothing(
    ready, make_user, law_firm, giver_staff, signed_in
):  # noqa: F811
    stranger = make_user(law_firm, "counsel", username="stranger")
    for user in (stranger, giver_staff):
        browser = signed_in(user)
        for name in PAGES:
            assert browser.get(at(name, ready)).status_code == 404, (name, user.username)


def test_the_transferee_sees_nothing_before_the_agreements_gate(
    ready, taker_manager, signed_in, sight_closed
):  # noqa: F811
    for name in PAGES:
        assert signed_in(taker_manager).get(at(name, ready)).status_code == 409, name


def test_the_wrong_duty_is_refused_and_recorded(ready, giver_officer, stepped_up, audited):  # noqa: F811
    browser = stepped_up(giver_officer)
    answer = browser.post(at("rehearsals", ready))
    assert answer.status_code == 404
    assert not Run.objects.exists()
    assert [kind for kind, _ in audited()] == ["handover.access_refused"]


def test_a_delivery_is_downloaded_after_the_password_and_inside_a_recorded_reading(
    rehearsal,
    ready,
    giver_manager,
    signed_in,
    stepped_up,
    audited,  # noqa: F811
):
    address = at("run-delivery", ready, rehearsal)
    assert "/step-up/" in signed_in(giver_manager).get(address)["Location"]
    answer = stepped_up(giver_manager).get(address)
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    assert set(archive.namelist()) == {"clients.csv", "accounts.csv", "holdings.csv"}
    assert "欧阳清" not in archive.read("clients.csv").decode()
    kinds = [kind for kind, _ in audited()]
    assert "run.delivery_downloaded" in kinds
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"client_no,name\r\n1,2\r\n", "must have these columns"),
        ("账户,市场\r\n1,2\r\n".encode("gb18030"), "is not a UTF-8 CSV file"),
        (b"account_no,market,code,quantity\r\n1,SH\r\n", "must have these columns"),
        (b"PK\x03\x04\x00\x00\xff\xfe", "is not a UTF-8 CSV file"),
    ],
)
def test_a_bad_file_is_refused_by_name(rehearsal, ready, taker_steward, signed_in, content, words):  # noqa: F811
    Run.objects.filter(pk=rehearsal.pk).update()
    browser = signed_in(rehearsal.asked_by)
    answer = browser.post(
        at("run-return", ready, rehearsal),
        {"what": "depository/holdings", "file": SimpleUploadedFile("back.csv", content)},
    )
    assert answer.status_code == 200
    assert "depository/holdings" in answer.content.decode()
    assert words in answer.content.decode()
    assert not rehearsal.returns.exists()


def test_what_came_back_is_uploaded_and_reconciled(rehearsal, ready, taker_manager, signed_in, enqueued):  # noqa: F811
    browser = signed_in(taker_manager)
    for source, kind, text in _honest(rehearsal, taker_manager):
        answer = browser.post(
            at("run-return", ready, rehearsal),
            {"what": f"{source}/{kind}", "file": SimpleUploadedFile("back.csv", text.encode())},
        )
        assert answer.status_code == 302, answer.content.decode()
    browser.post(at("run-reconcile", ready, rehearsal))
    assert enqueued[-1] == ("reconcile_run", str(rehearsal.pk))
    rehearsal.refresh_from_db()
    assert (rehearsal.state, rehearsal.reconcile_by) == ("reconciling", taker_manager)
    assert browser.get(at("run-progress", ready, rehearsal)).status_code == 200


def _honest(run, by):
    from audit.reading import reading
    from vault.files import open_file
    from vault.models import SealedFile

    file = SealedFile.objects.get(pk=run.delivery_file)
    with reading(actor=by, organisation=by.organisation_id, purpose="test", subjects=[file.pk]) as right:
        archive = zipfile.ZipFile(io.BytesIO(b"".join(open_file(file, right))))
    for name in ("clients", "accounts", "holdings"):
        yield "transferee", name, archive.read(f"{name}.csv").decode()
    yield "depository", "holdings", "account_no,market,code,quantity\nA123456789,,600000,900\n"
    yield "bank", "balances", "fund_account,bank,currency,balance\n0,x,CNY,0\n"


def test_a_break_is_shown_masked_and_revealed_for_a_purpose(
    broken, ready, taker_steward, giver_steward, signed_in, audited
):  # noqa: F811
    browser = signed_in(taker_steward)
    page = browser.get(at("break", ready, broken)).content.decode()
    assert "301" not in page
    assert "****" in page
    words = {"purpose": "resolve_difference", "words": "the transferee asked"}
    shown = browser.post(at("break-reveal", ready, broken), words, headers={"HX-Request": "true"})
    assert "300 → 301" in shown.content.decode()
    assert shown["Cache-Control"] == "no-store"
    kinds = [kind for kind, _ in audited()]
    assert kinds[-2:] == ["audit.data_read", "break.revealed"] or "break.revealed" in kinds
    refused = signed_in(giver_steward).post(at("break-reveal", ready, broken), words)
    assert refused.status_code == 409


def test_a_write_off_takes_a_person_of_each_firm(
    broken, ready, taker_steward, taker_officer, giver_officer, signed_in, audited
):  # noqa: F811
    asked = signed_in(taker_steward).post(
        at("break-explain", ready, broken), {"words": "Rounding", "ask": ""}
    )
    assert asked.status_code == 302
    assert signed_in(taker_steward).post(at("break-decide", ready, broken), {"grant": "1"}).status_code == 404
    signed_in(taker_officer).post(at("break-decide", ready, broken), {"grant": "1"})
    broken.refresh_from_db()
    assert broken.state == "asked"
    signed_in(giver_officer).post(at("break-decide", ready, broken), {"grant": "1"})
    broken.refresh_from_db()
    assert (broken.state, broken.asked_by, broken.decided_by) == ("written_off", taker_steward, giver_officer)
    assert "break.written_off" in [kind for kind, _ in audited()]


def test_the_ledgers_filters_stand_in_the_address(broken, ready, taker_steward, signed_in):  # noqa: F811
    browser = signed_in(taker_steward)
    ledger = at("breaks", ready)
    assert (
        str(broken.pk)
        in browser.get(f"{ledger}?run={broken.run_id}&source=transferee&state=open").content.decode()
    )
    assert str(broken.pk) not in browser.get(f"{ledger}?state=written_off").content.decode()
    assert browser.get(f"{ledger}?run=nonsense&after=nonsense").status_code == 200


def test_the_runbook_is_drafted_and_its_steps_walk_by_their_owners(
    ready, giver_manager, taker_manager, signed_in
):  # noqa: F811
    browser = signed_in(giver_manager)
    browser.post(at("runbook", ready))
    first = RunbookStep.objects.get(transfer=ready, number=1)
    browser.post(at("runbook-start", ready, first))
    browser.post(at("runbook-finish", ready, first))
    first.refresh_from_db()
    assert (first.state, first.done_by) == ("done", giver_manager)
    assert "1 of" in browser.get(at("runbook-steps", ready)).content.decode()
    party = OutsideParty.objects.filter(transfer=ready).first()
    answer = browser.post(at("party", ready, party), {"tested_on": "2026-01-05", "evidence_reference": "T-1"})
    assert answer.status_code == 302
    party.refresh_from_db()
    assert party.ready_by == giver_manager


def test_go_is_signed_after_the_password(
    ready, giver_manager, giver_officer, signed_in, stepped_up, monkeypatch
):  # noqa: F811
    monkeypatch.setattr("transfer.services.mandates.assess_cases", lambda **_: {})
    answer = signed_in(giver_manager).post(
        at("mandate-draft", ready), {"not_before": "2026-01-01T00:00", "not_after": "2036-01-01T00:00"}
    )
    assert answer.status_code == 302, answer.content.decode()
    assert "/step-up/" in signed_in(giver_officer).post(at("mandate-sign", ready))["Location"]
    assert "3" in stepped_up(giver_officer).get(at("mandate-sign", ready)).content.decode()
    stepped_up(giver_officer).post(at("mandate-sign", ready))
    page = signed_in(giver_officer).get(at("mandate", ready)).content.decode()
    assert "3 of 4 signatures are missing" in page


def test_the_cutover_says_in_numbers_what_it_does_and_begins(
    ready, mandate, giver_manager, stepped_up, monkeypatch, enqueued
):  # noqa: F811
    open_gate = type("Open", (), {"open": True, "missing": (), "facts": ()})()
    for module in ("services", "views"):
        monkeypatch.setattr(f"transfer.{module}.cutover.gate", lambda transfer, number: open_gate)
    browser = stepped_up(giver_manager)
    page = browser.get(at("cutover-begin", ready)).content.decode()
    assert "3 clients pass: Canglan" in page
    assert "cannot be aborted" in page
    assert browser.post(at("cutover-begin", ready)).status_code == 302
    assert ("run_cutover", str(ready.pk)) in enqueued
    ready.refresh_from_db()
    assert ready.state == "cutting_over"
    assert browser.get(at("cutover-progress", ready)).status_code == 200
    assert browser.get(at("cutover", ready)).status_code == 200


def test_the_certificates_files_and_one_clients_proof(certificate, taker_officer, stepped_up, audited):  # noqa: F811
    browser, transfer = stepped_up(taker_officer), certificate.transfer
    assert Certificate.objects.get().digest in browser.get(at("certificate", transfer)).content.decode()
    for name in ("file", "keys", "verifier"):
        assert browser.get(at(f"certificate-{name}", transfer)).status_code == 200
    assert browser.get(at("certificate-pdf", transfer, "en")).content.startswith(b"%PDF")
    found = browser.post(at("certificate-search", transfer), {"by": "source_no", "value": "000000000001"})
    [match] = found.context["matches"]
    proof = browser.get(match["url"])
    assert match["client"] in proof.content.decode()
    kinds = [kind for kind, _ in audited()]
    assert {"certificate.client_searched", "certificate.proof_drawn"} <= set(kinds)
    none = browser.post(at("certificate-search", transfer), {"by": "source_no", "value": "999"})
    assert none.context["matches"] == []


def test_the_pack_is_made_and_taken_away_in_the_browser(certificate, giver_officer, stepped_up):  # noqa: F811
    browser, transfer = stepped_up(giver_officer), certificate.transfer
    assert browser.post(at("pack", transfer)).status_code == 302
    document = PackDocument.objects.first()
    assert browser.get(at("pack-paper", transfer, document)).content.startswith(b"%PDF")
    assert zipfile.ZipFile(io.BytesIO(browser.get(at("pack-archive", transfer)).content)).testzip() is None
