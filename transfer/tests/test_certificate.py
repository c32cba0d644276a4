"""From a ready transfer to a certificate that the one-file program accepts, and a changed byte that it does not."""

import datetime
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.utils import timezone

from audit.errors import Refused
from audit.reading import reading
from audit.sequencer import sequence_once
from clients.models import Client, CustodyMove
from transfer import verify_handover
from transfer.gates.registry import gate
from transfer.models import Break, ClientCase, GateException, Run
from transfer.services.agreements import draft_agreement, sign_agreement
from transfer.services.certificates import (
    draft_certificate,
    inclusion_proof,
    party_keys,
    sign_certificate,
)
from transfer.services.cutover import begin_cutover, finish_cutover, move_next_batch
from transfer.services.mandates import draft_mandate, sign_mandate
from transfer.services.reconciling import reconcile
from transfer.services.returns import receive_return
from transfer.services.runs import make_delivery
from vault.files import open_file, seal_stream
from vault.models import SealedFile

pytestmark = pytest.mark.django_db
NAMES = ("clients", "accounts", "holdings")
HELD = [[number, "taken_as_given", number != 7, number == 7] for number in range(1, 8)]


@pytest.fixture
def ready(at_stage, make_client, terms, giver_officer, giver_officer2, taker_officer):
    """Three clients cleared, at ready; what other tests prove about gates 1 to 7 is taken as given here."""
    clients = [make_client() for _ in range(3)]
    transfer = at_stage("ready")
    agreement = draft_agreement(transfer=transfer, terms=terms, by=giver_officer)
    for person in (giver_officer, taker_officer):
        sign_agreement(agreement=agreement, by=person)
    GateException.objects.create(
        transfer=transfer,
        gate=7,
        reason="No training room yet",
        facts=["taken_as_given"],
        asked_by=giver_officer,
        granted_by=giver_officer2,
        granted_at=timezone.now(),
    )
    for client in clients:
        ClientCase.objects.create(transfer=transfer, client=client, state="cleared")
    return transfer


@pytest.fixture
def mandate(ready, giver_manager, giver_officer, taker_officer, taker_manager, monkeypatch):
    monkeypatch.setattr("transfer.services.mandates.assess_cases", lambda **_: {})
    monkeypatch.setattr("transfer.services.cutover.assess_cases", lambda **_: {})
    monkeypatch.setattr("transfer.services.cutover.recheck_cases", lambda **_: 0)
    for module in ("mandates", "cutover"):
        monkeypatch.setattr(f"transfer.services.{module}.gate_facts", lambda _: [list(fact) for fact in HELD])
    now = timezone.now()
    drafted = draft_mandate(
        transfer=ready, not_before=now, not_after=now + datetime.timedelta(hours=8), by=giver_manager
    )
    for person in (giver_manager, giver_officer, taker_officer, taker_manager):
        sign_mandate(mandate=drafted, by=person)
    return drafted


@pytest.fixture
def cut_over(mandate, ready, giver_manager, giver_officer, giver_officer2, monkeypatch):
    real = gate
    monkeypatch.setattr(
        "transfer.services.cutover.gate",
        lambda transfer, number: type("Open", (), {"open": True, "missing": ()})(),
    )
    run = begin_cutover(transfer=ready, by=giver_manager)
    while move_next_batch(transfer=ready):
        pass
    finish_cutover(transfer=ready)
    ready.refresh_from_db()
    assert real(ready, 8).number == 8
    return run


def send_back(run, by, *, change=None):
    """What an honest outside world returns for this delivery, or one changed by ``change(name, text)``."""
    import zipfile

    file = SealedFile.objects.get(pk=run.delivery_file)
    with reading(actor=by, organisation=by.organisation_id, purpose="test", subjects=[file.pk]) as right:
        archive = zipfile.ZipFile(io.BytesIO(b"".join(open_file(file, right))))
    texts = {name: archive.read(f"{name}.csv").decode() for name in NAMES}
    holdings = [line.split(",") for line in texts["holdings"].splitlines()[1:]]
    depository = "account_no,market,code,quantity\n"
    depository += f"A123456789,{holdings[0][3]},600000,{300 * len(holdings)}\n"
    parts = [("transferee", name, texts[name]) for name in NAMES]
    parts += [
        ("depository", "holdings", depository),
        ("bank", "balances", "fund_account,bank,currency,balance\n0,x,CNY,0\n"),
    ]
    for source, kind, text in parts:
        text = change(source, kind, text) if change else text
        sealed = seal_stream([text.encode()], holder=by.organisation_id, purpose="return", name=kind)
        receive_return(run=run, source=source, kind=kind, file=sealed, by=by)


def issue(transfer, giver, taker):
    """Drafted by the first, signed by both."""
    draft = draft_certificate(transfer=transfer, transferor_signer=giver, transferee_signer=taker, by=giver)
    assert sign_certificate(draft=draft, by=giver) is None
    return sign_certificate(draft=draft, by=taker)


@pytest.fixture
def certificate(cut_over, ready, taker_steward, giver_officer, taker_officer):
    make_delivery(run=cut_over)
    cut_over.refresh_from_db()
    send_back(cut_over, taker_steward)
    reconcile(run=cut_over, by=taker_steward)
    sequence_once()
    return issue(ready, giver_officer, taker_officer)


@pytest.fixture
def files(certificate, tmp_path, giver_officer):
    """The certificate, the keys and one proof as files."""
    sealed = SealedFile.objects.get(pk=certificate.file)
    with reading(
        actor=giver_officer, organisation=giver_officer.organisation_id, purpose="test", subjects=[sealed.pk]
    ) as right:
        (tmp_path / "certificate.json").write_bytes(b"".join(open_file(sealed, right)))
    (tmp_path / "keys.json").write_bytes(party_keys(certificate.transfer))
    client = Client.objects.order_by("pk").last()
    (tmp_path / "proof.json").write_bytes(inclusion_proof(certificate=certificate, client=client))
    return tmp_path


def verifier(folder: Path, *, keys: bool = True) -> tuple[int, str]:
    arguments = ["certificate.json", "--proof", "proof.json", *(["--keys", "keys.json"] if keys else [])]
    program = Path(verify_handover.__file__)
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-I", program, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout


def test_the_mandate_needs_two_people_of_each_side(ready, giver_manager, giver_officer, mandate):
    with pytest.raises(Refused) as refusal:
        sign_mandate(mandate=mandate, by=giver_officer)
    assert refusal.value.code == "mandate.signed_already"
    assert mandate.signatures.count() == 4


def test_cutover_hands_every_cleared_client_over(audited, cut_over, ready, yuanxiu):
    assert ready.state == "reconciling"
    assert set(ClientCase.objects.filter(transfer=ready).values_list("state", flat=True)) == {"accepted"}
    assert set(Client.objects.values_list("custodian", flat=True)) == {yuanxiu.pk}
    kinds = [kind for kind, _ in audited()]
    assert kinds.count("custody.released") == kinds.count("custody.accepted") == 1
    assert {"mandate.drafted", "mandate.signed", "cutover.begun", "cutover.finished"} <= set(kinds)


def test_a_batch_left_half_way_is_accepted_and_not_moved_twice(mandate, ready, giver_manager, monkeypatch):
    monkeypatch.setattr(
        "transfer.services.cutover.gate",
        lambda transfer, number: type("Open", (), {"open": True, "missing": ()})(),
    )
    begin_cutover(transfer=ready, by=giver_manager)
    with monkeypatch.context() as crash:
        crash.setattr(
            "transfer.services.cutover._accept", lambda *_: (_ for _ in ()).throw(RuntimeError("killed"))
        )
        with pytest.raises(RuntimeError):
            move_next_batch(transfer=ready)
    assert CustodyMove.objects.get().state == "released"
    with pytest.raises(Refused) as refusal:
        finish_cutover(transfer=ready)
    assert refusal.value.code == "cutover.batch_waiting"
    assert move_next_batch(transfer=ready) == 3
    assert move_next_batch(transfer=ready) == 0
    assert CustodyMove.objects.get().state == "accepted"


def test_the_verifier_accepts_certificate_and_proof(files):
    status, said = verifier(files)
    assert status == 0, said
    assert said.splitlines()[2].startswith("EXCEPTION gate 7: No training room yet")
    assert "3 clients" in said
    assert "proof.json: this client's record is among those handed over" in said


def test_without_keys_it_says_that_the_signers_are_not_checked(files):
    assert verifier(files, keys=False)[0] == 3


@pytest.mark.parametrize("name", ["certificate.json", "keys.json", "proof.json"])
def test_one_changed_byte_anywhere_does_not_fit(files, name, capsys, monkeypatch):
    monkeypatch.chdir(files)
    original = (files / name).read_bytes()
    step = max(1, len(original) // 400)
    arguments = ["certificate.json", "--keys", "keys.json", "--proof", "proof.json"]
    for place in range(0, len(original), step):
        changed = bytearray(original)
        changed[place] ^= 1
        (files / name).write_bytes(bytes(changed))
        assert verify_handover.main(arguments) == 1, (
            f"byte {place} of {name}: {original[place - 20 : place + 20]!r}"
        )
    (files / name).write_bytes(original)
    capsys.readouterr()
    assert verify_handover.main(arguments) == 0


def test_differences_become_breaks_sealed_under_the_clients_key(cut_over, taker_steward, yuanxiu):
    make_delivery(run=cut_over)
    cut_over.refresh_from_db()

    def change(source, kind, text):
        if (source, kind) == ("transferee", "holdings"):
            return text.replace(",300,", ",301,", 1)
        return text

    send_back(cut_over, taker_steward, change=change)
    counts = reconcile(run=cut_over, by=taker_steward)
    [row] = Break.objects.filter(source="transferee")
    assert (row.kind, row.field, row.state) == ("holdings.differs", "quantity", "open")
    with reading(actor=None, organisation=yuanxiu.pk, purpose="test", subjects=[row.client_id]) as right:
        assert (row.open(right).expected, row.open(right).actual) == ("300", "301")
    assert counts["open"] == Break.objects.filter(state="open").count()
    assert Run.objects.get(pk=cut_over.pk).compared["transferee/holdings"] == {
        "expected": 3,
        "actual": 3,
        "equal": 2,
    }


def test_the_statement_prints_exceptions_and_open_breaks_first(files):
    statement = json.loads(json.loads((files / "certificate.json").read_text(encoding="utf-8"))["statement"])
    assert list(statement)[:3] == ["exceptions", "open_breaks", "notes"]
