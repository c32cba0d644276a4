"""The reconciliation of a run: step by step, each a transaction of its own, however large the files are.

First the rows that came back are digested, a stretch of a file at a time; the digests of what was expected
lie in the pieces of the delivery. Then one file after the other is compared by its digests, and only the
rows that these do not call equal are read again.

Invariants:
- A step begun and lost is done again with the same effect; what was compared is compared anew only when a
  newer version of the file has come back meanwhile.
- Which breaks a round has found stands with the breaks; so ending a round needs no list of them.
"""

import dataclasses
from collections.abc import Iterator
from itertools import islice
from typing import Final

from django.db import transaction
from django.utils import timezone

from access.models import User
from audit.errors import Refused
from audit.reading import reading
from audit.services import record
from transfer.comparisons import COMPARISONS, Comparison
from transfer.delivery import CsvReader
from transfer.events import RunEvent
from transfer.models import Break, ReturnFile, ReturnPiece, Run
from transfer.policies import BOTH, require_side
from transfer.services.breaks import keep_differences, mark_corrected, round_of
from transfer.services.comparing import compare_file
from transfer.services.leases import renew
from transfer.services.locking import lock_transfer
from transfer.services.pieces import destroy_pieces
from transfer.services.returns import PURPOSE, newest_returns, refuse_missing
from vault.files import OpenedFile, seal_stream
from vault.models import FilePurpose, SealedFile

ROWS_OF_A_PIECE: Final = 200_000
ROWS_AT_ONCE: Final = 10_000


def reconcile(*, run: Run, by: User) -> dict[str, int]:
    """Every difference between the delivery and the newest returns stands as a break; the run is done.

    Run again after a corrected file has come back: breaks that are gone are corrected, new ones added, and
    one that was decided and is there again, or with another value, is open again.

    Raises:
        NotAllowed: ``by`` may not receive returns of this transfer.
        Refused: something has not come back yet, or the rehearsal has ended.
        LeaseLost: another worker has taken the run over.
    """
    run = _begin(run, by)
    while not reconcile_step(run=run, by=by):
        pass
    standing = Break.objects.filter(run=run)
    return {
        "open": standing.filter(state=Break.State.OPEN).count(),
        "corrected": run.progress["corrected"],
        "found": standing.filter(seen=round_of(run)).count(),
    }


def reconcile_step(*, run: Run, by: User) -> bool:
    """The reconciliation is one step nearer; True when the run is done.

    Raises:
        NotAllowed: ``by`` may not receive returns of this transfer.
        Refused: something has not come back yet.
        LeaseLost: another worker has taken the run over; nothing of this step is kept then.
    """
    newest = newest_returns(run)
    refuse_missing(newest)
    compared = run.progress.get("compared", {})
    for place, comparison in COMPARISONS.items():
        returned = newest[place]
        if compared.get(comparison.name, {}).get("file") == str(returned.pk):
            continue
        if not _digest_next(run, comparison, returned, by):
            _compare(run, comparison, returned, by)
        return False
    _finish(run, by)
    return True


@transaction.atomic
def _begin(run: Run, by: User) -> Run:
    transfer = lock_transfer(run.transfer_id)
    run = Run.objects.select_for_update(of=("self",)).select_related("transfer").get(pk=run.pk)
    require_side(by, "transfer.receive_return", transfer, *BOTH)
    if run.state == Run.State.DONE and run.kind == Run.Kind.REHEARSAL:
        raise Refused("run.has_ended")
    refuse_missing(newest_returns(run))
    if run.state != Run.State.RECONCILING:
        run.state, run.reconcile_by = Run.State.RECONCILING, by
        run.progress = {"round": run.progress.get("round", 0) + 1}
        run.save(update_fields=["state", "reconcile_by", "progress"])
    return run


@transaction.atomic
def _digest_next(run: Run, comparison: Comparison, returned: ReturnFile, by: User) -> bool:
    """One more stretch of the file is digested; False when it is digested to its end."""
    last = returned.pieces.order_by("-number").first()
    begins, number = (last.ends, last.number + 1) if last else (0, 1)
    file = SealedFile.objects.get(pk=returned.file)
    if begins >= file.size:
        return False
    with reading(actor=by, organisation=file.holder, purpose=PURPOSE, subjects=[file.pk]) as right:
        reader = CsvReader(OpenedFile(file, right).pieces(begins), at=begins)
        rows = iter(reader)
        if not begins:
            next(rows)  # The heading.
        content, count = _digests(comparison, rows)
    at_end = count < ROWS_OF_A_PIECE
    sealed = seal_stream(content, holder=file.holder, purpose=FilePurpose.PIECE, name=f"digests-{number}")
    ReturnPiece.objects.create(
        returned=returned,
        number=number,
        begins=begins,
        ends=file.size if at_end else reader.at,
        rows=count,
        file=sealed.pk,
    )
    renew(run, reached=run.reached + count)
    run.reached += count
    return True


def _digests(comparison: Comparison, rows: Iterator[list[str]]) -> tuple[list[bytes], int]:
    content, count = [], 0
    while count < ROWS_OF_A_PIECE and (some := list(islice(rows, ROWS_AT_ONCE))):
        content.append(comparison.shape.digests(comparison.in_our_words(some)))
        count += len(some)
    return content, count


@transaction.atomic
def _compare(run: Run, comparison: Comparison, returned: ReturnFile, by: User) -> None:
    require_side(by, "transfer.receive_return", run.transfer, *BOTH)
    renew(run, reached=run.reached)
    # What an older version of the file showed in this round counts for nothing.
    Break.objects.filter(
        run=run,
        source=comparison.source,
        kind__startswith=f"{comparison.kind}.",
        seen=round_of(run),
    ).update(seen=0)
    counts = compare_file(
        run,
        comparison,
        returned,
        by,
        keep=lambda differences, owners: keep_differences(
            run, comparison.source, comparison.kind, differences, owners, by
        ),
    )
    found = dataclasses.asdict(counts) | {"file": str(returned.pk)}
    run.progress.setdefault("compared", {})[comparison.name] = found
    run.save(update_fields=["progress"])


@transaction.atomic
def _finish(run: Run, by: User) -> None:
    transfer = lock_transfer(run.transfer_id)
    require_side(by, "transfer.receive_return", transfer, *BOTH)
    renew(run, reached=0)
    corrected = mark_corrected(run, by)
    run.progress["corrected"] = corrected
    run.compared = {
        name: {what: counts[what] for what in ("expected", "actual", "equal")}
        for name, counts in run.progress["compared"].items()
    }
    run.state = Run.State.DONE
    run.finished_at = timezone.now()
    run.reached, run.lease_until = 0, None
    run.save(update_fields=["compared", "progress", "state", "finished_at", "reached", "lease_until"])
    breaks = Break.objects.filter(run=run)
    record(
        RunEvent.RECONCILED,
        actor=by,
        subject=run,
        transfer=str(transfer.pk),
        open=breaks.filter(state=Break.State.OPEN).count(),
        corrected=corrected,
        found=breaks.filter(seen=round_of(run)).count(),
    )
    if run.kind == Run.Kind.REHEARSAL:
        destroy_pieces(run)
