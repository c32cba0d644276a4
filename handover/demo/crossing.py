"""The demo's crossing: backup, rehearsals, runbook, mandate, cutover, reconciliation, certificate, pack."""

import datetime
import subprocess
import sys
from pathlib import Path
from uuid import UUID

from django.utils import timezone

from access.models import User
from audit import checkpoints
from audit.reading import reading
from clients.models import Client
from continuity.services.backups import take_backup
from continuity.services.drills import run_drill
from handover.demo.cast import Cast
from handover.demo.loading import answers_of, seal_file
from handover.demo.story import NotAsExpected, Story, patience, wait_until
from sample.returns import write_returns
from transfer import verify_handover
from transfer.comparisons import COMPARISONS
from transfer.models import Break, Certificate, OutsideParty, Run, RunbookStep, Transfer
from transfer.services.breaks import ask_write_off, decide_write_off, explain_break
from transfer.services.certificates import (
    draft_certificate,
    inclusion_proof,
    party_keys,
    sign_certificate,
)
from transfer.services.cutover import begin_cutover
from transfer.services.exceptions import ask_exception, grant_exception
from transfer.services.mandates import draft_mandate, sign_mandate
from transfer.services.packs import regulator_pack
from transfer.services.reconciling import reconcile
from transfer.services.returns import receive_return
from transfer.services.runbooks import draft_runbook, finish_step, prove_party, start_step
from transfer.services.runs import start_rehearsal
from transfer.tasks.cutover import run_cutover
from transfer.tasks.runs import deliver
from vault.files import open_file
from vault.models import SealedFile

FOLDERS = {"transferee": "transferee", "depository": "depository", "bank": "banks"}


def prove_backup(story: Story, cast: Cast) -> None:
    """A backup was taken, restored on another server and compared."""
    story.step("A backup, restored aside and compared")
    backup = take_backup(by=cast["canglan.manager"])
    drill = run_drill(backup=backup, by=cast["canglan.manager"])
    if not drill.ok:
        raise NotAsExpected(f"the drill failed: {drill.failure} {drill.compared}")
    story.say(f"restored in {drill.recovery_seconds} s without a difference")


def rehearse(story: Story, cast: Cast, transfer: Transfer, world: Path, scratch: Path) -> None:
    """Two rehearsals: the first with the planted breaks, all explained, the second without any."""
    manager = cast["canglan.manager"]
    for number in (1, 2):
        story.step(f"Rehearsal {number}")
        run = start_rehearsal(transfer=transfer, by=manager)
        _deliver(run)
        name = f"rehearsal-{number}"
        _send_back(cast, run, name, world, scratch)
        counts = reconcile(run=run, by=cast["yuanxiu.manager"])
        story.equal("breaks", counts["found"], len(answers_of(world)["breaks"][name]))
        for found in Break.objects.filter(run=run, state=Break.State.OPEN):
            explain_break(
                break_=found,
                words="受让方装载程序缺陷，已修复。 Loader fault, mended before the next run.",
                by=manager,
            )


def except_people(story: Story, cast: Cast, transfer: Transfer) -> None:
    """Gate 7 has no room yet: an exception is asked for by one person and granted by another."""
    story.step("Gate 7 is closed: an exception with a reason, by two people")
    exception = ask_exception(
        transfer=transfer,
        gate=7,
        reason="培训模块尚未启用，线下培训记录另附。 Training is recorded on paper for now.",
        by=cast["canglan.officer1"],
    )
    grant_exception(exception=exception, by=cast["yuanxiu.officer1"])


def prepare(story: Story, cast: Cast, transfer: Transfer) -> None:
    """The runbook stands, outside parties have proved readiness, and two people of each side have said go."""
    story.step("Runbook, outside parties, and go by two people of each side")
    manager = cast["canglan.manager"]
    steps = draft_runbook(transfer=transfer, by=manager)
    for party in OutsideParty.objects.filter(transfer=transfer):
        prove_party(
            party=party,
            tested_on=timezone.localdate(),
            evidence_reference=f"TEST-{party.kind.upper()}-01",
            by=manager,
        )
    now = timezone.now()
    mandate = draft_mandate(
        transfer=transfer, not_before=now, not_after=now + datetime.timedelta(hours=12), by=manager
    )
    for name in ("canglan.manager", "canglan.officer1", "yuanxiu.manager", "yuanxiu.officer1"):
        sign_mandate(mandate=mandate, by=cast[name])
    story.say(f"{len(steps)} steps; mandate over {mandate.client_count} clients signed by four people")


def cut_over(story: Story, cast: Cast, transfer: Transfer, world: Path) -> Run:
    """Every client who may move has passed from one firm to the other, batch by batch."""
    expected = answers_of(world)
    story.step("Cutover: released and accepted in batches")
    _walk(cast, transfer, upto=8)
    run = begin_cutover(transfer=transfer, by=cast["canglan.manager"])
    run_cutover.delay(str(transfer.pk))
    wait_until(
        lambda: Transfer.objects.get(pk=transfer.pk).state == "reconciling",
        what="the cutover",
        seconds=_patience(transfer),
    )
    _deliver(run)
    transfer.refresh_from_db()
    held = Client.objects.filter(book=transfer.book, custodian=cast.taker).count()
    story.equal(f"clients in the custody of {cast.taker.name_en}", held, expected["verdict_counts"]["moving"])
    return run


def settle(story: Story, cast: Cast, transfer: Transfer, run: Run, world: Path, scratch: Path) -> None:
    """What came back is reconciled; of three breaks one is corrected, one written off by two, one printed open."""
    story.step("Reconciliation with the transferee's system, the depository and the banks")
    manager, answers = cast["yuanxiu.manager"], answers_of(world)["breaks"]["cutover"]
    _send_back(cast, run, "cutover", world, scratch)
    counts = reconcile(run=run, by=manager)
    story.equal("breaks", counts["found"], len(answers))
    for planted in answers:
        if planted["outcome"] == "written_off":
            found = Break.objects.get(run=run, source=planted["source"], state=Break.State.OPEN)
            ask_write_off(break_=found, words="分位差异，双方确认。 Rounding, confirmed by both.", by=manager)
            decide_write_off(break_=found, grant=True, by=cast["canglan.officer1"])
    _send_back(cast, run, "cutover", world, scratch, corrected=True)
    counts = reconcile(run=run, by=manager)
    outcomes = {
        state: Break.objects.filter(run=run, state=state).count()
        for state in ("corrected", "written_off", "open")
    }
    story.equal("outcomes", outcomes, {"corrected": 1, "written_off": 1, "open": 1})
    _walk(cast, transfer, upto=17)
    done = RunbookStep.objects.filter(transfer=transfer, state=RunbookStep.State.DONE).count()
    story.say(f"{done} steps of the runbook are done")


def certify(story: Story, cast: Cast, transfer: Transfer, outside: Path) -> None:
    """The certificate is issued and verified offline from files; the regulator's pack lies outside."""
    story.step("The certificate, checked offline from the files alone")
    officer = cast["canglan.officer1"]
    other = cast["yuanxiu.officer1"]
    draft = draft_certificate(
        transfer=transfer, transferor_signer=officer, transferee_signer=other, by=officer
    )
    story.say(f"statement {draft.digest[:16]}… frozen for {officer.name} and {other.name}")
    sign_certificate(draft=draft, by=officer)
    certificate = sign_certificate(draft=draft, by=other)
    if certificate is None:
        raise NotAsExpected("both have signed, and nothing was issued")
    outside.mkdir(parents=True, exist_ok=True)
    _write_out(certificate, cast, outside)
    arguments = ["--keys", "keys.json", "--proof", "proof.json", "--checkpoint", "checkpoint.txt"]
    done = subprocess.run(  # noqa: S603  our own program and files
        [sys.executable, "-I", verify_handover.__file__, "certificate.json", *arguments],
        cwd=outside,
        capture_output=True,
        text=True,
        check=False,
    )
    for line in done.stdout.splitlines():
        story.say(line)
    if done.returncode != 0:
        raise NotAsExpected(f"the verifier says: {done.stdout}{done.stderr}")
    story.step("The regulator's pack")
    for document in regulator_pack(transfer=transfer, by=officer):
        story.say(f"{document.kind}: {document.digest[:16]}…")


def _deliver(run: Run) -> None:
    deliver.delay(str(run.pk))
    wait_until(
        lambda: Run.objects.get(pk=run.pk).delivery_file is not None,
        what="the delivery",
        seconds=_patience(run.transfer),
    )
    run.refresh_from_db()


def _send_back(
    cast: Cast, run: Run, name: str, world: Path, scratch: Path, *, corrected: bool = False
) -> None:
    """The delivery goes to the simulated outside world, and its answer is uploaded."""
    manager = cast["yuanxiu.manager"]
    out = scratch / (name + ("-corrected" if corrected else ""))
    out.mkdir(parents=True)
    delivery = out / "delivery.zip"
    _copy(run.delivery_file, manager, delivery)
    write_returns(delivery, out=out / "back", run=name, world=world, corrected=corrected)
    delivery.unlink()
    for source, kind in COMPARISONS:
        file = seal_file(out / "back" / FOLDERS[source] / f"{kind}.csv", cast.taker, "return")
        receive_return(run=run, source=source, kind=kind, file=file, by=manager)


def _walk(cast: Cast, transfer: Transfer, *, upto: int) -> None:
    """The steps of the runbook up to one number are started and finished by the side that owns them."""
    for step in RunbookStep.objects.filter(
        transfer=transfer, number__lte=upto, state=RunbookStep.State.WAITING
    ):
        by = cast["canglan.manager"] if step.owner_side == "transferor" else cast["yuanxiu.manager"]
        finish_step(step=start_step(step=step, by=by), by=by)


def _write_out(certificate: Certificate, cast: Cast, outside: Path) -> None:
    officer = cast["canglan.officer1"]
    _copy(certificate.file, officer, outside / "certificate.json")
    (outside / "keys.json").write_bytes(party_keys(certificate.transfer))
    client = (
        Client.objects.filter(book=certificate.transfer.book, custodian=cast.taker).order_by("pk").first()
    )
    if client is None:
        raise NotAsExpected("nobody was handed over")
    (outside / "proof.json").write_bytes(inclusion_proof(certificate=certificate, client=client))
    head = checkpoints.latest()
    (outside / "checkpoint.txt").write_text(head.note if head else "", encoding="utf-8")


def _patience(transfer: Transfer) -> float:
    """Accounts and holdings of a client come to about a kilobyte."""
    return patience(1000 * transfer.book.clients.count())


def _copy(file: UUID | None, by: User, path: Path) -> None:
    """What lies sealed for the person's firm lies at ``path``, outside the product, piece by piece."""
    if file is None:
        raise NotAsExpected("there is no such file yet")
    sealed = SealedFile.objects.get(pk=file)
    with (
        reading(
            actor=by, organisation=by.organisation_id, purpose="download", subjects=[sealed.key_subject]
        ) as right,
        path.open("wb") as plain,
    ):
        plain.writelines(open_file(sealed, right))
