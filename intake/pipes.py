"""The child's two pipes: frames out, and a file that is really pages asked of the parent."""

import io
import os
from typing import Final

import msgspec

from intake import bounds, frames
from intake.errors import Unreadable

_IN: Final = 0
_OUT: Final = 1


def send(kind: bytes, payload: bytes = b"") -> None:
    """One frame to the parent, whole."""
    data = memoryview(frames.frame(kind, payload))
    while data:
        data = data[os.write(_OUT, data) :]


def receive(kind: bytes) -> bytes:
    """The next frame from the parent, which must be of this kind."""
    found, length = frames.HEAD.unpack(_exactly(frames.HEAD.size))
    if found != kind:
        raise SystemExit(3)
    return _exactly(length)


def _exactly(length: int) -> bytes:
    data = bytearray()
    while len(data) < length:
        piece = os.read(_IN, length - len(data))
        if not piece:
            raise SystemExit(3)
        data += piece
    return bytes(data)


class RemoteFile(io.RawIOBase):
    """The foreign file as the child sees it: read-only, seekable, page by page from the parent."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size
        self._at = 0
        self._page = (-1, b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError(offset)
        self._at = start + offset
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._at >= self._size:
            return 0
        number, start = divmod(self._at, bounds.PAGE_BYTES)
        if self._page[0] != number:
            offset = number * bounds.PAGE_BYTES
            send(frames.ASK, frames.PAGE.pack(offset, min(bounds.PAGE_BYTES, self._size - offset)))
            self._page = (number, receive(frames.DATA))
        piece = self._page[1][start : start + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


class RecordWriter:
    """Records gathered into frames of a sensible size; refuses cells and rows beyond the bounds."""

    def __init__(self, most: int = 0) -> None:
        self._most = most or bounds.MOST_RECORDS
        self._waiting: list[tuple[int, str, list[str]]] = []
        self._weight = 0
        self._encode = msgspec.msgpack.Encoder().encode
        self.count = 0

    @property
    def full(self) -> bool:
        """Whether as many records are written as were wanted."""
        return self.count >= self._most

    def put(self, number: int, kinds: str, cells: list[str]) -> None:
        """One record.

        Raises:
            Unreadable: more columns, or a longer cell, than a record may have.
        """
        if len(cells) > bounds.MOST_COLUMNS:
            raise Unreadable("file.too_many_columns", line=number, limit=bounds.MOST_COLUMNS)
        weight = sum(map(len, cells))
        if weight > bounds.LARGEST_CELL:
            _refuse_long_cell(number, cells)
        self._waiting.append((number, kinds, cells))
        self._weight += weight
        self.count += 1
        if len(self._waiting) >= bounds.RECORDS_PER_FRAME or self._weight > bounds.FRAME_AIM_BYTES:
            self.flush()

    def flush(self) -> None:
        """What waits goes out."""
        if self._waiting:
            send(frames.RECORDS, self._encode(self._waiting))
        self._waiting, self._weight = [], 0


def _refuse_long_cell(number: int, cells: list[str]) -> None:
    for column, cell in enumerate(cells, 1):
        if len(cell) > bounds.LARGEST_CELL // 4:
            raise Unreadable("file.cell_too_large", line=number, column=column)
    raise Unreadable("file.cell_too_large", line=number, column=1)
