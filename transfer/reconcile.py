"""Comparing what was handed over with what came back. Pure: streams of rows in, differences out.

Invariants:
- Rows are found by key, never by place; the order of either file does not matter.
- Every row of either side is accounted for: equal, differing in named fields, missing, or extra.
- Amounts compare as decimals within a tolerance; everything else as exact text.
- Of the rows that came back only digests stay in memory, and the rows that differ; ``parts`` divides even
  these, at the price of reading both sides once for each part.
"""

import dataclasses
import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

Row = Mapping[str, str]
Rows = Callable[[], Iterable[Row]]
"""Gives the rows afresh each time it is called: comparing takes two passes."""

MISSING, EXTRA, DIFFERS = "missing", "extra", "differs"


@dataclass(frozen=True)
class Layout:
    """How rows of one kind are found and compared."""

    key: tuple[str, ...]
    fields: tuple[str, ...]
    amounts: frozenset[str] = frozenset()
    tolerance: Decimal = Decimal(0)


@dataclass(frozen=True)
class Difference:
    """One difference: which row, which field, both values as they are written."""

    kind: str
    key: tuple[str, ...]
    field: str
    expected: str
    actual: str
    row: Row = dataclasses.field(compare=False)


@dataclass
class Counts:
    """How many rows each side had and how many were equal."""

    expected: int = 0
    actual: int = 0
    equal: int = 0


def compare(
    expected: Rows, actual: Rows, layout: Layout, counts: Counts | None = None, *, parts: int = 1
) -> Iterator[Difference]:
    """Every difference between what was expected and what came back.

    Raises:
        KeyError: a row lacks a column of the layout.
    """
    counts = counts or Counts()
    for part in range(parts):
        yield from _compare_part(
            _only(expected, layout, part, parts), _only(actual, layout, part, parts), layout, counts
        )


def _only(rows: Rows, layout: Layout, part: int, parts: int) -> Rows:
    """The rows whose key falls into this part; which one says only the key, so both sides agree."""
    if parts == 1:
        return rows
    return lambda: (
        row for row in rows() if zlib.crc32("\x1f".join(key_of(row, layout)).encode()) % parts == part
    )


def _compare_part(expected: Rows, actual: Rows, layout: Layout, counts: Counts) -> Iterator[Difference]:
    came_back: dict[tuple[str, ...], bytes] = {}
    for row in actual():
        counts.actual += 1
        key = key_of(row, layout)
        if key in came_back:
            yield Difference(EXTRA, key, "", "", "present twice", row)
        came_back[key] = _digest(row, layout)
    suspects: dict[tuple[str, ...], Row] = {}
    for row in expected():
        counts.expected += 1
        key = key_of(row, layout)
        found = came_back.pop(key, None)
        if found is None:
            yield Difference(MISSING, key, "", "present", "", row)
        elif found == _digest(row, layout):
            counts.equal += 1
        else:
            suspects[key] = row
    yield from _second_look(actual, layout, suspects, came_back)


def key_of(row: Row, layout: Layout) -> tuple[str, ...]:
    """By what a row is found."""
    return tuple(row[column] for column in layout.key)


def _second_look(
    actual: Rows, layout: Layout, suspects: dict[tuple[str, ...], Row], extra: dict[tuple[str, ...], bytes]
) -> Iterator[Difference]:
    """The fields of the rows that differ, and the rows nobody expected."""
    if not suspects and not extra:
        return
    for row in actual():
        key = key_of(row, layout)
        if key in suspects:
            wanted = suspects.pop(key)
            for column in layout.fields:
                if not _equal(wanted[column], row[column], column, layout):
                    yield Difference(DIFFERS, key, column, wanted[column], row[column], wanted)
        elif extra.pop(key, None) is not None:
            yield Difference(EXTRA, key, "", "", "present", row)


def _equal(expected: str, actual: str, column: str, layout: Layout) -> bool:
    if expected == actual:
        return True
    if column not in layout.amounts:
        return False
    try:
        return abs(Decimal(expected or "0") - Decimal(actual or "0")) <= layout.tolerance
    except InvalidOperation:
        return False


def _digest(row: Row, layout: Layout) -> bytes:
    values = (_plain(row[column], column, layout) for column in layout.fields)
    return hashlib.blake2b("\x1f".join(values).encode(), digest_size=16).digest()


def _plain(value: str, column: str, layout: Layout) -> str:
    """Amounts in one way of writing, so that 1.0 and 1.00 are the same at first look."""
    if column not in layout.amounts:
        return value
    try:
        return str(Decimal(value or "0").normalize())
    except InvalidOperation:
        return value


def total_by(
    rows: Iterable[Row], key: Sequence[str], amount: str, where: Callable[[Row], bool]
) -> Iterator[Row]:
    """The sum of one amount per key over the rows that count, as rows of key and amount."""
    sums: dict[tuple[str, ...], Decimal] = {}
    for row in rows:
        if where(row):
            place = tuple(row[column] for column in key)
            sums[place] = sums.get(place, Decimal(0)) + Decimal(row[amount] or "0")
    for place, total in sums.items():
        yield {**dict(zip(key, place, strict=True)), amount: str(total)}
