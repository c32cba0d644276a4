"""Rows whose columns all have a fixed width, in and out by binary COPY: the fastest way for many small ones.

Invariants:
- Nothing is rendered as text in either direction, and no object is made per value but what the caller asks.
- Columns are never NULL and always as wide as declared; the tables' constraints see to that, and an answer
  that does not come out even is refused.

PostgreSQL 18, "COPY", section "Binary Format".
"""

import io
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.backends.utils import CursorWrapper

from vault.errors import VaultError

_HEADER: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER: Final = b"\xff\xff"


def as_array(ids: Iterable[UUID] | Iterable[bytes]) -> str:
    """Many ids as one parameter for ``ANY(%s::uuid[])``: rendered and read many times faster than a list."""
    return "{" + ",".join([each.hex() if isinstance(each, bytes) else each.hex for each in ids]) + "}"


def fetch_fixed(
    cursor: CursorWrapper, query: str, parameters: Sequence[Any] | dict[str, Any], widths: str
) -> Iterator[tuple[Any, ...]]:
    """The rows of ``query``; ``widths`` gives each column's struct code: ``16s h i 32s``.

    Raises:
        VaultError: a column is not as wide as declared.
    """
    row = struct.Struct("!2x" + "".join(f"4x{code}" for code in widths.split()))
    statement = cursor.mogrify(query, parameters).decode()
    buffer = io.BytesIO()
    with cursor.db.wrap_database_errors:
        cursor.copy_expert(f"COPY ({statement}) TO STDOUT (FORMAT binary)", buffer)
    data = buffer.getbuffer()[len(_HEADER) : -len(_TRAILER)]
    if len(data) % row.size:
        raise VaultError("a row is not as wide as declared")
    return row.iter_unpack(data)


def fixed_row(*widths: int | bytes) -> bytes:
    """A template for ``%``: one row with a ``%b`` for each width; bytes are the same in every row."""
    columns = [
        struct.pack("!i", len(each)) + each if isinstance(each, bytes) else struct.pack("!i", each)
        for each in widths
    ]
    wanted = [b"" if isinstance(each, bytes) else b"%b" for each in widths]
    pieces = [column.replace(b"%", b"%%") + more for column, more in zip(columns, wanted, strict=True)]
    return struct.pack("!h", len(widths)) + b"".join(pieces)


def send_fixed(cursor: CursorWrapper, table: str, columns: Sequence[str], rows: Sequence[bytes]) -> int:
    """Rows made by a template of ``fixed_row`` are in the table, as far as the transaction goes."""
    names = ", ".join(connection.ops.quote_name(name) for name in columns)
    statement = f"COPY {connection.ops.quote_name(table)} ({names}) FROM STDIN (FORMAT binary)"
    with cursor.db.wrap_database_errors:
        cursor.copy_expert(statement, io.BytesIO(b"".join((_HEADER, *rows, _TRAILER))))
    return len(rows)
