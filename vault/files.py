"""Sealed files: whatever is uploaded, made or received lies on the disk as sealed chunks only.

Invariants:
- A file is a header and chunks of 1 MiB of plaintext, each sealed with the file's id, the header, its
  number and whether it is the last as associated data: no chunk can be moved, dropped or appended.
- A file appears under its name only whole and flushed; its row exists only after that. An aborted
  sealing leaves nothing.
- A file is sealed under a key of its own, or, when it is a client's document, under that client's key.

The bytes are described in ``docs/formats/sealed-file.md``.
"""

import hashlib
import hmac
import os
import struct
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, Self
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import connection, transaction

from vault.aside import AsideFile
from vault.errors import OpeningError, VaultError
from vault.ids import new_id
from vault.issuing import IssuedKey, issue_data_keys, write_wraps
from vault.models import CHUNK_BYTES, SealedFile
from vault.room import require_room
from vault.rows import Reading
from vault.sealing import NONCE_BYTES, TAG_BYTES, length_prefixed, open_sealed
from vault.tokens import content_digest
from vault.wraps import CUSTODY, DataKey, open_data_keys, open_key_versions, withdraw_wraps

FILE_WRAPS: Final = "file"
SCHEMA: Final = 1
_LABEL: Final = b"vault.file"
_NAME_LABEL: Final = b"vault.file.description"
_header = struct.Struct("!BBH")
_chunk_place = struct.Struct("!IIIB")
_SEALED_CHUNK: Final = NONCE_BYTES + CHUNK_BYTES + TAG_BYTES


class Description(msgspec.Struct, array_like=True, frozen=True):
    """What a file's row keeps sealed: its name and the SHA-256 of its plaintext."""

    name: str
    sha256: bytes


class FileSealer:
    """Seals one file piece by piece; nothing is visible until ``complete``.

    Used as a context manager, leaving without ``complete`` removes what was written.
    """

    def __init__(self, *, holder: UUID, key_subject: UUID | None = None) -> None:
        self.id = new_id()
        self.size = 0
        self._holder = holder
        self._subject = key_subject or self.id
        self._issued: IssuedKey | None = None
        self._key = self._take_key()
        self._header = _header.pack(self._key.suite, SCHEMA, self._key.version)
        self._hash = hashlib.sha256()
        self._pending = bytearray()
        self._chunks = 0
        self._file = AsideFile(Path(settings.FILES_DIR))
        self._file.write(self._header)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        self.abort()

    def write(self, piece: bytes) -> None:
        """Takes the next bytes of the plaintext; keeps at most one chunk of them in memory."""
        self._hash.update(piece)
        self.size += len(piece)
        self._pending += piece
        # A chunk is sealed only once more follows: the last one carries its flag.
        while len(self._pending) > CHUNK_BYTES:
            self._seal_chunk(bytes(self._pending[:CHUNK_BYTES]), last=False)
            del self._pending[:CHUNK_BYTES]

    def complete(self, *, purpose: str, name: str, expires_at: datetime | None = None) -> SealedFile:
        """The file lies whole on the disk and has its row and, if its own, its key's wrap."""
        self._seal_chunk(bytes(self._pending), last=True)
        self._pending.clear()
        path = path_of(self.id)
        with ExitStack() as undo, transaction.atomic(), connection.cursor() as cursor:
            undo.callback(path.unlink, missing_ok=True)
            self._file.settle(path)
            if self._issued is not None:
                write_wraps(cursor, {self.id: self._issued}, holder=self._holder, purpose=FILE_WRAPS)
            row = self._create_row(purpose, name, expires_at)
            undo.pop_all()
        return row

    def abort(self) -> None:
        """Nothing of an incomplete file is left; harmless afterwards."""
        self._file.abandon()
        self._pending.clear()

    def _take_key(self) -> DataKey:
        if self._subject != self.id:
            return open_data_keys([self._subject], holder=self._holder, purpose=CUSTODY)[self._subject]
        self._issued = issue_data_keys([self.id], holder=self._holder, purpose=FILE_WRAPS)[self.id]
        return self._issued

    def _seal_chunk(self, plain: bytes, *, last: bool) -> None:
        require_room()
        nonce = os.urandom(NONCE_BYTES)
        bound = _bound_to_chunk(self.id, self._header, self._chunks, last=last)
        self._file.write(nonce + self._key.cipher.encrypt(nonce, plain, bound))
        self._chunks += 1

    def _create_row(self, purpose: str, name: str, expires_at: datetime | None) -> SealedFile:
        sha256 = self._hash.digest()
        return SealedFile.objects.create(
            id=self.id,
            holder=self._holder,
            purpose=purpose,
            key_subject=self._subject,
            sealed_description=_seal_description(self.id, self._key, Description(name, sha256)),
            size=self.size,
            digest=content_digest(sha256),
            chunks=self._chunks,
            expires_at=expires_at,
        )


def seal_stream(
    chunks: Iterable[bytes],
    *,
    holder: UUID,
    purpose: str,
    name: str,
    key_subject: UUID | None = None,
    expires_at: datetime | None = None,
) -> SealedFile:
    """The bytes lie sealed in the files folder and the file has its row; on any failure nothing is left.

    With ``key_subject`` the file is that client's document and opens with the client's key.
    """
    with FileSealer(holder=holder, key_subject=key_subject) as sealer:
        for chunk in chunks:
            sealer.write(chunk)
        return sealer.complete(purpose=purpose, name=name, expires_at=expires_at)


def open_file(file: SealedFile, reading: Reading) -> Iterator[bytes]:
    """The plaintext, chunk by chunk; each chunk is proved before it is given out.

    Raises:
        VaultError: the reading does not cover the file, it is missing, or its bytes were changed. A
            truncated file gives its whole chunks and then raises: use nothing before the end.
    """
    return _chunks_between(file, _opened_key(file, reading), 0, file.chunks)


def read_slice(file: SealedFile, offset: int, length: int, reading: Reading) -> bytes:
    """``length`` bytes of the plaintext from ``offset`` (fewer at the end), opening only their chunks."""
    return _slice(file, offset, length, _opened_key(file, reading))


def _slice(file: SealedFile, offset: int, length: int, key: DataKey) -> bytes:
    if offset < 0 or length < 0:
        raise VaultError("a slice starts and ends inside the file")
    end = min(offset + length, file.size)
    if offset >= end:
        return b""
    first, stop = offset // CHUNK_BYTES, (end - 1) // CHUNK_BYTES + 1
    plain = b"".join(_chunks_between(file, key, first, stop))
    return plain[offset - first * CHUNK_BYTES : end - first * CHUNK_BYTES]


class OpenedFile:
    """A sealed file that is read slice by slice, its key opened once.

    Raises:
        VaultError: as ``open_file`` does.
    """

    def __init__(self, file: SealedFile, reading: Reading) -> None:
        self.file = file
        self._key = _opened_key(file, reading)

    def slice(self, offset: int, length: int) -> bytes:
        """``length`` bytes of the plaintext from ``offset`` (fewer at the end), opening only their chunks."""
        return _slice(self.file, offset, length, self._key)

    def pieces(self, offset: int = 0) -> Iterator[bytes]:
        """The plaintext from ``offset`` to the end, at most a chunk at a time."""
        while offset < self.file.size:
            piece = self.slice(offset, CHUNK_BYTES - offset % CHUNK_BYTES)
            offset += len(piece)
            yield piece


def file_name(file: SealedFile, reading: Reading) -> str:
    """The name the file was given; raises ``VaultError`` unless the reading covers the file."""
    return _description(file, reading).name


def file_sha256(file: SealedFile, reading: Reading) -> bytes:
    """SHA-256 of the plaintext, for quoting beside a declared digest."""
    return _description(file, reading).sha256


def has_content(file: SealedFile, sha256: bytes) -> bool:
    """Whether the file's plaintext has this SHA-256; needs no opening."""
    return hmac.compare_digest(content_digest(sha256), bytes(file.digest))


@transaction.atomic
def destroy_file(file: SealedFile) -> None:
    """The row and the file's own key are gone, and with the commit its bytes; repeatable."""
    if file.has_own_key:
        withdraw_wraps([file.pk], holder=file.holder, purpose=FILE_WRAPS)
    path = path_of(file.pk)
    SealedFile.objects.filter(pk=file.pk).delete()
    transaction.on_commit(lambda: path.unlink(missing_ok=True))


def _opened_key(file: SealedFile, reading: Reading) -> DataKey:
    reading.require(file.key_subject)
    wraps = FILE_WRAPS if file.has_own_key else reading.wraps
    keys = open_key_versions([file.key_subject], holder=reading.organisation, purpose=wraps)
    _suite, _schema, version = _read_header(file)
    if (file.key_subject, version) not in keys:
        raise VaultError("no key is held for this file")
    return keys[file.key_subject, version]


def _read_header(file: SealedFile) -> tuple[int, int, int]:
    with _open_for_reading(file) as handle:
        header = handle.read(_header.size)
    if len(header) < _header.size:
        raise OpeningError
    return _header.unpack(header)


def _chunks_between(file: SealedFile, key: DataKey, first: int, stop: int) -> Iterator[bytes]:
    with _open_for_reading(file) as handle:
        header = handle.read(_header.size)
        suite, schema, _version = _header.unpack(header)
        if schema != SCHEMA:
            raise OpeningError
        cipher = key.cipher_of(suite)
        handle.seek(first * _SEALED_CHUNK, os.SEEK_CUR)
        for number in range(first, stop):
            last = number == file.chunks - 1
            # Beyond the last chunk there must be nothing: one more byte is asked for, and breaks the tag.
            sealed = handle.read(_SEALED_CHUNK + 1 if last else _SEALED_CHUNK)
            bound = _bound_to_chunk(file.pk, header, number, last=last)
            plain = open_sealed(cipher, sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound)
            if len(plain) != _plain_length(file, number):
                raise OpeningError
            yield plain


def _plain_length(file: SealedFile, number: int) -> int:
    return min(CHUNK_BYTES, file.size - number * CHUNK_BYTES)


def _bound_to_chunk(file_id: UUID, header: bytes, number: int, *, last: bool) -> bytes:
    return length_prefixed(_LABEL, file_id.bytes, header) + _chunk_place.pack(4, number, 1, last)


def _seal_description(file_id: UUID, key: DataKey, description: Description) -> bytes:
    header = _header.pack(key.suite, SCHEMA, key.version)
    nonce = os.urandom(NONCE_BYTES)
    bound = length_prefixed(_NAME_LABEL, file_id.bytes, header)
    return header + nonce + key.cipher.encrypt(nonce, msgspec.msgpack.encode(description), bound)


def _description(file: SealedFile, reading: Reading) -> Description:
    sealed = bytes(file.sealed_description)
    key = _opened_key(file, reading)
    header, rest = sealed[: _header.size], sealed[_header.size :]
    if len(rest) < NONCE_BYTES:
        raise OpeningError
    bound = length_prefixed(_NAME_LABEL, file.pk.bytes, header)
    cipher = key.cipher_of(header[0])
    plain = open_sealed(cipher, rest[:NONCE_BYTES], rest[NONCE_BYTES:], bound)
    return msgspec.msgpack.decode(plain, type=Description)


def _open_for_reading(file: SealedFile) -> BinaryIO:
    try:
        return path_of(file.pk).open("rb")
    except FileNotFoundError:
        raise VaultError(f"the sealed file {file.pk} is missing from the files folder") from None


def path_of(file_id: UUID) -> Path:
    """Where the file lies, or would: spread over 256 folders by the random end of the id."""
    folder = Path(settings.FILES_DIR) / file_id.hex[-2:]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / f"{file_id}.sealed"
