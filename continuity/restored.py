"""Reading a restored database: its log recomputed, and a sample of its clients opened with its wraps."""

from collections import defaultdict
from contextlib import closing
from typing import Final
from uuid import UUID

from psycopg2 import extensions

from access.models import User
from audit import note
from audit.checkpoints import log_key
from audit.models import Event, Leaf
from audit.reading import reading
from audit.tree import Frontier, leaf_hash
from clients.models import Client
from continuity.errors import NotRestorable
from continuity.measuring import WRAPS, LogHead
from vault.rows import open_restored_rows
from vault.wraps import CUSTODY, WrapRow

PURPOSE: Final = "restore_drill"
_ROWS_AT_ONCE: Final = 2_000
_CLIENTS: Final = Client._meta.db_table
# The table and column names are our own models'.
_BODIES: Final = f"""
SELECT event.body FROM {Leaf._meta.db_table} AS leaf
  LEFT JOIN {Event._meta.db_table} AS event ON event.id = leaf.event_id ORDER BY leaf.index
"""  # noqa: S608
_SAMPLE: Final = f"""
SELECT id::text, custodian::text, revision, sealed FROM {_CLIENTS} AS client
 WHERE EXISTS (SELECT FROM {WRAPS} AS wrap
                WHERE wrap.subject = client.id AND wrap.holder = client.custodian AND wrap.purpose = %s)
 ORDER BY random() LIMIT %s
"""  # noqa: S608
_THEIR_WRAPS: Final = f"""
SELECT subject::text, key_version, epoch, wrapped, commitment FROM {WRAPS}
 WHERE subject = ANY(%s::uuid[]) AND holder = %s::uuid AND purpose = %s
"""  # noqa: S608


def recompute_log(link: extensions.connection) -> tuple[int, str]:
    """Size and root that the restored entries give, hashed anew."""
    frontier = Frontier()
    with closing(link.cursor("leaves")) as cursor:
        cursor.itersize = _ROWS_AT_ONCE
        cursor.execute(_BODIES)
        for (body,) in cursor:
            frontier.append(leaf_hash(b"" if body is None else bytes(body)))
    return frontier.size, frontier.root().hex()


def open_sample(cursor: extensions.cursor, count: int, *, actor: User | None) -> tuple[int, int]:
    """Opens at most ``count`` restored clients, chosen at random, with the restored wraps.

    Nothing of them is kept or shown; each organisation's reading stands in the live log first. Returns
    how many were chosen and how many opened to a document.

    Raises:
        VaultError: one of them does not open.
    """
    cursor.execute(_SAMPLE, [CUSTODY, count])
    by_holder: dict[UUID, list[Client]] = defaultdict(list)
    chosen = cursor.fetchall()
    for row_id, holder, revision, sealed in chosen:
        client = Client(id=UUID(row_id), custodian_id=UUID(holder), revision=revision, sealed=bytes(sealed))
        by_holder[UUID(holder)].append(client)
    opened = 0
    for holder, clients in by_holder.items():
        ids = [client.pk for client in clients]
        with reading(actor=actor, organisation=holder, purpose=PURPOSE, subjects=ids) as right:
            opened += len(open_restored_rows(clients, _wraps(cursor, ids, holder), right))
    return len(chosen), opened


def _wraps(cursor: extensions.cursor, subjects: list[UUID], holder: UUID) -> list[WrapRow]:
    cursor.execute(_THEIR_WRAPS, [[str(subject) for subject in subjects], str(holder), CUSTODY])
    return [
        (UUID(subject), version, epoch, bytes(wrapped), bytes(commitment))
        for subject, version, epoch, wrapped, commitment in cursor.fetchall()
    ]


def check_head(recorded: LogHead) -> None:
    """Returns when the recorded checkpoint is signed by our log and says the size and root beside it.

    Raises:
        NotRestorable: it does not (``drill.log_differs``).
    """
    if not recorded.size:
        return
    key = log_key()
    try:
        signed = note.parse(recorded.checkpoint)
        note.check(signed, key)
    except note.NoteError:
        raise NotRestorable("drill.log_differs") from None
    if signed.head != note.Head(key.name, recorded.size, bytes.fromhex(recorded.root)):
        raise NotRestorable("drill.log_differs")
