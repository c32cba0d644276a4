"""Bulk loads by ``COPY … FROM STDIN (FORMAT binary)``.

Invariants:
- Values keep their type: nothing is rendered as text, so nothing needs escaping.
- Rows are packed column by column; per row no Python code runs but the packing of its values.
- Nothing is sent before ``send()``; what the server refuses is raised as Django's database error and
  leaves no row behind.

PostgreSQL 18, "COPY", section "Binary Format".
"""

import io
import struct
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import chain, repeat
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.backends.utils import CursorWrapper

from vault.errors import VaultError

_HEADER: Final = b"PGCOPY\n\xff\r\n\x00" + struct.pack("!ii", 0, 0)
_TRAILER: Final = b"\xff\xff"
_NULL: Final = b"\xff\xff\xff\xff"
_UUID_LENGTH: Final = b"\x00\x00\x00\x10"
_TRUE, _FALSE = b"\x00\x00\x00\x01\x01", b"\x00\x00\x00\x01\x00"
_DAY_ZERO: Final = date(2000, 1, 1).toordinal()
_TIME_ZERO: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_NUMERIC_BASE: Final = 10_000
_length = struct.Struct("!i").pack
_int2 = struct.Struct("!ih").pack
_int4 = struct.Struct("!ii").pack
_int8 = struct.Struct("!iq").pack


def _bytea(value: bytes) -> bytes:
    return _length(len(value)) + value


def _text(value: str) -> bytes:
    return _bytea(value.encode())


def _timestamptz(value: datetime) -> bytes:
    if value.tzinfo is None:
        raise VaultError("a time without a zone cannot be stored")
    return _int8(8, (value - _TIME_ZERO) // _MICROSECOND)


def _numeric(value: Decimal) -> bytes:
    """Sign, decimal places, and base-10000 digits with the weight of the first one."""
    if not value.is_finite():
        raise VaultError("only finite numbers can be stored")
    sign, figures, exponent = value.as_tuple()
    places = max(0, -int(exponent))
    fraction_groups = -(-places // 4)
    rest = int("".join(map(str, figures))) * 10 ** (int(exponent) + fraction_groups * 4)
    digits: list[int] = []
    while rest:
        rest, digit = divmod(rest, _NUMERIC_BASE)
        digits.append(digit)
    digits.reverse()
    weight = len(digits) - fraction_groups - 1
    head = struct.pack("!hhHH", len(digits), weight, 0x4000 if sign and digits else 0, places)
    return _bytea(head + struct.pack(f"!{len(digits)}h", *digits))


_PACKERS: Final[dict[str, Callable[[Any], bytes]]] = {
    "uuid": lambda value: _UUID_LENGTH + value.bytes,
    "bytea": _bytea,
    "int2": lambda value: _int2(2, value),
    "int4": lambda value: _int4(4, value),
    "int8": lambda value: _int8(8, value),
    "text": _text,
    "jsonb": lambda value: _bytea(b"\x01" + value.encode()),
    "date": lambda value: _int4(4, value.toordinal() - _DAY_ZERO),
    "bool": lambda value: _TRUE if value else _FALSE,
    "timestamptz": _timestamptz,
    "numeric": _numeric,
}
PackedValue = UUID | bytes | int | str | date | bool | datetime | Decimal | None


class BinaryCopy:
    """Rows for one table, gathered and then sent in one COPY.

    ``columns`` pairs each column with its PostgreSQL type: uuid, bytea, int2, int4, int8, text, jsonb
    (already rendered as text), date, bool, timestamptz or numeric. ``None`` becomes NULL.
    """

    def __init__(self, cursor: CursorWrapper, table: str, columns: Sequence[tuple[str, str]]) -> None:
        unknown = [kind for _name, kind in columns if kind not in _PACKERS]
        if unknown:
            raise VaultError(f"no binary form is known for {', '.join(unknown)}")
        self._cursor = cursor
        quote = connection.ops.quote_name
        names = ", ".join(quote(name) for name, _kind in columns)
        self._statement = f"COPY {quote(table)} ({names}) FROM STDIN (FORMAT binary)"
        self._packers = [_PACKERS[kind] for _name, kind in columns]
        self._row_head = struct.pack("!h", len(columns))
        self._buffer = io.BytesIO()
        self._buffer.write(_HEADER)
        self._rows = 0

    def add_rows(self, rows: Iterable[Sequence[PackedValue]]) -> None:
        """Each row holds one value per column, in the order of the columns."""
        self.add_columns(list(zip(*rows, strict=True)))

    def add_columns(self, columns: Sequence[Sequence[PackedValue]]) -> None:
        """The same rows given as one sequence per column: the fastest way when they exist so."""
        if not columns:
            return
        if len(columns) != len(self._packers):
            raise VaultError(f"{len(columns)} columns given, {len(self._packers)} declared")
        packed = [
            [_NULL if value is None else pack(value) for value in column]
            for pack, column in zip(self._packers, columns, strict=True)
        ]
        rows = zip(repeat(self._row_head, len(packed[0])), *packed, strict=True)
        self._buffer.write(b"".join(chain.from_iterable(rows)))
        self._rows += len(packed[0])

    def send(self) -> int:
        """The rows are in the table, as far as the transaction goes; returns how many."""
        self._buffer.write(_TRAILER)
        self._buffer.seek(0)
        with self._cursor.db.wrap_database_errors:
            self._cursor.copy_expert(self._statement, self._buffer)
        sent, self._rows = self._rows, 0
        self._buffer = io.BytesIO()
        self._buffer.write(_HEADER)
        return sent
