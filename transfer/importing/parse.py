"""One slice of bytes into records with their line numbers. Pure.

Invariants:
- A record's line is the physical line on which it begins; in a sheet, the sheet's row.
- A record with another number of cells than the header is refused as ragged and never padded.
- Blank lines are not records and are not counted.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

_LONE_RETURN: Final = re.compile("\r(?!\n)")
_VERTICAL_TAB: Final = "\x0b"

csv.field_size_limit(64 * 1024**2)


@dataclass
class Fault:
    """Why one record is refused: its line, the column's place in the header (-1: the whole line), a code."""

    line: int
    place: int
    code: str


@dataclass
class Table:
    """The whole records of a slice, column by column, and the faults of the others with their cells."""

    lines: list[int]
    columns: list[list[str]]
    faults: list[Fault] = field(default_factory=list)
    refused: dict[int, list[str]] = field(default_factory=dict)
    rows: int = 0

    def column(self, place: int) -> list[str]:
        """One column; a field the extract lacks is a column of empty strings."""
        return self.columns[place] if place >= 0 else [""] * len(self.lines)


_ARMOURED: Final = re.compile(r"'+[=+\-@\t\r]")


def undefused(table: Table) -> None:
    """Takes off the apostrophe that a file of rejects puts before what a spreadsheet would run."""
    table.columns = [
        [cell[1:] if cell[:1] == "'" and _ARMOURED.match(cell) else cell for cell in column]
        for column in table.columns
    ]


def read_records(data: bytes, *, encoding: str, first_line: int, width: int, numbered: bool = False) -> Table:
    """The records of one slice. ``numbered`` slices carry the sheet row in a hidden first column, and
    behind it, when the reader of the sheet refused the row, the code and the column's place.
    """
    text = data.decode("utf-8" if encoding == "utf-8-sig" else encoding)
    table = Table([], [[] for _ in range(width)])
    whole: list[list[str]] = []
    for physical, row in _numbered_rows(text, first_line):
        table.rows += 1
        line, fault = _mark_of(row.pop(0)) if numbered else (physical, None)
        if fault is None and len(row) != width:
            fault = Fault(line, -1, "ragged_row")
        if fault:
            table.faults.append(fault)
            table.refused[line] = row
        else:
            table.lines.append(line)
            whole.append(row)
    if whole:
        table.columns = [list(column) for column in zip(*whole, strict=True)]
    return table


def _mark_of(cell: str) -> tuple[int, Fault | None]:
    line, _, mark = cell.partition(";")
    if not mark:
        return int(line), None
    code, _, place = mark.partition(";")
    return int(line), Fault(int(line), int(place), code)


def _numbered_rows(text: str, first_line: int) -> list[tuple[int, list[str]]]:
    try:
        return list(_rows(text, first_line))
    except csv.Error:
        # The csv module stops at a lone carriage return outside quotes. A vertical tab in its place
        # lets the record be read, and refused for its control character.
        return list(_rows(_LONE_RETURN.sub(_VERTICAL_TAB, text), first_line))


def _rows(text: str, first_line: int) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline="\n"))
    before = 0
    for row in reader:
        line, before = first_line + before, reader.line_num
        if row:
            yield line, row
