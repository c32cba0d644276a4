"""Whether the log is whole: every event against its leaf, every leaf against tiles and signed heads.

Invariants:
- Verification changes nothing, and sees the log as it stood at one moment.
- Whoever changes, removes or exchanges entries in the database is found by the log's own checkpoints
  unless they hold its key; whoever cuts the log, rolls it back or signs another is found by a
  checkpoint that was kept outside (``keep_checkpoint``).
"""

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from typing import Any, Final

import msgspec
from django.db import connection, transaction

from audit.canonical import Entry, canonical
from audit.checkpoints import log_key
from audit.faults import FaultKind, Report
from audit.models import Event, Pending
from audit.standing import guard_faults
from audit.tree import leaf_hash
from audit.watching import HeadWatch, OutsideWatch, TileWatch, Tree, Watch

_LEAVES: Final = """
SELECT leaf.index, leaf.event_id::text, leaf.hash, event.body,
       to_char(event.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
       event.type, event.actor::text, event.organisation::text, event.subject_type, event.subject::text,
       event.request_id, event.purpose, event.facts::text
  FROM audit_leaf AS leaf LEFT JOIN audit_event AS event ON event.id = leaf.event_id
 ORDER BY leaf.index
"""
_UNSEQUENCED: Final = """
SELECT event.id FROM audit_event AS event
 WHERE NOT EXISTS (SELECT FROM audit_leaf AS leaf WHERE leaf.event_id = event.id)
   AND NOT EXISTS (SELECT FROM audit_pending AS pending WHERE pending.event_id = event.id)
"""
_ORPHANED_MARKS: Final = """
SELECT pending.event_id FROM audit_pending AS pending
 WHERE NOT EXISTS (SELECT FROM audit_event AS event WHERE event.id = pending.event_id)
"""
_ROWS_AT_ONCE: Final = 2_000


def verify(checkpoint_note: str | None = None) -> Report:
    """What is wrong with the log, if anything; also against a checkpoint that was kept outside.

    Raises:
        VaultError: the key by which the signatures are checked does not open.
    """
    report = Report()
    key = log_key()
    with one_moment():
        for fault in guard_faults():
            report.add(fault.kind, fault.where)
        _check_marks(report)
        watches: list[Watch] = [TileWatch(report), HeadWatch(report, key)]
        if checkpoint_note is not None:
            watches.append(OutsideWatch(report, key, checkpoint_note))
        tree = Tree(report, watches)
        with closing(_leaves()) as leaves:
            for row in leaves:
                _check_event(report, row)
                tree.append(row[0], bytes(row[2]))
        tree.end()
    return report


@contextmanager
def one_moment() -> Iterator[None]:
    """One snapshot for all queries; inside somebody else's transaction theirs must do."""
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def _check_marks(report: Report) -> None:
    """Every event waits or has its leaf, and what waits is as it was recorded."""
    report.pending = Pending.objects.count()
    for event in Event.objects.filter(pending__isnull=False).iterator(chunk_size=_ROWS_AT_ONCE):
        if event.canonical() != bytes(event.body):
            report.add(FaultKind.COLUMNS_CHANGED, f"event {event.pk}")
    for kind, query in (
        (FaultKind.EVENT_UNSEQUENCED, _UNSEQUENCED),
        (FaultKind.MARK_ORPHANED, _ORPHANED_MARKS),
    ):
        with connection.cursor() as cursor:
            cursor.execute(query)
            for (event_id,) in cursor.fetchall():
                report.add(kind, f"event {event_id}")


def _leaves() -> Generator[tuple[Any, ...], None, None]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(_LEAVES)
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            yield from rows


def _check_event(report: Report, row: tuple[Any, ...]) -> None:
    """The leaf hashes the event's bytes, and the event's columns say what its bytes say."""
    index, event_id, leaf, body = row[:4]
    if body is None:
        report.add(FaultKind.LEAF_ORPHANED, f"leaf {index}, event {event_id}")
        return
    body = bytes(body)
    if leaf_hash(body) != bytes(leaf):
        report.add(FaultKind.BODY_CHANGED, f"leaf {index}, event {event_id}")
    if _from_columns(event_id, row[4:]) != body:
        report.add(FaultKind.COLUMNS_CHANGED, f"leaf {index}, event {event_id}")


def _from_columns(event_id: str, columns: tuple[str, ...]) -> bytes:
    at, kind, actor, organisation, subject_type, subject, request_id, purpose, facts = columns
    entry = Entry(
        id=event_id,
        type=kind,
        actor=actor,
        organisation=organisation,
        subject_type=subject_type,
        subject=subject,
        request_id=request_id,
        purpose=purpose,
        facts=msgspec.json.decode(facts),
    )
    return canonical(entry, at)
