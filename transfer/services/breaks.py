"""The break ledger: differences kept, explained, corrected, or written off by two people."""

from collections.abc import Iterable, Mapping
from itertools import islice
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from access.models import User
from access.policies import require
from audit.errors import Refused
from audit.services import record
from transfer.events import BreakEvent
from transfer.models import Break, Run
from transfer.models.breaks import BreakSecret
from transfer.reconcile import Difference
from transfer.services.locking import lock_transfer
from transfer.services.runs import organisation_of
from vault.tokens import token
from vault.wraps import open_data_keys

BATCH = 500
BreakKey = tuple[str, str, str, str]
LIVE = (Break.State.OPEN, Break.State.EXPLAINED, Break.State.WRITE_OFF_ASKED)


def keep_differences(
    run: Run, source: str, kind: str, differences: Iterable[Difference], clients: Mapping[str, UUID]
) -> set[BreakKey]:
    """Every difference stands as a break; one that stood already is left as it is. Returns their keys.

    The two values lie sealed under the client's key; a row nobody knows keeps no value at all.
    """
    found: set[BreakKey] = set()
    stream = iter(differences)
    while batch := list(islice(stream, BATCH)):
        rows = [_break(run, source, kind, difference, clients) for difference in batch]
        found |= {key_of(row) for row in rows}
        keys = open_data_keys(
            {row.client_id for row in rows if row.client_id is not None}, holder=organisation_of(run)
        )
        for row, difference in zip(rows, batch, strict=True):
            if row.client_id is not None:
                secret = BreakSecret(_source_key(difference), difference.expected, difference.actual)
                row.seal_new(secret, keys[row.client_id])
            else:
                row.sealed = b""
        Break.objects.bulk_create(rows, ignore_conflicts=True)
    return found


def mark_corrected(run: Run, found: set[BreakKey], by: User) -> int:
    """Breaks that were open and are no longer there are corrected; returns how many."""
    gone = [row for row in Break.objects.filter(run=run, state__in=LIVE) if key_of(row) not in found]
    for row in gone:
        _decide(row, Break.State.CORRECTED, by, BreakEvent.CORRECTED)
    return len(gone)


def key_of(row: Break) -> BreakKey:
    """What makes one break of a run the same as another."""
    return row.source, row.kind, row.row, row.field


@transaction.atomic
def explain_break(*, break_: Break, words: str, by: User) -> Break:
    """The break is explained: its cause is known and stated; a rehearsal's gate counts it no more.

    Raises:
        NotAllowed: ``by`` may not work on breaks of this transfer.
        Refused: it is not open, or no words are given.
    """
    break_ = _lock(break_)
    require(by, "transfer.work_break", break_)
    if break_.state != Break.State.OPEN:
        raise Refused("break.not_open")
    break_.explanation = _words(words)
    return _decide(break_, Break.State.EXPLAINED, by, BreakEvent.EXPLAINED)


@transaction.atomic
def ask_write_off(*, break_: Break, words: str, by: User) -> Break:
    """A second person is asked to write the break off; it stays open until then.

    Raises:
        NotAllowed: ``by`` may not work on breaks of this transfer.
        Refused: it is decided already, or no words are given.
    """
    break_ = _lock(break_)
    require(by, "transfer.work_break", break_)
    if break_.state not in {Break.State.OPEN, Break.State.EXPLAINED}:
        raise Refused("break.not_open")
    break_.explanation = _words(words)
    break_.asked_by = by
    break_.state = Break.State.WRITE_OFF_ASKED
    break_.save(update_fields=["explanation", "asked_by", "state"])
    record(BreakEvent.WRITE_OFF_ASKED, actor=by, subject=break_, run=str(break_.run_id))
    return break_


@transaction.atomic
def decide_write_off(*, break_: Break, grant: bool, by: User) -> Break:
    """The break is written off, or is open again.

    Raises:
        NotAllowed: ``by`` may not decide write-offs of this transfer.
        Refused: nobody asked, or ``by`` asked for it.
    """
    break_ = _lock(break_)
    require(by, "transfer.decide_write_off", break_)
    if break_.state != Break.State.WRITE_OFF_ASKED:
        raise Refused("break.not_asked")
    if break_.asked_by_id == by.pk:
        raise Refused("break.four_eyes")
    if grant:
        return _decide(break_, Break.State.WRITTEN_OFF, by, BreakEvent.WRITTEN_OFF)
    return _decide(break_, Break.State.OPEN, by, BreakEvent.WRITE_OFF_REFUSED)


def _break(run: Run, source: str, kind: str, difference: Difference, clients: Mapping[str, UUID]) -> Break:
    place = difference.key[0]
    client = clients.get(place)
    return Break(
        run=run,
        source=source,
        kind=f"{kind}.{difference.kind}",
        field=difference.field,
        client_id=client,
        row=_row_name(kind, difference),
        owner_side="transferor" if source != "transferee" else "transferee",
    )


def _row_name(kind: str, difference: Difference) -> str:
    """What the ledger calls the row in the clear: its id, or for outside files a keyed token of its key."""
    if len(difference.key) == 1:
        return difference.key[0][:40]
    place = token("account", "|".join(difference.key))
    return f"{kind}:{place & 0xFFFF_FFFF_FFFF_FFFF:016x}"


def _source_key(difference: Difference) -> str:
    return difference.row.get("source_no") or "|".join(difference.key)


def _lock(break_: Break) -> Break:
    lock_transfer(break_.run.transfer_id)
    return Break.objects.select_for_update(of=("self",)).select_related("run").get(pk=break_.pk)


def _words(words: str) -> str:
    if not words.strip():
        raise Refused("break.words_missing")
    return words.strip()


def _decide(break_: Break, state: str, by: User, event: BreakEvent) -> Break:
    break_.state = state
    break_.decided_by = by
    break_.decided_at = timezone.now()
    break_.save(update_fields=["state", "decided_by", "decided_at", "explanation"])
    record(event, actor=by, subject=break_, run=str(break_.run_id))
    return break_
