"""Records of a foreign file as the UTF-8 CSV that slices are cut from. Pure.

Invariants:
- The hidden first column is the record's number in its source, behind it the fault if there is one: a number
  where text is needed (leading zeros, digits beyond the fifteenth), or a formula.
- Where a rule was declared, a word of the source becomes ours, and a code is brought to its length by zeros in
  front; a number that has no more digits than that was not damaged.
- Preamble, header and footer are left out; constants stand in columns of their own behind the file's.
"""

import csv
import io
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final

from clients.fields import Field, Layout
from intake.frames import Record
from transfer.importing.how import BIG5, MOST_DIGITS, How, rule_of
from transfer.importing.recognise import Column
from transfer.importing.traditional import simplified

_NUMERIC: Final = frozenset({"number", "date", "expiry"})
_ROWS_PER_PIECE: Final = 5_000


def as_csv(
    records: Iterable[Record], columns: list[Column], layout: Layout, how: How, *, encoding: str = ""
) -> Iterator[bytes]:
    """The records below the header, under a header of its own."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["row", *(column.heading for column in columns)])
    shaper = _Shaper(columns, layout, how, is_traditional=encoding == BIG5)
    for count, record in enumerate(_body(records, how), 1):
        cells, mark = shaper.row(record)
        writer.writerow([f"{record.number}{mark}", *cells])
        if count % _ROWS_PER_PIECE == 0:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _body(records: Iterable[Record], how: How) -> Iterator[Record]:
    """What lies between header and footer and is not blank."""
    waiting: deque[Record] = deque()
    for record in records:
        if record.number <= how.header_line or not any(record.cells):
            continue
        waiting.append(record)
        if len(waiting) > how.footer_lines:
            yield waiting.popleft()


class _Shaper:
    """One record after another brought under the columns."""

    def __init__(self, columns: list[Column], layout: Layout, how: How, *, is_traditional: bool) -> None:
        self._own = len(columns) - len(how.constants)
        self._constants = [how.constants[column.field] for column in columns[self._own :]]
        self._items: list[Field | None] = [
            layout.by_name.get(column.field) for column in columns[: self._own]
        ]
        rules = {
            place: rule_of(how.rules[column.field])
            for place, column in enumerate(columns[: self._own])
            if column.field in how.rules
        }
        self._words = {place: rule.words for place, rule in rules.items() if rule.words}
        self._digits = {place: rule.digits for place, rule in rules.items() if rule.digits}
        self._choices = (
            {place: dict(item.choices) for place, item in enumerate(self._items) if item and item.choices}
            if is_traditional
            else {}
        )

    def row(self, record: Record) -> tuple[list[str], str]:
        """The cells and, behind the number, why the row is refused."""
        cells = list(record.cells)
        while len(cells) > self._own and not cells[-1]:
            cells.pop()
        self._speak_our_words(cells)
        mark = self._mark(record.kinds, cells)
        for place, digits in self._digits.items():
            if place < len(cells) and _is_code(cells[place]):
                cells[place] = cells[place].strip().zfill(digits)
        if len(cells) == self._own:
            cells += self._constants
        return cells, mark

    def _speak_our_words(self, cells: list[str]) -> None:
        for place, known in self._choices.items():
            if place < len(cells) and cells[place] not in known and simplified(cells[place]) in known:
                cells[place] = simplified(cells[place])
        for place, words in self._words.items():
            if place < len(cells):
                cells[place] = words.get(cells[place].strip(), cells[place])

    def _mark(self, kinds: str, cells: list[str]) -> str:
        if not kinds:
            return ""
        formula = kinds.find("f")
        if formula >= 0:
            return f";formula_cell;{formula}"
        for place, (kind, item) in enumerate(zip(kinds, self._items, strict=False)):
            if kind not in "nb" or item is None or item.parse in _NUMERIC:
                continue
            if kind == "n" and _is_code(cells[place]) and len(cells[place]) <= self._digits.get(place, 0):
                continue
            return f";number_cell;{place}"
        return ""


def _is_code(cell: str) -> bool:
    """Whether a cell is nothing but digits, and few enough that a spreadsheet has kept them all."""
    text = cell.strip()
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS
