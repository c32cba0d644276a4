"""The digest of one client's whole record, computed by the database in one pass.

A record is the client's row and every sealed row beside it. Its digest is SHA-256 over the row digests
(``vault.rows.row_digest``) of all of them, ordered by label and row id: the ciphertext is pinned, so the
digest shows nothing of the client and stays the same while only keys move. ``docs/formats/canonical-record.md``.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection

from clients.models import Account, Client, Document, Holding, Preference, Relation, Trade
from vault.fixed import as_array, fetch_fixed
from vault.rows import SealedModel
from vault.sealing import length_prefixed

PARTS: tuple[type[SealedModel], ...] = (Client, Relation, Account, Holding, Trade, Preference, Document)


def record_digests(clients: Collection[UUID]) -> dict[UUID, bytes]:
    """The 32-byte digest of each client's record as it stands; a client that does not exist is absent."""
    return {UUID(bytes=client): digest for client, digest, _rows, _horizon in _read(as_array(clients))}


@dataclass(frozen=True)
class Versions:
    """Which versions of the rows of some records were read: all older than ``horizon``, and how many."""

    horizon: int
    rows: int


def digests_and_versions(clients: str) -> tuple[list[tuple[bytes, bytes]], Versions]:
    """Id and record digest of each client in the order of ids, and what ``untouched`` needs, of one moment.

    ``clients`` is as ``vault.fixed.as_array`` renders them.
    """
    read = list(_read(clients))
    horizon = read[0][3] if read else 0
    digests = [(client, digest) for client, digest, _rows, _horizon in read]
    return digests, Versions(horizon, sum(rows for _client, _digest, rows, _horizon in read))


def untouched(clients: str, versions: Versions) -> bool:
    """True when the rows of these records are the very versions that were read: none written, added or gone.

    A version of a row never changes, and carries the transaction that wrote it. If as many rows as were read
    stand there, all of them written by transactions that had ended before the reading, they are those that were
    read. False is no proof of a change: a row written while the reading went on, or moved since by a restore,
    is not older either; whoever needs to know then reads the digests anew.
    """
    with connection.cursor() as cursor:
        cursor.execute(_UNTOUCHED, {"clients": clients, "horizon": versions.horizon})
        rows, older = cursor.fetchone()
    return bool(older) and rows == versions.rows


def _read(clients: str) -> Iterator[tuple[bytes, bytes, int, int]]:
    with connection.cursor() as cursor:
        return fetch_fixed(cursor, _SQL, {"clients": clients}, "16s 32s q q")


def record_rows(client: UUID) -> list[tuple[str, UUID, int, bytes]]:
    """Label, row id, revision and row digest of every row of one record, in the order they are hashed."""
    with connection.cursor() as cursor:
        cursor.execute(_LISTED, {"clients": as_array([client])})
        return [
            (_LABELS[part], row, revision, bytes(digest))
            for _, part, row, revision, digest in cursor.fetchall()
        ]


def _rows_of(part: int, model: type[SealedModel]) -> str:
    label, table = model.sealed_label.encode(), model._meta.db_table
    subject = "id" if model is Client else "client_id"
    # The parts of vault.rows.row_digest, each behind its length in four bytes; constants are joined here,
    # because every function called costs about as much as the hash of a short row.
    head = length_prefixed(label).hex() + "00000010"
    return f"""
    SELECT {subject} AS client, {part}::int2 AS part, id, revision,
           sha256('\\x{head}'::bytea || uuid_send(id) || '\\x00000004'::bytea || int4send(revision)
                  || int4send(octet_length(sealed)) || sealed) AS digest
      FROM {table} WHERE {subject} = ANY(wanted.clients)
    """  # noqa: S608  names of our own tables, no input


_ORDERED: Final = sorted(PARTS, key=lambda model: model.sealed_label.encode())
_LABELS: Final = [model.sealed_label for model in _ORDERED]
# The ids come once and not once for each table; a part is the place of its label among the sorted labels.
_ROWS: Final = " UNION ALL ".join(
    f"(SELECT rows.* FROM wanted CROSS JOIN LATERAL ({_rows_of(part, model)}) rows)"  # noqa: S608
    for part, model in enumerate(_ORDERED)
)
_WANTED: Final = """
WITH wanted AS MATERIALIZED (
    SELECT %(clients)s::uuid[] AS clients, pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon)
"""
_SQL: Final = f"""
{_WANTED} SELECT client, sha256(string_agg(digest, ''::bytea ORDER BY part, id)), count(*),
                 (SELECT horizon FROM wanted)
  FROM ({_ROWS}) parts GROUP BY client ORDER BY client
"""  # noqa: S608
_LISTED: Final = f"{_WANTED} SELECT * FROM ({_ROWS}) parts ORDER BY part, id"  # noqa: S608
_VERSIONS: Final = " UNION ALL ".join(
    f"(SELECT rows.* FROM wanted CROSS JOIN LATERAL (SELECT xmin FROM {model._meta.db_table}"  # noqa: S608
    f" WHERE {'id' if model is Client else 'client_id'} = ANY(wanted.clients)) rows)"
    for model in _ORDERED
)
# A transaction id is compared by its age, because ids come round again.
_UNTOUCHED: Final = f"""
{_WANTED} SELECT count(*), min(age(xmin)) > age(%(horizon)s::text::xid8::xid) FROM ({_VERSIONS}) versions
"""  # noqa: S608
