"""What a database holds, in figures that a restored copy must reproduce.

Invariants:
- All figures come from one transaction, so they speak of one moment.
- The live database and the restored one are measured by the same statements under the same settings,
  by the same major version of PostgreSQL: equal rows give equal figures.
"""

from contextlib import closing
from datetime import datetime
from typing import Any, Final

import msgspec
from psycopg2 import extensions, sql

from audit.models import Checkpoint
from audit.tree import EMPTY_ROOT
from clients.models import Client
from vault.models import SealedFile, Wrap

WRAPS: Final = Wrap._meta.db_table
SESSIONS: Final = "django_session"
"""Sign-ins of the moment are credentials, and no backup brings them back to life."""

_ALIKE: Final = (
    "SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO'; SET LOCAL intervalstyle = 'postgres';"
    "SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1"
)
_TABLES: Final = """
SELECT relname FROM pg_class
 WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
   AND NOT relispartition AND relname <> %s
 ORDER BY relname
"""
_FIGURES: Final = sql.SQL(
    "SELECT count(*), coalesce(sum(hashtextextended(row::text, 0)), 0)::text FROM {} AS row"
)


class Table(msgspec.Struct, frozen=True):
    """How many rows, and a sum over a hash of each: it does not depend on their order."""

    rows: int
    checksum: str


class LogHead(msgspec.Struct, frozen=True):
    """The newest signed head of the log; size 0 while there is none."""

    size: int
    root: str
    checkpoint: str


class Measures(msgspec.Struct, frozen=True):
    """The figures of one database at one moment."""

    at: datetime
    tables: dict[str, Table]
    clients: dict[str, int]
    wraps: dict[str, int]
    log: LogHead


def measure(link: extensions.connection) -> Measures:
    """The figures of the database behind ``link``, whose transaction must see one snapshot."""
    with closing(link.cursor()) as cursor:
        cursor.execute(_ALIKE)
        return Measures(
            at=_one(cursor, "SELECT now()"),
            tables={name: _table(cursor, name) for name in _names(cursor)},
            clients=_counts(cursor, Client._meta.db_table, "custodian::text"),
            wraps=_counts(cursor, WRAPS, "holder || ' ' || purpose"),
            log=_log_head(cursor),
        )


def sealed_files(link: extensions.connection) -> list[str]:
    """The ids of the sealed files that have a row, in order."""
    with closing(link.cursor()) as cursor:
        cursor.execute(f"SELECT id::text FROM {SealedFile._meta.db_table} ORDER BY id")  # noqa: S608
        return [row[0] for row in cursor.fetchall()]


def _names(cursor: extensions.cursor) -> list[str]:
    cursor.execute(_TABLES, [SESSIONS])
    return [row[0] for row in cursor.fetchall()]


def _table(cursor: extensions.cursor, name: str) -> Table:
    cursor.execute(_FIGURES.format(sql.Identifier(name)))
    rows, checksum = cursor.fetchone() or (0, "0")
    return Table(rows, checksum)


def _counts(cursor: extensions.cursor, table: str, key: str) -> dict[str, int]:
    cursor.execute(f"SELECT {key}, count(*) FROM {table} GROUP BY 1 ORDER BY 1")  # noqa: S608 - our own names
    return dict(cursor.fetchall())


def _log_head(cursor: extensions.cursor) -> LogHead:
    table = Checkpoint._meta.db_table
    cursor.execute(f"SELECT size, root, note FROM {table} ORDER BY size DESC LIMIT 1")  # noqa: S608
    found = cursor.fetchone()
    if found is None:
        return LogHead(0, EMPTY_ROOT.hex(), "")
    return LogHead(found[0], bytes(found[1]).hex(), found[2])


def _one(cursor: extensions.cursor, query: str) -> Any:
    cursor.execute(query)
    found = cursor.fetchone()
    return None if found is None else found[0]
