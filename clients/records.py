"""The digest of one client's whole record, computed by the database in one pass.

A record is the client's row and every sealed row beside it. Its digest is SHA-256 over the row digests
(``vault.rows.row_digest``) of all of them, ordered by label and row id: the ciphertext is pinned, so the
digest shows nothing of the client and stays the same while only keys move. ``docs/formats/canonical-record.md``.
"""

from collections.abc import Collection
from uuid import UUID

from django.db import connection

from clients.models import Account, Client, Document, Holding, Preference, Relation, Trade
from vault.rows import SealedModel

PARTS: tuple[type[SealedModel], ...] = (Client, Relation, Account, Holding, Trade, Preference, Document)


def record_digests(clients: Collection[UUID]) -> dict[UUID, bytes]:
    """The 32-byte digest of each client's record as it stands; a client that does not exist is absent."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL, {"clients": list(clients)})
        return {client: bytes(digest) for client, digest in cursor.fetchall()}


def record_rows(client: UUID) -> list[tuple[str, UUID, int, bytes]]:
    """Label, row id, revision and row digest of every row of one record, in the order they are hashed."""
    with connection.cursor() as cursor:
        cursor.execute(_LISTED, {"clients": [client]})
        return [
            (label, row, revision, bytes(digest)) for _, label, row, revision, digest in cursor.fetchall()
        ]


def _rows_of(model: type[SealedModel]) -> str:
    label, table = model.sealed_label, model._meta.db_table
    subject = "id" if model is Client else "client_id"
    # The parts of vault.rows.row_digest, each behind its length in four bytes.
    return f"""
    SELECT {subject} AS client, '{label}' AS label, id, revision,
           sha256(int4send({len(label)}) || '{label}'::bytea || int4send(16) || uuid_send(id)
                  || int4send(4) || int4send(revision) || int4send(length(sealed)) || sealed) AS digest
      FROM {table} WHERE {subject} = ANY(%(clients)s)
    """  # noqa: S608  names of our own tables and labels, no input


_ROWS = " UNION ALL ".join(_rows_of(model) for model in PARTS)
_SQL = f"""
SELECT client, sha256(string_agg(digest, ''::bytea ORDER BY label COLLATE "C", id))
  FROM ({_ROWS}) parts GROUP BY client
"""  # noqa: S608
_LISTED = f'SELECT * FROM ({_ROWS}) parts ORDER BY label COLLATE "C", id'  # noqa: S608
