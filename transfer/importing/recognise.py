"""What a file is before anything is read from it: format, header, kind of extract. Pure.

Invariants:
- Bytes decide, never the name alone; a name that promises something else is refused.
- Every refusal names what is wrong and, for text, the line and column at which it is.
"""

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from audit.errors import Refused
from clients.fields import LAYOUTS, LINE_HEADINGS, Layout, plain
from intake.bounds import MOST_COLUMNS
from intake.frames import Record
from transfer.importing.how import ARCHIVE, CSV, DBF, DBF_ZIP, JSONL, XLS, XLSX, How
from transfer.importing.texts import Text
from transfer.importing.traditional import simplified

WIDTH_ROWS: Final = 1_000
# A header is looked for below at most so many lines of preamble.
HEADER_WITHIN: Final = 40
LONGEST_HEADING: Final = 80
WIDEST_HEADER: Final = 300

_ENDINGS: Final = {
    CSV: {".csv", ".txt", ".tsv", ".xls"},
    XLSX: {".xlsx", ".xls"},
    XLS: {".xls"},
    ARCHIVE: {".zip"},
    DBF: {".dbf"},
    DBF_ZIP: {".zip"},
    JSONL: {".jsonl", ".ndjson", ".json"},
}
_OUR_WORDS: Final = frozenset(word for layout in LAYOUTS.values() for word in layout.by_heading)
_OLD_WORKBOOK: Final = b"\xd0\xcf\x11\xe0"
_BINARY_MARKS: Final = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")
_TABLE_MARKS: Final = frozenset(b"\x02\x03\x04\x30\x31\x32\x43\x83\x8b\x8c\xcb\xf5")


@dataclass(frozen=True)
class Column:
    """One heading as the source wrote it, and the canonical field it means ("" for none of ours)."""

    heading: str
    field: str


def format_of(head: bytes, name: str) -> str:
    """The format the first bytes show; whether a zip archive is a workbook is not known yet.

    Raises:
        Refused: the file is empty, or is nothing we read.
    """
    if not head:
        raise Refused("file.empty")
    if head.startswith(b"PK\x03\x04"):
        return ARCHIVE
    if head.startswith(_OLD_WORKBOOK):
        return XLS
    if head.startswith((*_BINARY_MARKS, b"PK")):
        raise Refused("file.not_what_it_says", name=PurePath(name).suffix)
    if _is_table(head):
        return DBF
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    is_object = text.startswith(b"{") and PurePath(name).suffix.lower() not in _ENDINGS[CSV]
    return JSONL if is_object else CSV


def _is_table(head: bytes) -> bool:
    """A dBase table begins with its dialect and a date; a text has no NUL among its first bytes."""
    return len(head) >= 32 and head[0] in _TABLE_MARKS and b"\x00" in head[8:32] and head[2] <= 12


def refuse_wrong_name(found: str, name: str, *, unopened: bool = False) -> None:
    """Refuse a name that promises another format than was found; an archive not yet opened may be a workbook."""
    ending = PurePath(name).suffix.lower()
    allowed = _ENDINGS[ARCHIVE] | _ENDINGS[XLSX] if unopened and found == ARCHIVE else _ENDINGS[found]
    if ending and ending not in allowed:
        raise Refused("file.not_what_it_says", name=ending)


def header_of(text: Text) -> list[str]:
    """The headings, in the source's own words.

    Raises:
        Refused: an unclosed quote, an empty heading, or a heading that stands twice (also when it
            differs only by width, case or blanks).
    """
    end = len(text.head) if text.is_whole else text.head.rfind("\n") + 1
    try:
        cells = next(csv.reader(io.StringIO(text.head[:end], newline=""), strict=True))
    except StopIteration:
        if text.is_whole:
            raise Refused("file.empty") from None
        raise Refused("file.header_too_long", limit=LONGEST_HEADING) from None
    except csv.Error:
        raise Refused("file.truncated", line=1) from None
    return headings_of(cells)


def headings_of(cells: list[str]) -> list[str]:
    """The cells of a row as headings.

    Raises:
        Refused: too many, an empty one, or one that stands twice.
    """
    if len(cells) > MOST_COLUMNS:
        raise Refused("file.too_many_columns", line=1, limit=MOST_COLUMNS)
    headings = [cell.strip().lstrip("\ufeff") for cell in cells]
    if any(len(heading) > LONGEST_HEADING for heading in headings):
        raise Refused("file.header_too_long", limit=LONGEST_HEADING)
    seen: set[str] = set()
    for place, heading in enumerate(headings, 1):
        if not heading:
            raise Refused("file.header_missing", field=f"#{place}")
        if plain(heading) in seen:
            raise Refused("file.duplicate_header", field=heading)
        seen.add(plain(heading))
    return headings


def told_apart(cells: list[str]) -> list[str]:
    """The cells of a foreign header with every column named: empty ones, and those that stand twice, by place."""
    found: list[str] = []
    seen: set[str] = set()
    for place, cell in enumerate(_trimmed(cells), 1):
        heading = cell.strip().lstrip("\ufeff")[:60]
        if not heading or plain(heading) in seen:
            heading = f"{heading}#{place}"
        seen.add(plain(heading))
        found.append(heading)
    return found


def _trimmed(cells: list[str]) -> list[str]:
    last = max((place for place, cell in enumerate(cells, 1) if cell.strip()), default=0)
    return cells[:last]


def map_header(
    headings: list[str], *, kind: str | None, known: Callable[[str], set[str]]
) -> tuple[str, list[Column]]:
    """The kind of extract and the field behind every heading.

    ``known`` gives the headings of a kind for which somebody has declared a policy although they are
    none of ours.

    Raises:
        Refused: a heading nobody knows, or a required one that is missing, by name.
    """
    layout = LAYOUTS[kind] if kind else _likeliest(headings)
    columns = columns_of(layout.kind, headings)
    declared = {plain(name) for name in known(layout.kind)}
    for column in columns:
        if not column.field and plain(column.heading) not in declared:
            raise Refused("file.unknown_field", field=column.heading)
    taken = [column.field for column in columns if column.field]
    twice = next((name for name in taken if taken.count(name) > 1 and not name.startswith("_")), None)
    if twice:
        raise Refused("file.duplicate_header", field=layout.by_name[twice].heading)
    for needed in layout.required():
        if needed.name not in taken:
            raise Refused("file.header_missing", field=needed.heading)
    return layout.kind, columns


@dataclass(frozen=True)
class Found:
    """A header that was understood: kind, columns, and how the records lie around it."""

    kind: str
    columns: list[Column]
    how: How


def find_header(
    records: list[Record], *, delimiter: str, kind: str | None, known: Callable[[str], set[str]]
) -> Found | None:
    """The first of the records that is a whole header of a kind we know; None where none is."""
    for record in records[:HEADER_WITHIN]:
        cells = _trimmed(record.cells)
        if not 3 <= len(cells) <= WIDEST_HEADER or not _speaks_our_words(cells):
            continue
        try:
            found, columns = map_header(headings_of(cells), kind=kind, known=known)
        except Refused:
            continue
        return Found(found, columns, How(delimiter=delimiter, header_line=record.number))
    return None


def _speaks_our_words(cells: list[str]) -> bool:
    """Whether a row can be a header of ours at all; most rows of a file cannot."""
    return sum(plain(simplified(cell)) in _OUR_WORDS for cell in cells) >= 3


def columns_of(kind: str, headings: list[str], fields: list[str] | None = None) -> list[Column]:
    """The field behind every heading of an extract; ``fields`` where somebody has declared them."""
    if fields:
        return [Column(heading, field) for heading, field in zip(headings, fields, strict=True)]
    return [Column(heading, _field_of(LAYOUTS[kind], heading)) for heading in headings]


def _field_of(layout: Layout, heading: str) -> str:
    if heading in LINE_HEADINGS:
        return ("_line", "_column", "_reason")[LINE_HEADINGS.index(heading)]
    found = layout.by_heading.get(plain(heading)) or layout.by_heading.get(plain(simplified(heading)))
    return found.name if found else ""


def _likeliest(headings: list[str]) -> Layout:
    """The layout that knows most of the headings and misses fewest of its required ones."""

    def fits(layout: Layout) -> tuple[int, int]:
        known = {name for word in headings if (name := _field_of(layout, word)) and name[0] != "_"}
        missing = sum(1 for item in layout.required() if item.name not in known)
        return len(known) - 2 * missing, len(known)

    return max(LAYOUTS.values(), key=fits)


def refuse_cut(text: Text, columns: int) -> None:
    """Refuse a text whose last line breaks off: no line end, and fewer cells than the header."""
    if text.ends_with_newline:
        return
    try:
        cells = next(csv.reader([text.last_line], strict=True), [])
    except csv.Error:
        cells = []
    if len(cells) < columns:
        raise Refused("file.truncated", line="last")


def widths_of(text: Text, columns: list[Column], layout: Layout) -> dict[str, int]:
    """The width nearly every one of the first rows has, per code column that has one."""
    lines = text.head.split("\n")[1 : WIDTH_ROWS + 2]
    rows = csv.reader(line.replace("\r", "") for line in lines[:-1])
    return dominant_widths((row for row in rows if len(row) == len(columns)), columns, layout)


def dominant_widths(rows: Iterable[list[str]], columns: list[Column], layout: Layout) -> dict[str, int]:
    """Per code column the one width that at least nine rows in ten share; absent where there is none."""
    counts: dict[int, dict[int, int]] = {
        place: {}
        for place, column in enumerate(columns)
        if column.field and not column.field.startswith("_") and layout.by_name[column.field].parse == "code"
    }
    for row in rows:
        for place, tally in counts.items():
            width = len(row[place].strip())
            if width:
                tally[width] = tally.get(width, 0) + 1
    found = {}
    for place, tally in counts.items():
        if tally:
            width, votes = max(tally.items(), key=lambda item: item[1])
            if votes * 10 >= sum(tally.values()) * 9:
                found[columns[place].field] = width
    return found
