"""Text files: their encoding, and their records one by one. Pure; bounded in memory whatever the text holds.

Invariants:
- A file is text only if every byte of it decodes strictly; text without a mark is UTF-8 if it can be, else
  GB18030. A text of which some lines are one and some the other is refused.
- No line and no record is held that is longer than ``LONGEST_LINE`` and ``LONGEST_RECORD``.
- Every refusal names the line at which something is wrong, and the byte in it where there is one.
"""

import codecs
import csv
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from audit.errors import Refused
from intake.bounds import LARGEST_CELL, MOST_COLUMNS
from intake.frames import Record
from transfer.importing.how import COMMA, GB18030, UTF8, UTF8_BOM

HEAD_BYTES: Final = 256 * 1024
LONGEST_LINE: Final = 2 * 1024**2
LONGEST_RECORD: Final = 2 * 1024**2
_FOREIGN_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_LONE_RETURN: Final = re.compile("\r(?!\n)")
_VERTICAL_TAB: Final = "\x0b"
# Four Chinese characters of UTF-8 are twelve bytes: that six characters of GB18030 look like them by chance
# happens about once in a thousand million lines.
_FOREIGN_RUN: Final = re.compile(rb"(?:[\xe3-\xe9][\x80-\xbf][\x80-\xbf]){4}")

Stream = Callable[[], Iterable[bytes]]


@dataclass(frozen=True)
class Text:
    """A whole text file that decodes: its encoding, its head and how it ends."""

    encoding: str
    head: str
    ends_with_newline: bool
    last_line: str
    is_whole: bool = True


def read_text(stream: Stream, encoding: str = "") -> Text:
    """Decode the whole file strictly, in one pass per encoding tried; only ``encoding`` if one is given.

    Raises:
        Refused: empty, a NUL byte, no encoding fits or two do, only carriage returns between lines, or a line
            without end.
    """
    head = _head(stream())
    if not head.strip(b"\xef\xbb\xbf\r\n \t"):
        raise Refused("file.empty")
    if head.startswith(_FOREIGN_MARKS):
        raise Refused("file.encoding", line=1, column=1)
    if head.startswith(codecs.BOM_UTF8):
        return _decoded(stream, UTF8_BOM)
    if encoding:
        return _decoded(stream, encoding)
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
        self._size = 0
        self._newlines = 0
        self._returns = 0
        self._since_newline = 0

    def take(self, block: bytes) -> None:
        if b"\x00" in block:
            line, column = self._place(block, block.index(b"\x00"))
            raise Refused("file.nul_byte", line=line, column=column)
        try:
            text = self._decoder.decode(block)
        except UnicodeDecodeError as problem:
            # The position counts from the bytes of a character that the block before broke off.
            kept = len(problem.object) - len(block)
            line, column = self._place(block, max(problem.start - kept, 0))
            raise Refused("file.encoding", line=line, column=column) from None
        if self.encoding == GB18030:
            self._refuse_mixture(block)
        self._refuse_endless_line(block)
        if len(self._head) < HEAD_BYTES:
            self._head += text
        self._size += len(text)
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
        is_whole = len(self._head) == self._size
        return Text(self.encoding, self._head, self._tail.endswith("\n"), last, is_whole)

    def _place(self, block: bytes, at: int) -> tuple[int, int]:
        before = block[: max(at, 0)]
        line = self._newlines + before.count(b"\n") + 1
        return line, len(before) - (before.rfind(b"\n") + 1) + 1

    def _refuse_mixture(self, block: bytes) -> None:
        """A run of UTF-8 in a text that as a whole is none: it would be read as other characters."""
        passed = 0
        for found in _FOREIGN_RUN.finditer(block):
            if found.start() < passed:
                continue
            start = block.rfind(b"\n", 0, found.start()) + 1
            end = block.find(b"\n", start)
            passed = end if end >= 0 else len(block)
            try:
                block[start:passed].decode()
            except UnicodeDecodeError:
                continue
            number, column = self._place(block, found.start())
            raise Refused("file.mixed_encodings", line=number, column=column)

    def _refuse_endless_line(self, block: bytes) -> None:
        first = block.find(b"\n")
        if first < 0:
            self._since_newline += len(block)
        elif self._since_newline + first <= LONGEST_LINE:
            self._since_newline = len(block) - block.rfind(b"\n") - 1
        else:
            self._since_newline += first
        if self._since_newline > LONGEST_LINE:
            raise Refused("file.line_too_long", line=self._newlines + 1, limit=LONGEST_LINE)


def text_records(blocks: Iterable[bytes], encoding: str, delimiter: str = COMMA) -> Iterator[Record]:
    """Every record of a text; its number is the line on which it begins. Blank lines are none.

    Raises:
        Refused: a quote that is never closed, a record or cell too long, too many columns.
    """
    return _records(_lines(blocks, encoding), delimiter)


def head_records(text: Text, delimiter: str = COMMA, most: int = 60) -> list[Record]:
    """The first records, as far as they stand whole in the head of a text."""
    end = len(text.head) if text.is_whole else text.head.rfind("\n") + 1
    found: list[Record] = []
    try:
        for record in _records(iter(text.head[:end].splitlines(keepends=True)), delimiter):
            found.append(record)
            if len(found) >= most:
                break
    except Refused:
        # Where the head breaks off inside quotes, what stands before it is enough for a header.
        return found
    return found


def _lines(blocks: Iterable[bytes], encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)(errors="strict")
    rest = ""
    for block in blocks:
        rest += decoder.decode(block)
        if "\n" in rest:
            *whole, rest = rest.split("\n")
            for line in whole:
                yield line + "\n"
    if rest:
        yield rest


def _records(lines: Iterator[str], delimiter: str) -> Iterator[Record]:
    feed = _Feed(lines)
    reader = csv.reader(feed, delimiter=delimiter)
    before = 0
    try:
        for row in reader:
            line, before = before + 1, reader.line_num
            if len(row) > MOST_COLUMNS:
                raise Refused("file.too_many_columns", line=line, limit=MOST_COLUMNS)
            if feed.weight > LARGEST_CELL:
                _refuse_long_cell(row, line)
            feed.begin()
            if row:
                yield Record(line, "", row)
    except csv.Error:
        raise Refused("file.truncated", line=before + 1) from None
    if feed.is_open:
        raise Refused("file.truncated", line=feed.opened_at)


def _refuse_long_cell(row: list[str], line: int) -> None:
    for column, cell in enumerate(row, 1):
        if len(cell) > LARGEST_CELL:
            raise Refused("file.cell_too_large", line=line, column=column)


class _Feed:
    """Lines for the csv module, counted per record, so that no record grows without end."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.weight = 0
        self._number = 0
        self._first = 1
        self._quotes = 0
        self.opened_at = 0

    def begin(self) -> None:
        """The next line begins a record."""
        self.weight = self._quotes = 0
        self._first = self._number + 1

    @property
    def is_open(self) -> bool:
        """Whether a quote of the last record was not closed."""
        return self._quotes % 2 == 1

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self._number += 1
        quotes = line.count('"')
        if quotes % 2 and not self.is_open:
            self.opened_at = self._number
        self._quotes += quotes
        self.weight += len(line)
        if self.weight > LONGEST_RECORD:
            raise Refused("file.truncated" if self.is_open else "file.line_too_long", **self._where())
        return _LONE_RETURN.sub(_VERTICAL_TAB, line) if "\r" in line else line

    def _where(self) -> dict[str, int]:
        return {"line": self.opened_at or self._first, "limit": LONGEST_RECORD}


def blocks_of(data: bytes, size: int = 1024 * 1024) -> Iterator[bytes]:
    """Bytes in memory as a stream, for small files and tests."""
    for start in range(0, len(data), size):
        yield data[start : start + size]
