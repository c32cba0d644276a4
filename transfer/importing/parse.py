"""One slice of bytes into records with their line numbers. Pure.

Invariants:
- A record's line is the physical line on which it begins; in a sheet, the sheet's row.
- A record with another number of cells than the header is refused as ragged and never padded.
- Blank lines are not records and are not counted.
"""

import csv
import io
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

import numpy as np
import numpy.typing as npt

FORBIDDEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
BLANKS: Final = " \u3000\u00a0\t"

_LONE_RETURN: Final = re.compile("\r(?!\n)")
_VERTICAL_TAB: Final = "\x0b"
_LINE_FEED: Final = 0x0A

csv.field_size_limit(64 * 1024**2)


def _classes(letters: Iterable[str]) -> npt.NDArray[np.bool_]:
    """Which of the 65,536 UTF-16 units are these letters."""
    found = np.zeros(0x10000, dtype=np.bool_)
    found[[ord(letter) for letter in letters]] = True
    return found


_IS_FORBIDDEN: Final = _classes(letter for letter in map(chr, range(0x10000)) if FORBIDDEN.match(letter))
_IS_BLANK: Final = _classes(BLANKS)
_ENDS_CELL: Final = _classes(',"\r\n')


@dataclass
class Fault:
    """Why one record is refused: its line, the column's place in the header (-1: the whole line), a code."""

    line: int
    place: int
    code: str


@dataclass
class Table:
    """The whole records of a slice, column by column, and the faults of the others with their cells.

    Only the rows that ``odd`` names may have cells with blanks at their ends or with forbidden characters;
    None: any row may. No cell is longer than ``longest``; None: nobody has looked.
    """

    lines: list[int]
    columns: list[list[str]]
    faults: list[Fault] = field(default_factory=list)
    refused: dict[int, list[str]] = field(default_factory=dict)
    rows: int = 0
    odd: Sequence[int] | None = None
    longest: int | None = None

    def to_look_at(self) -> Sequence[int]:
        """The rows whose cells must be looked at one by one."""
        return range(len(self.lines)) if self.odd is None else self.odd


_ARMOURED: Final = re.compile(r"'+[=+\-@\t\r]")


def undefused(table: Table) -> None:
    """Takes off the apostrophe that a file of rejects puts before what a spreadsheet would run."""
    table.columns = [
        [cell[1:] if cell[:1] == "'" and _ARMOURED.match(cell) else cell for cell in column]
        for column in table.columns
    ]
    table.odd = table.longest = None


def read_records(data: bytes, *, encoding: str, first_line: int, width: int, numbered: bool = False) -> Table:
    """The records of one slice. ``numbered`` slices carry the sheet row in a hidden first column, and
    behind it, when the reader of the sheet refused the row, the code and the column's place.
    """
    text = data.decode("utf-8" if encoding == "utf-8-sig" else encoding)
    records = _split(text, first_line) or _Records(*_numbered_rows(text, first_line))
    table = Table([], [[] for _ in range(width)], rows=len(records.rows), longest=records.longest)
    lines, rows, refused = records.lines, records.rows, dict[int, Fault]()
    if numbered:
        marks = [_mark_of(row.pop(0)) for row in rows]
        lines = [line for line, _ in marks]
        refused = {place: fault for place, (_, fault) in enumerate(marks) if fault}
    for place, row in enumerate(rows):
        if len(row) != width:
            refused.setdefault(place, Fault(lines[place], -1, "ragged_row"))
    table.faults = [refused[place] for place in sorted(refused)]
    table.refused = {lines[place]: rows[place] for place in refused}
    whole = [place for place in range(len(rows)) if place not in refused]
    table.lines = [lines[place] for place in whole]
    if whole:
        table.columns = [list(column) for column in zip(*(rows[place] for place in whole), strict=True)]
    if records.odd is not None:
        table.odd = sorted({max(0, bisect_right(whole, place) - 1) for place in records.odd} if whole else ())
    return table


def _mark_of(cell: str) -> tuple[int, Fault | None]:
    line, _, mark = cell.partition(";")
    if not mark:
        return int(line), None
    code, _, place = mark.partition(";")
    return int(line), Fault(int(line), int(place), code)


@dataclass
class _Records:
    """The records of a slice with the physical lines on which they begin; the rest as in ``Table``."""

    lines: list[int]
    rows: list[list[str]]
    odd: list[int] | None = None
    longest: int | None = None


def _split(text: str, first_line: int) -> _Records | None:
    """The records, split at every comma and line end but in lines with quotes, which the csv module reads.

    None where lines end in more than one way: then the csv module must read everything.
    """
    ends, returns = text.count("\n"), text.count("\r")
    end = "\r\n" if returns else "\n"
    if returns not in {0, ends} or text.count(end) != ends:
        return None
    physical = text.split(end)
    units = np.frombuffer(text.encode("utf-16-le"), dtype=np.uint16)
    line_ends = np.flatnonzero(units == _LINE_FEED)
    rows: list[list[str]] = [line.split(",") for line in physical]
    try:
        inner = _read_quoted(physical, rows, end) if '"' in text else set()
    except csv.Error:
        return None
    left_out = inner | {place for place, line in enumerate(physical) if not line}
    kept = [place for place in range(len(rows)) if place not in left_out] if left_out else range(len(rows))
    longest = None if inner else int(np.diff(line_ends, prepend=-1, append=len(units)).max())
    strange = set(np.searchsorted(line_ends, _strange(units)).tolist())
    odd = [max(0, bisect_right(kept, place) - 1) for place in strange]
    return _Records([first_line + place for place in kept], [rows[place] for place in kept], odd, longest)


def _read_quoted(physical: list[str], rows: list[list[str]], end: str) -> set[int]:
    """Records with quotes are in place of their first lines; returns the places of their other lines."""
    inner: set[int] = set()
    behind, last = 0, len(physical) - 1
    for place, line in enumerate(physical):
        if place < behind or '"' not in line:
            continue
        reader = csv.reader(
            part if number == last else part + end
            for number, part in enumerate(islice(physical, place, None), place)
            if part or number < last
        )
        rows[place] = next(reader)
        behind = place + reader.line_num
        inner.update(range(place + 1, behind))
    return inner


def _strange(units: npt.NDArray[np.uint16]) -> npt.NDArray[np.intp]:
    """Where a forbidden character stands, or a blank at the end of a cell."""
    blank = np.flatnonzero(_IS_BLANK[units])
    around = np.concatenate(([_LINE_FEED], units, [_LINE_FEED])).astype(np.uint16)
    at_end = _ENDS_CELL[around[blank]] | _ENDS_CELL[around[blank + 2]]
    return np.concatenate((np.flatnonzero(_IS_FORBIDDEN[units]), blank[at_end]))


def _numbered_rows(text: str, first_line: int) -> tuple[list[int], list[list[str]]]:
    try:
        found = list(_rows(text, first_line))
    except csv.Error:
        # The csv module stops at a lone carriage return outside quotes. A vertical tab in its place
        # lets the record be read, and refused for its control character.
        found = list(_rows(_LONE_RETURN.sub(_VERTICAL_TAB, text), first_line))
    return [line for line, _ in found], [row for _, row in found]


def _rows(text: str, first_line: int) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline="\n"))
    before = 0
    for row in reader:
        line, before = first_line + before, reader.line_num
        if row:
            yield line, row
