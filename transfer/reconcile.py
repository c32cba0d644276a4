"""Comparing what was handed over with what came back. Pure: rows in, digests and differences out.

Invariants:
- Rows are found by key, never by place; the order of either file does not matter.
- Every row of either side is accounted for: equal, differing in named fields, missing, or extra. Rows with
  the same key are paired off, equal ones first; so a row that is twice on both sides is no difference.
- Amounts compare as decimals within a tolerance; everything else as exact text.
- A digest only ever says "equal". Whatever it does not call equal is looked at again as text, so neither a
  collision of the short key nor a way of writing an amount can make or hide a difference.
- Memory holds one part of the digests of both sides (``parts_for``), never the rows themselves.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from operator import itemgetter
from typing import Any, Final

import numpy as np

Row = Mapping[str, str]
Cells = Sequence[str]
"""The cells of one row, in the order of its columns; cells behind the last column belong to our own side."""

MISSING, EXTRA, DIFFERS = "missing", "extra", "differs"
RECORD: Final = np.dtype([("key", "<u8"), ("high", "<u8"), ("low", "<u8")])
"""One row as it is compared at first: 64 bits of its key's digest, 128 of the whole row's."""

PART_ROWS: Final = 250_000
_SEPARATOR: Final = "\x1f"
Records = np.ndarray[Any, np.dtype[np.void]]
Places = np.ndarray[Any, np.dtype[np.int64]]
Keys = np.ndarray[Any, np.dtype[np.uint64]]


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


@dataclass(frozen=True)
class Suspects:
    """Rows that their digests do not call equal, by their places on either side, in whole groups of one key."""

    expected: Places
    actual: Places
    expected_keys: Keys
    actual_keys: Keys

    def lot(self, number: int, lots: int) -> "Suspects":
        """One of ``lots`` lots of them; which one says only the key, so rows of one key stay together."""
        mine, theirs = (
            # The high half: the low one may have chosen the part already.
            (keys >> np.uint64(32)) % np.uint64(lots) == number
            for keys in (self.expected_keys, self.actual_keys)
        )
        return Suspects(
            self.expected[mine], self.actual[theirs], self.expected_keys[mine], self.actual_keys[theirs]
        )


class Shape:
    """A layout over rows of cells: where its columns stand."""

    def __init__(self, columns: Sequence[str], layout: Layout) -> None:
        self.columns, self.layout = tuple(columns), layout
        self._key = [self.columns.index(name) for name in layout.key]
        self._fields = [self.columns.index(name) for name in layout.fields]
        self._amounts = [self.columns.index(name) for name in layout.fields if name in layout.amounts]
        self._whole = itemgetter(*self._key, *self._fields)
        self._width = len(self._key) + len(self._fields)

    def key_of(self, cells: Cells) -> tuple[str, ...]:
        """By what a row is found."""
        return tuple(cells[place] for place in self._key)

    def digests(self, rows: Iterable[Cells]) -> bytes:
        """The record of every row, in their order, as bytes of ``RECORD``."""
        blake, wide, key, whole = hashlib.blake2b, self._width, self._key, self._whole
        only = key[0] if len(key) == 1 else None
        found = []
        for cells in rows:
            values = whole(self._plain(cells) if self._amounts else cells)
            joined = _SEPARATOR.join(values)
            if joined.count(_SEPARATOR) != wide - 1:
                joined = json.dumps(values)  # A value holds the separator itself.
            named = cells[only] if only is not None else json.dumps([cells[place] for place in key])
            found.append(blake(named.encode(), digest_size=8).digest())
            found.append(blake(joined.encode(), digest_size=16).digest())
        return b"".join(found)

    def differences(self, expected: list[Cells], actual: list[Cells], counts: Counts) -> Iterator[Difference]:
        """What differs between the rows of one key on either side; equal rows are counted."""
        left = list(actual)
        unlike = []
        for cells in expected:
            same = next((at for at, other in enumerate(left) if not self._unequal(cells, other)), None)
            if same is None:
                unlike.append(cells)
            else:
                del left[same]
                counts.equal += 1
        for cells, other in zip(unlike, left, strict=False):
            for name in self._unequal(cells, other):
                place = self.columns.index(name)
                yield self._difference(DIFFERS, cells, name, cells[place], other[place])
        for cells in unlike[len(left) :]:
            yield self._difference(MISSING, cells, "", "present", "")
        for place, cells in enumerate(left[len(unlike) :]):
            said = "present twice" if expected or place else "present"
            yield self._difference(EXTRA, cells, "", "", said)

    def _difference(self, kind: str, cells: Cells, name: str, expected: str, actual: str) -> Difference:
        row = dict(zip(self.columns, cells, strict=False))
        return Difference(kind, self.key_of(cells), name, expected, actual, row)

    def _unequal(self, cells: Cells, other: Cells) -> list[str]:
        layout = self.layout
        return [
            name
            for name, place in zip(layout.fields, self._fields, strict=True)
            if not _equal(cells[place], other[place], name, layout)
        ]

    def _plain(self, cells: Cells) -> list[str]:
        plain = list(cells)
        for place in self._amounts:
            plain[place] = plain_amount(plain[place])
        return plain


def parts_for(rows: int) -> int:
    """Into how many parts the digests of so many rows are divided, so that one part is small."""
    return 1 + rows // PART_ROWS


def records_in(data: bytes, part: int, parts: int, first_place: int) -> tuple[Records, Places]:
    """The records of one part among these, and their places counted from ``first_place``."""
    records: Records = np.frombuffer(data, dtype=RECORD)
    if parts == 1:
        return records, np.arange(first_place, first_place + len(records), dtype=np.int64)
    # The key's digest is even, so its remainder divides the rows evenly; both sides agree on it.
    chosen = np.flatnonzero(records["key"] % np.uint64(parts) == part)
    return records[chosen], chosen.astype(np.int64) + first_place


def match(expected: tuple[Records, Places], actual: tuple[Records, Places], counts: Counts) -> Suspects:
    """Rows with one record on either side, and the same, are equal and counted; all others are suspect."""
    counts.expected += len(expected[0])
    counts.actual += len(actual[0])
    mine, my_places = _by_key(expected)
    theirs, their_places = _by_key(actual)
    once = _alone(mine["key"])
    found = np.searchsorted(theirs["key"], mine["key"])
    inside = found < len(theirs)
    found[~inside] = 0
    equal = once & inside
    if len(theirs):
        beside = theirs[found]
        equal &= _alone(theirs["key"])[found]
        for name in ("key", "high", "low"):
            equal &= beside[name] == mine[name]
    counts.equal += int(equal.sum())
    settled = np.zeros(len(theirs), dtype=bool)
    settled[found[equal]] = True
    return _suspects(mine[~equal], my_places[~equal], theirs[~settled], their_places[~settled])


def _suspects(mine: Records, my_places: Places, theirs: Records, their_places: Places) -> Suspects:
    here, there = np.argsort(my_places), np.argsort(their_places)
    return Suspects(my_places[here], their_places[there], mine["key"][here], theirs["key"][there])


def _by_key(side: tuple[Records, Places]) -> tuple[Records, Places]:
    order = np.argsort(side[0]["key"], kind="stable")
    return side[0][order], side[1][order]


def _alone(keys: Any) -> Any:
    """Which of these sorted keys stand only once."""
    alone = np.ones(len(keys), dtype=bool)
    same = keys[1:] == keys[:-1]
    alone[1:] &= ~same
    alone[:-1] &= ~same
    return alone


def plain_amount(value: str) -> str:
    """An amount in one way of writing, as far as it is written plainly: equal results are equal amounts."""
    if not value:
        return "0"
    whole, point, rest = value.partition(".")
    if not value.isascii() or not whole.isdigit() or not (rest.isdigit() or not point):
        return value
    rest = rest.rstrip("0")
    whole = whole.lstrip("0") or "0"
    return f"{whole}.{rest}" if rest else whole


def _equal(expected: str, actual: str, column: str, layout: Layout) -> bool:
    if expected == actual:
        return True
    if column not in layout.amounts:
        return False
    try:
        return abs(Decimal(expected or "0") - Decimal(actual or "0")) <= layout.tolerance
    except InvalidOperation:
        return False


def total_by(rows: Iterable[Cells], key: Sequence[int], amount: int, owner: int) -> Iterator[tuple[str, ...]]:
    """The sum of one amount per key, as rows of key, amount, and the owner of the first row that counted."""
    sums: dict[tuple[str, ...], tuple[Decimal, str]] = {}
    for cells in rows:
        place = tuple(cells[column] for column in key)
        before, whose = sums.get(place, (Decimal(0), cells[owner]))
        sums[place] = (before + Decimal(cells[amount] or "0"), whose)
    for place, (total, whose) in sums.items():
        yield (*place, str(total), whose)
