"""Fresh data keys with their first wraps, for one subject or a whole batch.

Invariants:
- A key, its nonce and whatever else is random are drawn for this batch alone.
- Nothing is written by issuing; what is issued under an epoch that has turned since is refused at writing.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from vault.copying import BinaryCopy, Column, Same
from vault.errors import VaultError
from vault.keyring import wrapping_cipher
from vault.matrix import Matrix, beside, matrix_of, rows_of
from vault.sealing import KEY_BYTES, NONCE_BYTES, TAG_BYTES, Aead, cipher_for
from vault.wraps import _COMMITMENT_LABEL, CUSTODY, DataKey, _active_epoch, _Binding, lock_active_epoch

FIRST_VERSION: Final = 1
_COLUMNS: Final = (
    ("subject", "uuid"),
    ("key_version", "int2"),
    ("holder", "uuid"),
    ("purpose", "text"),
    ("epoch", "int4"),
    ("wrapped", "bytea"),
    ("commitment", "bytea"),
)
_VERSION: Final = FIRST_VERSION.to_bytes(2, "big")


class IssuedKey(DataKey):
    """A fresh data key with its first wrap, not yet written."""

    __slots__ = ("commitment", "epoch", "wrapped")

    def __init__(self, key: bytes, *, suite: int, wrapped: bytes, commitment: bytes, epoch: int) -> None:
        super().__init__(key, FIRST_VERSION, suite)
        self.wrapped = wrapped
        self.commitment = commitment
        self.epoch = epoch


@dataclass(frozen=True, repr=False)
class FreshKeys:
    """The data keys of a batch of new subjects, in their order, with their first wraps; not yet written."""

    holder: UUID
    purpose: str
    epoch: int
    suite: int
    subjects: Matrix
    keys: list[bytes]
    wrapped: Matrix
    commitments: Matrix

    def ciphers(self) -> Iterator[Aead]:
        """A cipher object per subject, made as it is asked for."""
        return (cipher_for(self.suite, key) for key in self.keys)

    def write(self, cursor: CursorWrapper, kept: Sequence[int]) -> int:
        """The wraps of the subjects at these places are in the database; returns how many.

        Raises:
            VaultError: outside a transaction, or the epoch has turned since the keys were issued.
            IntegrityError: a subject already has such a wrap.
        """
        if lock_active_epoch(cursor, self.holder, self.purpose) != self.epoch:
            raise VaultError("the epoch has turned since these keys were issued")
        columns: list[Column] = [
            self.subjects[kept],
            Same(FIRST_VERSION),
            Same(self.holder),
            Same(self.purpose),
            Same(self.epoch),
            self.wrapped[kept],
            self.commitments[kept],
        ]
        copy = BinaryCopy(cursor, "vault_wrap", _COLUMNS)
        copy.add_columns(columns)
        return copy.send()


def issue_keys(subjects: Matrix, *, holder: UUID, purpose: str = CUSTODY) -> FreshKeys:
    """A fresh data key for each subject (16 bytes each), wrapped for ``holder``; nothing is written.

    Raises:
        VaultError: the organisation has no active epoch for ``purpose``.
    """
    count, epoch = len(subjects), _active_epoch(holder, purpose)
    suite, cipher = wrapping_cipher(holder, purpose, epoch)
    keys, nonces = _random(count, KEY_BYTES), _random(count, NONCE_BYTES)
    bounds = beside(count, *_Binding(holder, purpose).around(subjects, FIRST_VERSION, epoch))
    in_clear = rows_of(keys)
    sealed = list(map(cipher.encrypt, rows_of(nonces), in_clear, rows_of(bounds)))
    named = rows_of(beside(count, _COMMITMENT_LABEL, subjects, _VERSION, keys))
    digests = [hashlib.sha256(message).digest() for message in named]
    return FreshKeys(
        holder=holder,
        purpose=purpose,
        epoch=epoch,
        suite=suite,
        subjects=subjects,
        keys=in_clear,
        wrapped=beside(count, bytes([suite]), nonces, matrix_of(sealed, KEY_BYTES + TAG_BYTES)),
        commitments=matrix_of(digests, hashlib.sha256().digest_size),
    )


def issue_data_keys(
    subjects: Iterable[UUID], *, holder: UUID, purpose: str = CUSTODY
) -> dict[UUID, IssuedKey]:
    """``issue_keys`` for subjects known by their ids.

    Raises:
        VaultError: the organisation has no active epoch for ``purpose``.
    """
    wanted = list(subjects)
    fresh = issue_keys(matrix_of([subject.bytes for subject in wanted], 16), holder=holder, purpose=purpose)
    columns = zip(wanted, fresh.keys, rows_of(fresh.wrapped), rows_of(fresh.commitments), strict=True)
    return {
        subject: IssuedKey(key, suite=fresh.suite, wrapped=wrapped, commitment=commitment, epoch=fresh.epoch)
        for subject, key, wrapped, commitment in columns
    }


def write_wraps(
    cursor: CursorWrapper, issued: Mapping[UUID, IssuedKey], *, holder: UUID, purpose: str = CUSTODY
) -> int:
    """The issued wraps are in the database; returns how many.

    Raises:
        VaultError: outside a transaction, or the epoch has turned since the keys were issued.
        IntegrityError: a subject already has such a wrap.
    """
    epoch = lock_active_epoch(cursor, holder, purpose)
    if any(key.epoch != epoch for key in issued.values()):
        raise VaultError("the epoch has turned since these keys were issued")
    copy = BinaryCopy(cursor, "vault_wrap", _COLUMNS)
    copy.add_rows(
        (subject, key.version, holder, purpose, epoch, key.wrapped, key.commitment)
        for subject, key in issued.items()
    )
    return copy.send()


def _random(count: int, width: int) -> Matrix:
    return matrix_of([os.urandom(count * width)], count * width).reshape(count, width)
