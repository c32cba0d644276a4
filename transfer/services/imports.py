"""Starting, stopping and watching the reading of extracts."""

import datetime
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone

from access.models import User
from access.policies import require
from audit.errors import Refused
from audit.services import record
from clients.fields import LINE_HEADINGS
from transfer.events import ImportEvent
from transfer.importing.chunks import claim_next, work_on
from transfer.importing.finishing import finish
from transfer.importing.planning import plan
from transfer.models import Extract, FieldPolicy, ImportChunk, ImportRun, Transfer

# Once the cutover has begun, what is handed over is fixed by the mandate.
LOADED_IN = (
    Transfer.State.DRAFT,
    Transfer.State.LOADING,
    Transfer.State.REVIEWING,
    Transfer.State.NOTIFYING,
    Transfer.State.READY,
)
_UNDER_WAY = (ImportRun.State.PLANNING, ImportRun.State.RUNNING, ImportRun.State.FINISHING)


@transaction.atomic
def start_run(*, extract: Extract, mode: str, by: User, as_of: datetime.date | None = None) -> ImportRun:
    """The extract waits to be looked at (profile) or loaded; a stopped run goes on where it was.

    Raises:
        NotAllowed: ``by`` may not load extracts of this transfer.
        Refused: it was read in this way already; or, for a load, the cutover has begun, a field has no
            policy, or what its lines refer to is not loaded yet.
    """
    extract = Extract.objects.select_for_update().select_related("transfer").get(pk=extract.pk)
    require(by, "transfer.load_extract", extract)
    if by.organisation_id != extract.side_id:
        raise Refused("import.other_side")
    if mode == ImportRun.Mode.LOAD:
        if extract.transfer.state not in LOADED_IN:
            raise Refused("import.too_late")
        _refuse_unknown_field(extract)
        _refuse_disorder(extract)
    stopped = ImportRun.objects.filter(extract=extract, mode=mode, state=ImportRun.State.STOPPED).first()
    run = stopped or ImportRun(extract=extract, mode=mode, as_of=as_of or timezone.localdate(), asked_by=by)
    run.state = ImportRun.State.RUNNING if run.chunks_total else ImportRun.State.PLANNING
    run.lease_until = None
    try:
        with transaction.atomic():
            run.save()
    except IntegrityError:
        raise Refused("import.running_already") from None
    record(
        ImportEvent.RUN_STARTED,
        actor=by,
        subject=run,
        organisation=extract.side_id,
        mode=mode,
        kind=extract.kind,
    )
    return run


def _refuse_unknown_field(extract: Extract) -> None:
    known = FieldPolicy.objects.filter(transfer=extract.transfer_id, kind=extract.kind)
    named: set[str] = {*known.values_list("source_field", flat=True), *LINE_HEADINGS}
    unknown = next((heading for heading in extract.header if heading not in named), None)
    if unknown is not None:
        raise Refused("import.unknown_field", field=unknown)


def _refuse_disorder(extract: Extract) -> None:
    """Clients first; accounts before what names accounts."""
    needed = [] if extract.kind == Extract.Kind.CLIENTS else [(Extract.Kind.CLIENTS, "import.clients_first")]
    if extract.kind in {Extract.Kind.HOLDINGS, Extract.Kind.TRADES}:
        needed.append((Extract.Kind.ACCOUNTS, "import.accounts_first"))
    loads = ImportRun.objects.filter(
        extract__transfer=extract.transfer_id, extract__side=extract.side_id, mode=ImportRun.Mode.LOAD
    )
    for kind, code in needed:
        of_kind = loads.filter(extract__kind=kind)
        if (
            not of_kind.filter(state=ImportRun.State.DONE).exists()
            or of_kind.filter(state__in=_UNDER_WAY).exists()
        ):
            raise Refused(code)


def run_now(run: ImportRun) -> ImportRun:
    """The run from where it is to its end, in this process; for commands and tests.

    A slice that another worker holds is left to it.
    """
    plan(run.pk)
    while (chunk := claim_next(run.pk)) is not None:
        work_on(chunk)
    finish(run.pk)
    run.refresh_from_db()
    return run


@transaction.atomic
def stop_run(*, run: ImportRun, by: User) -> ImportRun:
    """No further slice of the run is committed; what is loaded stays, and ``start_run`` goes on from there.

    Raises:
        NotAllowed: ``by`` may not load extracts of this transfer.
        Refused: the run is not under way.
    """
    run = ImportRun.objects.select_for_update().select_related("extract").get(pk=run.pk)
    require(by, "transfer.load_extract", run.extract)
    if run.state not in {ImportRun.State.PLANNING, ImportRun.State.RUNNING}:
        raise Refused("import.not_running")
    run.state = ImportRun.State.STOPPED
    run.fence += 1
    run.save(update_fields=["state", "fence"])
    ImportChunk.objects.filter(run=run, state=ImportChunk.State.CLAIMED).update(
        state=ImportChunk.State.WAITING, attempts=0, lease_until=None
    )
    record(ImportEvent.RUN_STOPPED, actor=by, subject=run, organisation=run.extract.side_id)
    return run


@transaction.atomic
def retry_chunk(*, chunk: ImportChunk, by: User) -> ImportChunk:
    """A parked slice waits again, with all its tries.

    Raises:
        NotAllowed: ``by`` may not load extracts of this transfer.
        Refused: the slice is not parked.
    """
    chunk = ImportChunk.objects.select_for_update().select_related("run__extract").get(pk=chunk.pk)
    require(by, "transfer.load_extract", chunk.run.extract)
    if chunk.state != ImportChunk.State.PARKED:
        raise Refused("import.not_parked")
    chunk.state, chunk.attempts, chunk.problem = ImportChunk.State.WAITING, 0, ""
    chunk.save(update_fields=["state", "attempts", "problem"])
    record(
        ImportEvent.CHUNK_RETRIED,
        actor=by,
        subject=chunk.run,
        organisation=chunk.run.extract.side_id,
        number=chunk.number,
    )
    return chunk


@dataclass(frozen=True)
class Progress:
    """How far a run has come; rows are those of the slices that are done."""

    state: str
    done: int
    total: int
    parked: int
    rows: int
    accepted: int
    rejected: int

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total if self.total else 0


def progress(run: ImportRun) -> Progress:
    """How far the run has come, from its ledger."""
    ledger = list(ImportChunk.objects.filter(run=run).values_list("state", "rows", "accepted", "rejected"))
    return Progress(
        state=ImportRun.objects.values_list("state", flat=True).get(pk=run.pk),
        done=sum(state == ImportChunk.State.DONE for state, *_ in ledger),
        total=run.chunks_total or len(ledger),
        parked=sum(state == ImportChunk.State.PARKED for state, *_ in ledger),
        rows=sum(rows for _, rows, _, _ in ledger),
        accepted=sum(accepted for _, _, accepted, _ in ledger),
        rejected=sum(rejected for *_, rejected in ledger),
    )


@dataclass(frozen=True)
class Difference:
    """A declared figure that is not what was found; ``what`` is "rows" or a column."""

    what: str
    declared: str
    found: str


def declared_differences(run: ImportRun) -> list[Difference]:
    """Where the finished run's rows and totals are not the declared ones; empty where nothing differs."""
    extract = run.extract
    declared = {"rows": str(extract.declared_rows or 0), **extract.declared_totals}
    found = {"rows": str(run.rows), **run.totals}
    return [
        Difference(what, amount, found.get(what, ""))
        for what, amount in declared.items()
        if found.get(what) != amount
    ]
