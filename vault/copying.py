"""Bulk loads by ``COPY … FROM STDIN (FORMAT binary)``.

Invariants:
- Values keep their type: nothing is rendered as text, so nothing needs escaping.
- Rows are packed column by column; columns of one width are laid out side by side at once, and per row no
  Python code runs but the packing of values that are of no fixed width.
- Nothing is sent before ``send()``; what the server refuses is raised as Django's database error and
  leaves no row behind.

PostgreSQL 18, "COPY", section "Binary Format".
"""

import io
import struct
from collections.abc import Iterable, Sequence
from itertools import chain, repeat
from typing import Any, Final

import numpy as np
from django.db import connection
from django.db.backends.utils import CursorWrapper

from vault.errors import VaultError
from vault.matrix import Matrix, beside, lengths, numbers, rows_of
from vault.packing import NULL, PACKERS, REPEATING, PackedValue, packed_length

_HEADER: Final = b"PGCOPY\n\xff\r\n\x00" + struct.pack("!ii", 0, 0)
_TRAILER: Final = b"\xff\xff"
_AT_ONCE: Final = 64 * 1024
_WIDTHS: Final = {"int2": 2, "int4": 4, "int8": 8, "bool": 1}


class Same:
    """One value for every row."""

    def __init__(self, value: Any) -> None:
        self.value = value


Column = Sequence[PackedValue] | np.ndarray[Any, Any] | Same
"""Values of one column: a sequence, one for all, an array of numbers or truths (a masked one where some are
missing), or, for uuid and bytea, a matrix of bytes."""

_Part = bytes | Matrix | list[bytes]
"""Packed values: of all rows alike; of every row in one width; of every row in its own."""


class BinaryCopy:
    """Rows for one table, gathered and then sent in one COPY.

    ``columns`` pairs each column with its PostgreSQL type: uuid, bytea, int2, int4, int8, text, jsonb
    (already rendered as text), date, bool, timestamptz or numeric. ``None`` becomes NULL.
    """

    def __init__(self, cursor: CursorWrapper, table: str, columns: Sequence[tuple[str, str]]) -> None:
        unknown = [kind for _name, kind in columns if kind not in PACKERS]
        if unknown:
            raise VaultError(f"no binary form is known for {', '.join(unknown)}")
        self._cursor = cursor
        quote = connection.ops.quote_name
        names = ", ".join(quote(name) for name, _kind in columns)
        self._statement = f"COPY {quote(table)} ({names}) FROM STDIN (FORMAT binary)"
        self._kinds = [kind for _name, kind in columns]
        self._buffer = io.BytesIO()
        self._buffer.write(_HEADER)
        self._rows = 0

    def add_rows(self, rows: Iterable[Sequence[PackedValue]]) -> None:
        """Each row holds one value per column, in the order of the columns."""
        self.add_columns(list(zip(*rows, strict=True)))

    def add_columns(self, columns: Sequence[Column]) -> None:
        """The same rows given column by column: the fastest way when they exist so."""
        if not columns:
            return
        if len(columns) != len(self._kinds):
            raise VaultError(f"{len(columns)} columns given, {len(self._kinds)} declared")
        sizes = {len(column) for column in columns if not isinstance(column, Same)}
        if len(sizes) != 1:
            raise ValueError("columns of different lengths, or none that says how many rows there are")
        count = sizes.pop()
        parts: list[_Part] = [struct.pack("!h", len(columns))]
        for kind, column in zip(self._kinds, columns, strict=True):
            parts += _parts(kind, column)
        self._buffer.write(_laid_out(parts, count))
        self._rows += count

    def send(self) -> int:
        """The rows are in the table, as far as the transaction goes; returns how many."""
        self._buffer.write(_TRAILER)
        self._buffer.seek(0)
        with self._cursor.db.wrap_database_errors:
            self._cursor.copy_expert(self._statement, self._buffer, size=_AT_ONCE)
        sent, self._rows = self._rows, 0
        self._buffer = io.BytesIO()
        self._buffer.write(_HEADER)
        return sent


def _parts(kind: str, column: Column) -> list[_Part]:
    """One column, packed."""
    if isinstance(column, Same):
        return [NULL if column.value is None else PACKERS[kind](column.value)]
    if isinstance(column, np.ma.MaskedArray):
        fixed = rows_of(_fixed(kind, np.ma.getdata(column)))
        for row in np.flatnonzero(np.ma.getmaskarray(column)):
            fixed[row] = NULL
        return [fixed]
    if isinstance(column, np.ndarray):
        return [_fixed(kind, column)]
    if kind == "bytea" and None not in column:
        return [numbers(lengths(column), 4), column if isinstance(column, list) else list(column)]  # type: ignore[arg-type]
    pack = PACKERS[kind]
    if kind not in REPEATING:
        return [[NULL if value is None else pack(value) for value in column]]
    known: dict[PackedValue, bytes] = {value: pack(value) for value in set(column) if value is not None}
    return [[NULL if value is None else known[value] for value in column]]


def _fixed(kind: str, array: np.ndarray[Any, Any]) -> Matrix:
    """Values of one width, each behind its length."""
    if kind in _WIDTHS:
        return beside(len(array), packed_length(_WIDTHS[kind]), numbers(array, _WIDTHS[kind]))
    if array.ndim == 2 and array.dtype == np.uint8 and kind in {"bytea", "uuid"}:
        return beside(len(array), packed_length(array.shape[1]), array)
    raise VaultError(f"an array of {array.dtype} is no column of {kind}")


def _laid_out(parts: Sequence[_Part], count: int) -> bytes:
    """The parts of every row one after another; neighbours of fixed width are joined first."""
    runs: list[Iterable[bytes]] = []
    pending: list[bytes | Matrix] = []
    for part in parts:
        if isinstance(part, list):
            if pending:
                runs.append(_run(pending, count))
            pending = []
            runs.append(part)
        else:
            pending.append(part)
    if not runs:
        return beside(count, *pending).tobytes()
    if pending:
        runs.append(_run(pending, count))
    return b"".join(chain.from_iterable(zip(*runs, strict=True)))


def _run(parts: list[bytes | Matrix], count: int) -> Iterable[bytes]:
    constant = [part for part in parts if isinstance(part, bytes)]
    if len(constant) == len(parts):
        return repeat(b"".join(constant), count)
    return rows_of(beside(count, *parts))
