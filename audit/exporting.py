"""Taking the log out of the house: the leaves in exactly their hashed form, and the newest checkpoint."""

from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Final

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from audit import bundle, checkpoints
from audit.context import UNSET
from audit.durable import write_whole
from audit.errors import Refused, register_messages
from audit.events import AuditEvent
from audit.models import Checkpoint
from audit.services import record
from vault.ids import INSTALLATION

SUFFIX: Final = ".checkpoint"
_ROWS_AT_ONCE: Final = 2_000
_BODIES: Final = """
SELECT leaf.index, event.body
  FROM audit_leaf AS leaf JOIN audit_event AS event ON event.id = leaf.event_id
 WHERE leaf.index < %s
 ORDER BY leaf.index
"""

register_messages(
    {
        "audit.log_empty": _("The log has no checkpoint yet."),
        "audit.log_not_whole": _("The log is not whole: leaf %(index)s has no event. Verify the log."),
    }
)


def export_leaves(path: Path, *, by: object | None = UNSET) -> Checkpoint:
    """``path`` holds the bytes of every leaf under the newest checkpoint, which lies beside it.

    The export stands in the log before the first byte is written.

    Raises:
        Refused: the log has no checkpoint yet (``audit.log_empty``) or an event is gone
            (``audit.log_not_whole``); the file is as it was before.
    """
    head = begin_export(by=by)
    with transaction.atomic(), closing(exported(head.size)) as entries:
        write_whole(path, entries)
    write_whole(path.with_name(path.name + SUFFIX), [head.note.encode()])
    return head


@transaction.atomic
def begin_export(*, by: object | None = UNSET) -> Checkpoint:
    """The export of everything under the newest checkpoint stands in the log; ``exported`` gives the bytes.

    Raises:
        Refused: the log has no checkpoint yet (``audit.log_empty``).
    """
    head = _newest()
    record(
        AuditEvent.LEAVES_EXPORTED,
        actor=by,
        subject=("audit.log", INSTALLATION),
        size=head.size,
        root=bytes(head.root),
    )
    return head


def exported(size: int) -> Generator[bytes, None, None]:
    """The entries of the first ``size`` leaves, in order; needs an open transaction.

    Raises:
        Refused: one of them is gone (``audit.log_not_whole``).
    """
    expected = 0
    with connection.chunked_cursor() as cursor:
        cursor.execute(_BODIES, [size])
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            for index, body in rows:
                if index != expected:
                    raise Refused("audit.log_not_whole", index=expected)
                yield bundle.entry(bytes(body))
                expected += 1
    if expected != size:
        raise Refused("audit.log_not_whole", index=expected)


def keep_checkpoint(path: Path) -> Checkpoint:
    """``path`` holds the newest checkpoint: to be carried to where this installation cannot reach it.

    Raises:
        Refused: the log has no checkpoint yet (``audit.log_empty``).
    """
    head = _newest()
    write_whole(path, [head.note.encode()])
    return head


def _newest() -> Checkpoint:
    head = checkpoints.latest()
    if head is None:
        raise Refused("audit.log_empty")
    return head
