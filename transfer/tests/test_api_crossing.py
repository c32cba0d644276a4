"""From rehearsal to certificate through the API, and what a third party can verify from its answers alone."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from audit.sequencer import sequence_once
from audit.tree import root_of
from clients.statements import member_leaf
from transfer import verify_handover
from transfer.models import Break, ClientCase, Mandate, OutsideParty, Run
from transfer.services.cutover import finish_cutover, move_next_batch
from transfer.services.reconciling import reconcile
from transfer.services.runs import make_delivery
from transfer.tests.test_certificate import mandate, ready, send_back  # noqa: F401 - fixtures
from vault.signing import signer, verify

pytestmark = pytest.mark.django_db


def path_of(transfer, *parts):
    return "/".join(["transfers", str(transfer.pk), *(str(part) for part in parts)]) + "/"


def kinds(audited):
    return [kind for kind, _ in audited()]


@pytest.fixture(autouse=True)
def open_sight(monkeypatch, request):
    """What opens sight is proved elsewhere."""
    monkeypatch.setattr("transfer.policies.gate", lambda *_: type("Open", (), {"open": True})())


@pytest.fixture
def moved(mandate, ready, giver_manager, api_stepped_up, monkeypatch):  # noqa: F811
    """The cutover begun through the API, and its one batch moved."""
    open_gate = type("Open", (), {"open": True, "missing": ()})()
    monkeypatch.setattr("transfer.services.cutover.gate", lambda *_: open_gate)
    answer = api_stepped_up(giver_manager).post(path_of(ready, "cutover"))
    assert answer.status_code == 201
    assert move_next_batch(transfer=ready) == 3
    finish_cutover(transfer=ready)
    ready.refresh_from_db()
    return ready


def test_a_rehearsal_is_started_delivered_and_downloaded(
    api,
    api_stepped_up,
    ready,
    giver_manager,
    giver_officer,
    audited,  # noqa: F811
):
    assert api(giver_officer).post(path_of(ready, "runs")).status_code == 404
    answer = api(giver_manager).post(path_of(ready, "runs"))
    assert (answer.status_code, answer.json()["state"]) == (201, "preparing")
    assert api(giver_manager).post(path_of(ready, "runs")).json()["code"] == "run.not_ended"
    run = Run.objects.get()
    delivery = path_of(ready, "runs", run.pk, "delivery")
    assert api_stepped_up(giver_manager).get(delivery).json()["code"] == "run.not_delivered"
    make_delivery(run=run)
    assert api(giver_manager).get(delivery).json()["code"] == "access.step_up_needed"
    file = api_stepped_up(giver_manager).browser.get("/api/v1/" + delivery)
    assert b"".join(file.streaming_content)[:2] == b"PK"
    shown = api(giver_officer).get(path_of(ready, "runs", run.pk)).json()
    assert (shown["state"], shown["delivered"], shown["client_count"]) == ("delivered", True, 3)
    assert kinds(audited)[-2:] == ["audit.data_read", "run.delivery_downloaded"]


def test_a_return_of_the_wrong_kind_or_layout_is_refused(api, ready, giver_manager, audited):  # noqa: F811
    run = Run.objects.create(transfer=ready, kind="rehearsal", number=1, asked_by=giver_manager)
    make_delivery(run=run)
    receive = path_of(ready, "runs", run.pk, "receive")
    file = SimpleUploadedFile("r.csv", b"a,b\r\n1,2\r\n")
    answer = api(giver_manager).upload(receive, source="bank", kind="clients", file=file)
    assert set(answer.json()["errors"]) == {"kind"}
    file = SimpleUploadedFile("r.csv", b"a,b\r\n1,2\r\n")
    assert (
        api(giver_manager).upload(receive, source="bank", kind="balances", file=file).json()["code"]
        == "run.file_layout"
    )
    answer = api(giver_manager).post(path_of(ready, "runs", run.pk, "reconcile"))
    assert answer.json()["code"] == "run.files_missing"
    assert run.returns.count() == 0
    assert kinds(audited).count("handover.act_refused") == 2


def test_a_file_comes_back_and_is_listed(api, ready, giver_manager):  # noqa: F811
    run = Run.objects.create(transfer=ready, kind="rehearsal", number=1, asked_by=giver_manager)
    make_delivery(run=run)
    file = SimpleUploadedFile("b.csv", b"fund_account,bank,currency,balance\r\n1,ICBC,CNY,100.00\r\n")
    answer = api(giver_manager).upload(
        path_of(ready, "runs", run.pk, "receive"), source="bank", kind="balances", file=file
    )
    assert (answer.status_code, answer.json()["version"], answer.json()["rows"]) == (201, 1, 1)
    assert len(api(giver_manager).get(path_of(ready, "runs", run.pk, "returns")).json()["results"]) == 1


@pytest.fixture
def difference(ready, giver_manager):  # noqa: F811
    run = Run.objects.create(transfer=ready, kind="rehearsal", number=1, asked_by=giver_manager)
    return Break.objects.create(run=run, source="bank", kind="balances.missing", row="x", sealed=b"")


def test_a_break_is_explained(api, ready, difference, giver_manager, giver_officer, audited):  # noqa: F811
    path = path_of(ready, "breaks", difference.pk, "explain")
    assert api(giver_officer).post(path, words="seen").status_code == 404
    assert set(api(giver_manager).post(path).json()["errors"]) == {"words"}
    assert api(giver_manager).post(path, words="A late posting.").json()["state"] == "explained"
    listed = api(giver_officer).get(path_of(ready, "breaks"), state="explained").json()["results"]
    assert [row["explanation"] for row in listed] == ["A late posting."]
    assert kinds(audited) == ["handover.access_refused", "break.explained"]


def test_a_write_off_needs_a_second_person_with_the_duty(
    api,
    api_stepped_up,
    ready,
    difference,
    giver_manager,
    taker_officer,
    audited,  # noqa: F811
):
    path = path_of(ready, "breaks", difference.pk)
    assert api(giver_manager).post(path + "ask-write-off/", words="Two cents.").json()["state"] == "asked"
    assert api_stepped_up(giver_manager).post(path + "decide-write-off/", grant=True).status_code == 404
    assert (
        api(taker_officer).post(path + "decide-write-off/", grant=True).json()["code"]
        == "access.step_up_needed"
    )
    answer = api_stepped_up(taker_officer).post(path + "decide-write-off/", grant=True)
    assert (answer.json()["state"], answer.json()["decided_by"]) == ("written_off", str(taker_officer.pk))
    assert kinds(audited) == [
        "break.write_off_asked",
        "handover.access_refused",
        "handover.act_refused",
        "break.written_off",
    ]


def test_the_runbook_is_drafted_and_walked_in_order(api, transfer, giver_manager, giver_officer, audited):
    assert api(giver_officer).post(path_of(transfer, "runbook", "draft")).status_code == 404
    steps = api(giver_manager).post(path_of(transfer, "runbook", "draft")).json()
    assert len(steps) >= 15
    listed = api(giver_manager).get(path_of(transfer, "runbook"), limit=200).json()["results"]
    assert [row["number"] for row in listed] == list(range(1, len(steps) + 1))
    later = path_of(transfer, "runbook", listed[2]["id"])
    assert api(giver_manager).post(later + "start/").status_code in {404, 409}
    assert (
        api(giver_manager).post(path_of(transfer, "runbook", listed[0]["id"], "start")).json()["state"]
        == "running"
    )
    assert kinds(audited)[:2] == ["handover.access_refused", "runbook.drafted"]


def test_an_outside_party_is_proved_ready_by_a_test(api, transfer, giver_manager, audited):
    party = OutsideParty.objects.create(transfer=transfer, kind="bank", name="ICBC")
    path = path_of(transfer, "parties", party.pk, "prove")
    assert set(api(giver_manager).post(path).json()["errors"]) == {"tested_on", "evidence_reference"}
    answer = api(giver_manager).post(path, tested_on="2026-01-05", evidence_reference="T-77")
    assert answer.json()["ready_by"] == str(giver_manager.pk)
    assert kinds(audited) == ["runbook.party_ready"]


def test_a_mandate_shows_the_very_text_its_signatures_cover(api, ready, mandate, giver_officer, canglan):  # noqa: F811
    [shown] = api(giver_officer).get(path_of(ready, "mandates")).json()["results"]
    assert len(shown["signatures"]) == 4
    own = next(row for row in shown["signatures"] if row["organisation"] == str(canglan.pk))
    verify(signer("custody", canglan.pk).public, own["statement"].encode(), bytes.fromhex(own["signature"]))
    assert json.loads(own["statement"])["mandate"] == shown["digest"]
    assert hashlib.sha256(shown["statement"].encode()).hexdigest() == shown["digest"]


def test_signing_a_mandate_needs_a_step_up(api, api_stepped_up, ready, mandate, giver_officer2, audited):  # noqa: F811
    path = path_of(ready, "mandates", mandate.pk, "sign")
    assert api(giver_officer2).post(path).json()["code"] == "access.step_up_needed"
    assert len(api_stepped_up(giver_officer2).post(path).json()["signatures"]) == 5
    assert api_stepped_up(giver_officer2).post(path).json()["code"] == "mandate.signed_already"
    assert Mandate.objects.get().signatures.count() == 5
    assert kinds(audited) == ["handover.act_refused", "mandate.signed", "handover.act_refused"]


def test_the_cutover_does_not_begin_without_a_step_up(api, ready, giver_manager, audited):  # noqa: F811
    assert api(giver_manager).post(path_of(ready, "cutover")).json()["code"] == "access.step_up_needed"
    assert api(giver_manager).get(path_of(ready, "cutover")).status_code == 404
    ready.refresh_from_db()
    assert (ready.state, ready.no_return_at) == ("ready", None)
    assert kinds(audited) == ["handover.act_refused"]


def test_a_third_party_verifies_a_custody_move_from_the_answers_alone(api, moved, taker_officer):
    [move] = api(taker_officer).get(path_of(moved, "custody-moves")).json()["results"]
    giver, taker = bytes.fromhex(move["giver_key"]), bytes.fromhex(move["taker_key"])
    verify(giver, move["release_statement"].encode(), bytes.fromhex(move["release_signature"]))
    verify(taker, move["acceptance_statement"].encode(), bytes.fromhex(move["acceptance_signature"]))
    members = api(taker_officer).get(path_of(moved, "custody-moves", move["id"], "members")).json()["results"]
    leaves = [
        member_leaf(
            UUID(row["client"]), bytes.fromhex(row["record_digest"]), bytes.fromhex(row["key_commitment"])
        )
        for row in members
    ]
    assert root_of(leaves).hex() == move["members_root"] == json.loads(move["release_statement"])["root"]
    assert json.loads(move["acceptance_statement"])["release"] == move["release_statement"]


def test_the_cutover_shows_how_far_it_is(api, moved, giver_officer):
    shown = api(giver_officer).get(path_of(moved, "cutover")).json()
    assert (shown["kind"], shown["client_count"]) == ("cutover", 3)
    funnel = api(giver_officer).get(path_of(moved, "cases", "funnel")).json()
    assert (funnel["states"]["accepted"], funnel["clients"]) == (3, 3)
    listed = api(giver_officer).get(path_of(moved, "cases"), state="accepted").json()["results"]
    assert len(listed) == 3


def test_the_certificate_is_issued_and_verified_from_its_files_alone(
    api,
    api_stepped_up,
    moved,
    giver_officer,
    taker_officer,
    giver_manager,
    taker_steward,
    auditor,
    tmp_path: Path,
):
    run = Run.objects.get(kind="cutover")
    make_delivery(run=run)
    run.refresh_from_db()
    send_back(run, taker_steward)
    assert (
        api(taker_steward).post(path_of(moved, "runs", run.pk, "reconcile")).json()["state"] == "reconciling"
    )
    reconcile(run=run, by=taker_steward)
    sequence_once()
    names = {"transferor_signer": giver_officer.username, "transferee_signer": taker_officer.username}
    drafted = api(giver_officer).post(path_of(moved, "certificate-drafts"), **names)
    assert drafted.status_code == 201
    draft = path_of(moved, "certificate-drafts", drafted.json()["id"])
    assert api(giver_officer).post(f"{draft}sign/").json()["code"] == "access.step_up_needed"
    assert api_stepped_up(giver_officer).post(f"{draft}sign/").json()["certificate"] is None
    read = api(taker_officer).get(f"{draft}statement/").content
    assert hashlib.sha256(read).hexdigest() == drafted.json()["digest"]
    answer = api_stepped_up(taker_officer).post(f"{draft}sign/")
    assert answer.status_code == 200
    path = path_of(moved, "certificates", answer.json()["certificate"])
    client = ClientCase.objects.filter(transfer=moved).first().client_id
    files = {"document": "certificate.json", "keys": "keys.json", f"proofs/{client}": "proof.json"}
    for part, name in files.items():
        (tmp_path / name).write_bytes(api(auditor).get(f"{path}{part}/").content)
    done = subprocess.run(
        [
            sys.executable,
            verify_handover.__file__,
            "certificate.json",
            "--keys",
            "keys.json",
            "--proof",
            "proof.json",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    stranger = api(giver_manager).get(f"{path}proofs/{moved.pk}/")
    assert stranger.status_code == 404


def test_nothing_of_one_transfer_shows_at_the_address_of_another(
    api,
    ready,
    difference,
    giver_manager,
    giver_officer,
    mandate,  # noqa: F811
):
    api(giver_manager).post(path_of(ready, "runbook", "draft"))
    words = {"kind": "csrc", "reference": "CSRC 2026-1", "granted_on": "2026-01-05"}
    api(giver_officer).post(path_of(ready, "approvals"), **words)
    own = {"approvals", "breaks", "cases", "mandates", "parties", "runbook", "runs"}
    other = api(giver_officer).post("transfers/").json()["id"]
    for part in sorted(own):
        here = api(giver_officer).get(path_of(ready, part)).json()["results"]
        assert here, part
        assert api(giver_officer).get(f"transfers/{other}/{part}/").json()["results"] == [], part
        if part != "approvals":
            assert api(giver_officer).get(f"transfers/{other}/{part}/{here[0]['id']}/").status_code == 404, (
                part
            )
