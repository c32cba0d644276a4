"""What a file is before anything is read from it: format, encoding, header, kind of extract. Pure.

Invariants:
- Bytes decide, never the name alone; a name that promises something else is refused.
- A file is text only if every byte of it decodes strictly; text without a mark is UTF-8 if it can be,
  else GB18030.
- Every refusal names what is wrong and, for text, the line and column at which it is.
"""

import codecs
import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from audit.errors import Refused
from clients.fields import LAYOUTS, LINE_HEADINGS, Layout, plain

CSV, XLSX, ARCHIVE = "csv", "xlsx", "zip"
UTF8, UTF8_BOM, GB18030 = "utf-8", "utf-8-sig", "gb18030"
HEAD_BYTES: Final = 256 * 1024
WIDTH_ROWS: Final = 1_000

_ENDINGS: Final = {
    CSV: {".csv", ".txt"},
    XLSX: {".xlsx"},
    ARCHIVE: {".zip"},
}
_FOREIGN_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_BINARY_MARKS: Final = (
    b"%PDF",
    b"\xd0\xcf\x11\xe0",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"Rar!",
    b"7z\xbc\xaf",
    b"\x1f\x8b",
)

Stream = Callable[[], Iterable[bytes]]


@dataclass(frozen=True)
class Column:
    """One heading as the source wrote it, and the canonical field it means ("" for none of ours)."""

    heading: str
    field: str


@dataclass(frozen=True)
class Text:
    """A whole text file that decodes: its encoding, its head and how it ends."""

    encoding: str
    head: str
    ends_with_newline: bool
    last_line: str


def format_of(head: bytes, name: str, *, is_workbook: bool) -> str:
    """The format the first bytes show.

    Raises:
        Refused: the file is empty, or is not what its name says, or nothing we read.
    """
    if not head:
        raise Refused("file.empty")
    if head.startswith(b"PK\x03\x04"):
        found = XLSX if is_workbook else ARCHIVE
    elif head.startswith((*_BINARY_MARKS, b"PK")):
        raise Refused("file.not_what_it_says", name=PurePath(name).suffix)
    else:
        found = CSV
    ending = PurePath(name).suffix.lower()
    if ending and ending not in _ENDINGS[found]:
        raise Refused("file.not_what_it_says", name=ending)
    return found


def read_text(stream: Stream) -> Text:
    """Decode the whole file strictly, in one pass per encoding tried.

    Raises:
        Refused: empty, a NUL byte, no encoding fits, only carriage returns between lines.
    """
    head = _head(stream())
    if not head.strip(b"\xef\xbb\xbf\r\n \t"):
        raise Refused("file.empty")
    if head.startswith(_FOREIGN_MARKS):
        raise Refused("file.encoding", line=1, column=1)
    if head.startswith(codecs.BOM_UTF8):
        return _decoded(stream, UTF8_BOM)
    try:
        return _decoded(stream, UTF8)
    except Refused as refusal:
        if refusal.code != "file.encoding":
            raise
    return _decoded(stream, GB18030)


def _head(blocks: Iterable[bytes]) -> bytes:
    head = b""
    for block in blocks:
        head += block
        if len(head) >= HEAD_BYTES:
            break
    return head[:HEAD_BYTES]


def _decoded(stream: Stream, encoding: str) -> Text:
    watch = _Watch(encoding)
    for block in stream():
        watch.take(block)
    return watch.finished()


class _Watch:
    """One pass over a text: decodes strictly and remembers where it is."""

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="strict")
        self._head = ""
        self._tail = ""
        self._newlines = 0
        self._returns = 0

    def take(self, block: bytes) -> None:
        if b"\x00" in block:
            line, column = self._place(block, block.index(b"\x00"))
            raise Refused("file.nul_byte", line=line, column=column)
        try:
            text = self._decoder.decode(block)
        except UnicodeDecodeError as problem:
            line, column = self._place(block, problem.start)
            raise Refused("file.encoding", line=line, column=column) from None
        if len(self._head) < HEAD_BYTES:
            self._head += text
        self._newlines += text.count("\n")
        self._returns += text.count("\r")
        self._tail = (self._tail + text)[-HEAD_BYTES:]

    def finished(self) -> Text:
        try:
            self._decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            column = len(self._tail.rpartition("\n")[2]) + 1
            raise Refused("file.encoding", line=self._newlines + 1, column=column) from None
        if self._returns and not self._newlines:
            raise Refused("file.line_ends")
        last = self._tail.rstrip("\r\n").rpartition("\n")[2]
        return Text(self.encoding, self._head, self._tail.endswith("\n"), last)

    def _place(self, block: bytes, at: int) -> tuple[int, int]:
        before = block[: max(at, 0)]
        line = self._newlines + before.count(b"\n") + 1
        return line, len(before) - (before.rfind(b"\n") + 1) + 1


def header_of(text: Text) -> list[str]:
    """The headings, in the source's own words.

    Raises:
        Refused: an unclosed quote, an empty heading, or a heading that stands twice (also when it
            differs only by width, case or blanks).
    """
    try:
        cells = next(csv.reader(io.StringIO(text.head, newline=""), strict=True))
    except StopIteration:
        raise Refused("file.empty") from None
    except csv.Error:
        raise Refused("file.truncated", line=1) from None
    headings = [cell.strip().lstrip("\ufeff") for cell in cells]
    seen: dict[str, str] = {}
    for place, heading in enumerate(headings, 1):
        if not heading:
            raise Refused("file.header_missing", field=f"#{place}")
        if plain(heading) in seen:
            raise Refused("file.duplicate_header", field=heading)
        seen[plain(heading)] = heading
    return headings


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


def columns_of(kind: str, headings: list[str]) -> list[Column]:
    """The field behind every heading of an extract that was recognised before."""
    return [Column(heading, _field_of(LAYOUTS[kind], heading)) for heading in headings]


def _field_of(layout: Layout, heading: str) -> str:
    if heading in LINE_HEADINGS:
        return ("_line", "_column", "_reason")[LINE_HEADINGS.index(heading)]
    found = layout.by_heading.get(plain(heading))
    return found.name if found else ""


def _likeliest(headings: list[str]) -> Layout:
    """The layout that knows most of the headings and misses fewest of its required ones."""

    def fits(layout: Layout) -> tuple[int, int]:
        known = {layout.by_heading[plain(word)].name for word in headings if plain(word) in layout.by_heading}
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


def blocks_of(data: bytes, size: int = 1024 * 1024) -> Iterator[bytes]:
    """Bytes in memory as a stream, for small files and tests."""
    for start in range(0, len(data), size):
        yield data[start : start + size]
