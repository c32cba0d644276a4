"""Sealed streams: one file of any length, written once from front to back. Pure: no Django, no database.

For what must open without a database row, a backup above all: the file names its suite and itself, and
the caller brings the key. Sealed files of the product, with their rows and wraps, are in ``vault.files``.

Invariants:
- A stream is a header and chunks of 1 MiB of plaintext, each sealed with the stream's context and
  header, its number and whether it is the last as associated data: no chunk can be moved, dropped or
  appended, and no stream passes for another one.
- Each stream has a key of its own, derived from the caller's key and the random id in its header.
- A file appears under its name only whole and flushed.

The bytes are described in ``docs/formats/sealed-stream.md``.
"""

import hashlib
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Self

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from vault.aside import AsideFile
from vault.errors import OpeningError, VaultError
from vault.sealing import (
    AES,
    KEY_BYTES,
    NONCE_BYTES,
    SUITES,
    TAG_BYTES,
    Aead,
    cipher_for,
    length_prefixed,
    open_sealed,
)

SCHEMA: Final = 1
PIECE_BYTES: Final = 1024 * 1024
_ID_BYTES: Final = 16
_LABEL: Final = b"handover/stream/v1"
_header = struct.Struct(f"!BB{_ID_BYTES}s")
_place = struct.Struct("!IIIB")
_SEALED_PIECE: Final = NONCE_BYTES + PIECE_BYTES + TAG_BYTES


@dataclass(frozen=True)
class StreamFacts:
    """What a finished file is: its length and SHA-256 as it lies on the disk."""

    size: int
    sha256: str


class StreamSealer:
    """Seals bytes into one file piece by piece; nothing is visible until ``complete``.

    Used as a context manager, leaving without ``complete`` removes what was written.
    """

    def __init__(self, path: Path, *, key: bytes, context: bytes, suite: int = AES) -> None:
        self._path = path
        self._context = context
        self._head = _header.pack(suite, SCHEMA, os.urandom(_ID_BYTES))
        self._cipher = _cipher_of(self._head, key)
        self._pending = bytearray()
        self._number = 0
        self._size = 0
        self._hash = hashlib.sha256()
        self._file = AsideFile(path.parent)
        self._put(self._head)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        self._file.abandon()
        self._pending.clear()

    def write(self, piece: bytes) -> None:
        """Takes the next bytes of the plaintext; keeps at most one chunk of them in memory."""
        self._pending += piece
        # A chunk is sealed only once more follows: the last one carries its flag.
        while len(self._pending) > PIECE_BYTES:
            self._seal(bytes(self._pending[:PIECE_BYTES]), last=False)
            del self._pending[:PIECE_BYTES]

    def complete(self) -> StreamFacts:
        """The file lies whole on the disk under its name; refuses a name in use."""
        self._seal(bytes(self._pending), last=True)
        self._pending.clear()
        self._file.settle(self._path)
        return StreamFacts(self._size, self._hash.hexdigest())

    def _seal(self, plain: bytes, *, last: bool) -> None:
        nonce = os.urandom(NONCE_BYTES)
        bound = _bound_to(self._context, self._head, self._number, last=last)
        self._put(nonce + self._cipher.encrypt(nonce, plain, bound))
        self._number += 1

    def _put(self, content: bytes) -> None:
        self._file.write(content)
        self._hash.update(content)
        self._size += len(content)


def open_stream(path: Path, *, key: bytes, context: bytes) -> Iterator[bytes]:
    """The plaintext, chunk by chunk; each chunk is proved before it is given out.

    Raises:
        OpeningError: another key or context, or changed bytes. A truncated file gives its whole chunks
            and then raises: use nothing before the end.
        VaultError: the file is missing.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise VaultError(f"the sealed stream {path} is missing") from None
    with file:
        yield from _pieces(file, key, context)


def _pieces(file: BinaryIO, key: bytes, context: bytes) -> Iterator[bytes]:
    head = file.read(_header.size)
    cipher = _cipher_of(head, key)
    sealed, number = file.read(_SEALED_PIECE), 0
    while True:
        # What follows decides whether this chunk must carry the flag of the last one.
        following = file.read(_SEALED_PIECE)
        bound = _bound_to(context, head, number, last=not following)
        yield open_sealed(cipher, sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound)
        if not following:
            return
        sealed, number = following, number + 1


def _cipher_of(head: bytes, key: bytes) -> Aead:
    if len(head) != _header.size:
        raise OpeningError
    suite, schema, _id = _header.unpack(head)
    if suite not in SUITES or schema != SCHEMA:
        raise OpeningError
    return cipher_for(suite, HKDFExpand(SHA256(), KEY_BYTES, length_prefixed(_LABEL, head)).derive(key))


def _bound_to(context: bytes, head: bytes, number: int, *, last: bool) -> bytes:
    return length_prefixed(_LABEL, context, head) + _place.pack(4, number, 1, last)
