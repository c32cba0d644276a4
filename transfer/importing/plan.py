"""Cutting a text into slices that can be read alone, in parallel and in any order. Pure.

Invariants:
- A slice begins at the start of a record and ends after its line end: newlines inside quotes never
  cut. Neither 0x22 nor 0x0A occurs inside a character of UTF-8 or GB18030, so bytes are enough.
- The slices together are the file without its header, without gap or overlap.
- ``first_line`` counts physical lines, the header's first being 1; where records carry their own number
  in a hidden first column, it is that number.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from audit.errors import Refused

_QUOTE: Final = b'"'
_NEWLINE: Final = b"\n"
_NUMBER: Final = re.compile(rb"\d+")
LONGEST_RECORD_BYTES: Final = 16 * 1024**2


@dataclass(frozen=True)
class Slice:
    """A run of whole records."""

    offset: int
    length: int
    first_line: int


def cut(blocks: Iterable[bytes], size: int, *, numbered: bool = False) -> Iterator[Slice]:
    """Slices of about ``size`` bytes.

    Raises:
        Refused: a quote is never closed, or one record is longer than any slice may be.
    """
    cutter = _Cutter(size, numbered=numbered)
    for block in blocks:
        yield from cutter.take(block)
    yield from cutter.rest()


class _Cutter:
    def __init__(self, size: int, *, numbered: bool) -> None:
        self._size = size
        self._numbered = numbered
        self._buffer = bytearray()
        self._offset = 0
        self._line = 1
        self._header_done = False
        self._scanned = 0
        self._open = False

    def take(self, block: bytes) -> Iterator[Slice]:
        self._buffer += block
        while (end := self._next_cut()) is not None:
            yield from self._emit(end)
        if len(self._buffer) > self._size + LONGEST_RECORD_BYTES:
            raise Refused("file.truncated", line=self._line)

    def rest(self) -> Iterator[Slice]:
        """What remains at the end of the file."""
        if not self._header_done and (end := self._next_cut()) is not None:
            yield from self._emit(end)
        if self._buffer.count(_QUOTE) % 2:
            last = self._buffer.rfind(_QUOTE)
            raise Refused("file.truncated", line=self._line + self._buffer.count(_NEWLINE, 0, last))
        if self._buffer and self._header_done:
            yield Slice(self._offset, len(self._buffer), self._first_line())

    def _next_cut(self) -> int | None:
        """The end of the first whole record at or after the wanted size (the header: at once)."""
        wanted = self._size if self._header_done else 1
        if len(self._buffer) < wanted:
            return None
        at = self._buffer.find(_NEWLINE, max(self._scanned, wanted - 1))
        while at >= 0:
            self._open ^= bool(self._buffer.count(_QUOTE, self._scanned, at) % 2)
            self._scanned = at
            if not self._open:
                return at + 1
            at = self._buffer.find(_NEWLINE, at + 1)
        return None

    def _first_line(self) -> int:
        number = _NUMBER.match(self._buffer) if self._numbered else None
        return int(number[0]) if number else self._line

    def _emit(self, end: int) -> Iterator[Slice]:
        lines = self._buffer.count(_NEWLINE, 0, end)
        if self._header_done:
            yield Slice(self._offset, end, self._first_line())
        self._header_done = True
        self._offset += end
        self._line += lines
        del self._buffer[:end]
        self._scanned = 0
        self._open = False
