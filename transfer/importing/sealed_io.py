"""A sealed file as a seekable file object, for readers that must jump about in it (zip archives)."""

import io
from typing import Final

from vault.files import read_slice
from vault.models import SealedFile
from vault.rows import Reading

_PAGE: Final = 1024 * 1024


class SealedReader(io.RawIOBase):
    """Opens only the chunks that are asked for and keeps the last one; nothing is written anywhere."""

    def __init__(self, file: SealedFile, reading: Reading) -> None:
        super().__init__()
        self._file = file
        self._reading = reading
        self._at = 0
        self._page = (-1, b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._file.size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        if self._at >= self._file.size:
            return 0
        number, start = divmod(self._at, _PAGE)
        if self._page[0] != number:
            self._page = (number, read_slice(self._file, number * _PAGE, _PAGE, self._reading))
        piece = self._page[1][start : start + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


def seekable(file: SealedFile, reading: Reading) -> io.BufferedReader:
    """The sealed file, buffered, positioned at its start."""
    return io.BufferedReader(SealedReader(file, reading), buffer_size=64 * 1024)
