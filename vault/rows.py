"""Sealed rows: the sealed fields of a row lie together in one document, in one column.

Invariants:
- ``sealed`` is ``suite ‖ schema ‖ key version (2) ‖ nonce (12)`` and the ciphertext with its tag over
  a msgpack document. Associated data: length-prefixed label, row id, revision and this header. So a
  document opens only in its own row, under its own revision.
- The revision rises by one together with the document, and only so.
- Opening takes a ``Reading``, which only the audit room makes, after it has recorded the read. No
  attribute decrypts by itself; ``__str__`` shows the id.

The bytes are described in ``docs/formats/sealed-row.md``.
"""

import os
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any, ClassVar, Final, Self, TypeVar
from uuid import UUID

import msgspec
import numpy as np
from django.db import models
from django.db.models import QuerySet

from vault.errors import OpeningError, VaultError
from vault.ids import new_id
from vault.matrix import Matrix, beside, lengths, numbers, rows_of
from vault.sealing import NONCE_BYTES, Aead, length_prefixed, open_sealed
from vault.wraps import CUSTODY, DataKey, WrapRow, open_key_versions, open_wraps

_header = struct.Struct("!BBH12s")
HEADER_BYTES: Final = _header.size
# Behind the label: the row id, the revision and the header, each behind its length.
_place = struct.Struct("!I16sIII16s")
_encode = msgspec.msgpack.Encoder().encode
_Subject = TypeVar("_Subject", UUID, str)


@dataclass(frozen=True, slots=True)
class Reading:
    """The right to open these subjects with this organisation's wraps; the read is already recorded.

    Only ``audit.reading`` makes one. ``purpose`` says why somebody reads; ``wraps`` which wraps open:
    custody, or archive for the retention officer of a surviving transferor. ``subjects`` is None for
    a set that the event declares as a whole.
    """

    actor: UUID | None
    organisation: UUID
    purpose: str
    subjects: frozenset[UUID] | None
    event: UUID
    wraps: str = CUSTODY

    def require(self, subject: UUID) -> None:
        """Refuses a subject that the recorded event does not name."""
        if self.subjects is not None and subject not in self.subjects:
            raise VaultError("this reading does not cover the subject")


class SealedModel(models.Model):
    """A row whose sensitive fields exist only as one sealed document.

    A concrete model names ``sealed_label`` (never changed, even if the model is renamed),
    ``sealed_type`` and ``key_subject``. Instances come to the database sealed: ``seal_new`` and then
    ``save`` or a bulk load; later changes go through ``reseal``.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    revision = models.PositiveIntegerField(default=1, editable=False)
    sealed = models.BinaryField()

    sealed_label: ClassVar[str]
    sealed_type: ClassVar[type[msgspec.Struct]]
    sealed_schema: ClassVar[int] = 1

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def key_subject(self) -> UUID:
        """The client whose data key seals this row."""
        raise NotImplementedError

    def seal_new(self, doc: msgspec.Struct, key: DataKey) -> Self:
        """The document lies sealed in this unsaved row, under revision 1."""
        self._refuse_wrong_type(doc)
        self.revision = 1
        self.sealed = seal_document(self.sealed_label, self.pk, 1, key, doc, schema=self.sealed_schema)
        return self

    def open(self, reading: Reading) -> Any:
        """The row's document. Raises ``VaultError`` unless the reading covers it and its bytes are whole."""
        return open_rows([self], reading)[0]

    def reseal(self, doc: msgspec.Struct, reading: Reading) -> Self:
        """The row holds ``doc`` under the next revision, sealed under the subject's newest key.

        Raises:
            VaultError: the reading does not cover the row, or the row has changed meanwhile.
        """
        self._refuse_wrong_type(doc)
        keys = _keys_for([self], reading)
        newest = max((key for (_, _), key in keys.items()), key=lambda key: key.version, default=None)
        if newest is None:
            raise VaultError("no key is held for this row")
        revision = self.revision + 1
        sealed = seal_document(self.sealed_label, self.pk, revision, newest, doc, schema=self.sealed_schema)
        changed = (
            QuerySet(type(self))
            .filter(pk=self.pk, revision=self.revision)
            .update(revision=revision, sealed=sealed)
        )
        if changed != 1:
            raise VaultError("the row has changed meanwhile")
        self.revision, self.sealed = revision, sealed
        return self

    def digest(self) -> bytes:
        """What the log keeps of this row; see ``row_digest``."""
        return row_digest(self.sealed_label, self.pk, self.revision, bytes(self.sealed))

    def _refuse_wrong_type(self, doc: msgspec.Struct) -> None:
        if type(doc) is not self.sealed_type:
            raise VaultError(f"{self.sealed_label} seals {self.sealed_type.__name__} documents")


def seal_document(
    label: str, row_id: UUID, revision: int, key: DataKey, doc: msgspec.Struct, *, schema: int = 1
) -> bytes:
    """The document sealed for exactly this row and revision."""
    return _seal(_label_prefix(label), row_id, revision, key, doc, schema, os.urandom(NONCE_BYTES))


@dataclass(frozen=True, slots=True)
class SealedRows:
    """Fresh rows of one model, sealed, in their order; ``digests`` are what the log keeps of them."""

    sealed: list[bytes]
    digests: list[bytes]


def seal_rows(
    label: str,
    ids: Matrix,
    documents: Iterable[Sequence[object]],
    *,
    ciphers: Iterable[Aead],
    keys: bytes | Matrix,
    schema: int = 1,
) -> SealedRows:
    """Many documents of one model, each as its fields in their order, under revision 1.

    Sealed like ``seal_document``, with their randomness drawn at once. ``ciphers`` gives each row's cipher;
    ``keys`` says of each row, or of all alike, with which suite and key version that is: ``key_mark``.
    """
    count, prefix = len(ids), _label_prefix(label)
    nonces = np.frombuffer(os.urandom(NONCE_BYTES * count), dtype=np.uint8).reshape(count, NONCE_BYTES)
    marks = np.frombuffer(keys, dtype=np.uint8) if isinstance(keys, bytes) else keys
    suites, versions = marks[..., :1], marks[..., 1:]
    headers = beside(count, suites, bytes([schema]), versions, nonces)
    place = beside(count, prefix, b"\x00\x00\x00\x10", ids, b"\x00\x00\x00\x04\x00\x00\x00\x01")
    bounds = rows_of(beside(count, place, b"\x00\x00\x00\x10", headers))
    sealed = [
        header + cipher.encrypt(nonce, _encode(document), bound)
        for header, cipher, nonce, document, bound in zip(
            rows_of(headers), ciphers, rows_of(nonces), documents, bounds, strict=True
        )
    ]
    before = rows_of(beside(count, place, numbers(lengths(sealed), 4)))
    digests = [sha256(start + rest).digest() for start, rest in zip(before, sealed, strict=True)]
    return SealedRows(sealed, digests)


def key_mark(suite: int, version: int) -> bytes:
    """What ``seal_rows`` must know of a data key beside its cipher."""
    return suite.to_bytes(1, "big") + version.to_bytes(2, "big")


def open_rows(rows: Sequence[SealedModel], reading: Reading) -> list[Any]:
    """The documents of these rows in their order, with one query for all their keys.

    Raises:
        VaultError: the reading does not cover a row, its organisation holds no wrap of the key, or
            any row's bytes are not what was sealed for that row and revision. Nothing is returned then.
    """
    keys = _keys_for(rows, reading)
    return [_open(row, keys) for row in rows]


def open_restored_rows(rows: Sequence[SealedModel], wraps: Iterable[WrapRow], reading: Reading) -> list[Any]:
    """As ``open_rows``, with wraps that were read elsewhere: from a restored copy of the database.

    Raises:
        VaultError: as ``open_rows`` does.
    """
    for row in rows:
        reading.require(row.key_subject)
    keys = open_wraps(wraps, holder=reading.organisation, purpose=reading.wraps)
    return [_open(row, keys) for row in rows]


class Opener:
    """Opens many rows of the same subjects, of whatever model, with their keys fetched once.

    For bulk work that has no use for model instances: rows come as (id, subject, revision, sealed), both ids
    as text, which costs a fraction of making UUIDs.
    """

    def __init__(self, subjects: Iterable[UUID], reading: Reading) -> None:
        wanted = set(subjects)
        for subject in wanted:
            reading.require(subject)
        opened = open_key_versions(wanted, holder=reading.organisation, purpose=reading.wraps)
        self._keys = {(str(subject), version): key for (subject, version), key in opened.items()}

    def documents(
        self, model: type[SealedModel], rows: Iterable[tuple[str, str, int, bytes]]
    ) -> Iterator[Any]:
        """The documents of these rows of ``model``, in their order.

        Raises:
            VaultError: as ``open_rows`` does, at the first such row.
        """
        prefix, schemas, decode = (
            _label_prefix(model.sealed_label),
            model.sealed_schema,
            _decoder(model.sealed_type).decode,
        )
        for row_id, subject, revision, sealed in rows:
            place = bytes.fromhex(row_id.replace("-", ""))
            yield decode(_open_bytes(prefix, schemas, place, (subject, revision), sealed, self._keys))


def row_digest(label: str, row_id: UUID, revision: int, sealed: bytes) -> bytes:
    """32 bytes that pin a row's ciphertext, so that rolling a row back as a whole is found by the log.

    SHA-256 over length-prefixed label, row id, revision and sealed bytes.
    """
    parts = length_prefixed(label.encode(), row_id.bytes, revision.to_bytes(4, "big"), sealed)
    return sha256(parts).digest()


def _keys_for(rows: Iterable[SealedModel], reading: Reading) -> dict[tuple[UUID, int], DataKey]:
    subjects = {row.key_subject for row in rows}
    for subject in subjects:
        reading.require(subject)
    return open_key_versions(subjects, holder=reading.organisation, purpose=reading.wraps)


def _open(row: SealedModel, keys: dict[tuple[UUID, int], DataKey]) -> Any:
    prefix, whose = _label_prefix(row.sealed_label), (row.key_subject, row.revision)
    plain = _open_bytes(prefix, row.sealed_schema, row.pk.bytes, whose, bytes(row.sealed), keys)
    return _decoder(row.sealed_type).decode(plain)


def _open_bytes(
    prefix: bytes,
    schemas: int,
    place: bytes,
    whose: tuple[_Subject, int],
    sealed: bytes,
    keys: dict[tuple[_Subject, int], DataKey],
) -> bytes:
    subject, revision = whose
    if len(sealed) < HEADER_BYTES:
        raise OpeningError
    suite, schema, version, nonce = _header.unpack_from(sealed)
    key = keys.get((subject, version))
    if key is None:
        raise VaultError("no key is held for this row")
    if not 1 <= schema <= schemas:
        raise OpeningError
    bound = _bound_to(prefix, place, revision, sealed[:HEADER_BYTES])
    return open_sealed(key.cipher_of(suite), nonce, sealed[HEADER_BYTES:], bound)


def _seal(
    prefix: bytes, row_id: UUID, revision: int, key: DataKey, doc: msgspec.Struct, schema: int, nonce: bytes
) -> bytes:
    header = _header.pack(key.suite, schema, key.version, nonce)
    return header + key.cipher.encrypt(nonce, _encode(doc), _bound_to(prefix, row_id.bytes, revision, header))


def _bound_to(prefix: bytes, place: bytes, revision: int, header: bytes) -> bytes:
    return prefix + _place.pack(16, place, 4, revision, HEADER_BYTES, header)


@cache
def _label_prefix(label: str) -> bytes:
    return length_prefixed(label.encode())


@cache
def _decoder(kind: type[msgspec.Struct]) -> "msgspec.msgpack.Decoder[Any]":
    return msgspec.msgpack.Decoder(kind)
