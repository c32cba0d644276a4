"""Records of a foreign file as the UTF-8 CSV that slices are cut from. Pure.

Invariants:
- The hidden first column is the record's number in its source, behind it the fault if there is one: a number
  where text is needed (leading zeros, digits beyond the fifteenth), or a formula.
- Preamble, header and footer are left out; constants stand in columns of their own behind the file's.
"""

import csv
import io
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final

from clients.fields import Field, Layout
from intake.frames import Record
from transfer.importing.how import BIG5, How
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
        for place, known in self._choices.items():
            if place < len(cells) and cells[place] not in known and simplified(cells[place]) in known:
                cells[place] = simplified(cells[place])
        if len(cells) == self._own:
            cells += self._constants
        return cells, self._mark(record.kinds)

    def _mark(self, kinds: str) -> str:
        if not kinds:
            return ""
        formula = kinds.find("f")
        if formula >= 0:
            return f";formula_cell;{formula}"
        for place, (kind, item) in enumerate(zip(kinds, self._items, strict=False)):
            if kind in "nb" and item is not None and item.parse not in _NUMERIC:
                return f";number_cell;{place}"
        return ""
