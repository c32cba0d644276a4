"""What comes back after a run: received, and its reconciliation asked for."""

import csv

from django.db import transaction
from django.db.models import Max

from access.models import User
from audit.errors import Refused
from audit.reading import reading
from audit.services import record
from clients.services.files import take_file
from transfer.comparisons import COMPARISONS
from transfer.delivery import CsvReader
from transfer.events import RunEvent
from transfer.models import ReturnFile, Run
from transfer.policies import BOTH, TRANSFEREE, require_side, side_of
from transfer.services.locking import lock_transfer
from vault.files import open_file
from vault.models import SealedFile

PURPOSE = "reconciliation"


@transaction.atomic
def receive_return(*, run: Run, source: str, kind: str, file: SealedFile, by: User) -> ReturnFile:
    """A file that came back is kept as the newest version of its source and kind.

    Raises:
        NotAllowed: ``by`` may not receive returns of this transfer.
        Refused: the file is of the transferee's system and ``by`` of another firm, nothing was delivered,
            the rehearsal has ended, or the file has not the agreed columns.
    """
    transfer = lock_transfer(run.transfer_id)
    run = Run.objects.select_for_update(of=("self",)).get(pk=run.pk)
    require_side(by, "transfer.receive_return", transfer, *BOTH)
    if (source, kind) not in COMPARISONS:
        raise Refused("run.source_unknown")
    if source == ReturnFile.Source.TRANSFEREE and side_of(transfer, by.organisation_id) != TRANSFEREE:
        raise Refused("run.other_side_returns")
    if run.delivery_file is None:
        raise Refused("run.not_delivered")
    if run.finished_at is not None and run.kind == Run.Kind.REHEARSAL:
        raise Refused("run.has_ended")
    file = take_file(file, holder=by.organisation_id, purpose="return")
    rows = _count_rows(file, COMPARISONS[source, kind].shape.columns, f"{source}/{kind}", by)
    latest = (
        ReturnFile.objects.filter(run=run, source=source, kind=kind).aggregate(last=Max("version"))["last"]
        or 0
    )
    returned = ReturnFile.objects.create(
        run=run, source=source, kind=kind, version=latest + 1, file=file.pk, rows=rows, uploaded_by=by
    )
    record(
        RunEvent.RETURN_RECEIVED,
        actor=by,
        subject=returned,
        transfer=str(transfer.pk),
        run=str(run.pk),
        source=source,
        kind=kind,
        rows=rows,
    )
    return returned


@transaction.atomic
def ask_reconciliation(*, run: Run, by: User) -> Run:
    """The reconciliation is wanted; a worker does it from the row, in the name of ``by``.

    Raises:
        NotAllowed: ``by`` may not receive returns of this transfer.
        Refused: something has not come back yet, the rehearsal has ended, or it is under way already.
    """
    transfer = lock_transfer(run.transfer_id)
    run = Run.objects.select_for_update(of=("self",)).get(pk=run.pk)
    require_side(by, "transfer.receive_return", transfer, *BOTH)
    if run.state == Run.State.RECONCILING and not run.problem:
        raise Refused("run.reconciling_already")
    if run.state == Run.State.DONE and run.kind == Run.Kind.REHEARSAL:
        raise Refused("run.has_ended")
    refuse_missing(newest_returns(run))
    run.state = Run.State.RECONCILING
    run.reconcile_by = by
    run.problem = ""
    run.progress = {"round": run.progress.get("round", 0) + 1}
    run.save(update_fields=["state", "reconcile_by", "problem", "progress"])
    record(RunEvent.RECONCILIATION_ASKED, actor=by, subject=run, transfer=str(transfer.pk))
    return run


def refuse_missing(newest: dict[tuple[str, str], ReturnFile]) -> None:
    """Raises ``Refused`` unless every file that must come back has."""
    missing = [found.name for place, found in COMPARISONS.items() if place not in newest]
    if missing:
        raise Refused("run.files_missing", missing=", ".join(missing))


def newest_returns(run: Run) -> dict[tuple[str, str], ReturnFile]:
    """The newest version of each source and kind that has come back."""
    return {(row.source, row.kind): row for row in run.returns.order_by("version")}


def _count_rows(file: SealedFile, columns: tuple[str, ...], name: str, by: User) -> int:
    layout = Refused("run.file_layout", file=name, wanted=", ".join(columns))
    with reading(actor=by, organisation=file.holder, purpose=PURPOSE, subjects=[file.pk]) as right:
        rows = iter(CsvReader(open_file(file, right)))
        try:
            if tuple(next(rows, ())) != columns:
                raise layout
            count, width = 0, len(columns)
            for row in rows:
                if len(row) != width:
                    raise layout
                count += 1
        except (UnicodeDecodeError, csv.Error) as error:
            raise Refused("run.file_not_csv", file=name) from error
    if not count:
        raise layout
    return count
