"""Data keys of subjects and their wraps: the data key encrypted for one organisation.

Invariants:
- A wrap opens only for its organisation, purpose, subject, key version and epoch: all five are its
  associated data.
- Unwrapping checks the commitment, so one wrap cannot open to two different keys for two readers.
- Wraps are written only under the epoch that is active while the transaction holds its row.
- Nothing here records a reading: callers that open for a person do so through ``vault.rows``.
"""

import hashlib
import hmac
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Final, NoReturn
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from vault.errors import OpeningError, VaultError
from vault.fixed import as_array, fetch_fixed, fixed_row, send_fixed
from vault.keyring import wrapping_cipher
from vault.matrix import Matrix
from vault.models import Epoch
from vault.sealing import AES, KEY_BYTES, NONCE_BYTES, Aead, cipher_for, length_prefixed, open_sealed

CUSTODY: Final = "custody"
WRAPPED_BYTES: Final = 1 + NONCE_BYTES + KEY_BYTES + 16
"""Suite, nonce, the sealed key and its tag; the database allows no other length."""

_COMMITMENT_LABEL: Final = b"handover/commitment/v1"
_COLUMNS: Final = ("subject", "key_version", "holder", "purpose", "epoch", "wrapped", "commitment")
_HELD: Final = "FROM vault_wrap WHERE subject = ANY(%s::uuid[]) AND holder = %s AND purpose = %s"
_WRAPS_OF: Final = f"SELECT subject, key_version, epoch, wrapped, commitment {_HELD}"
_KEYS_OF: Final = f"SELECT subject, key_version {_HELD}"
_COMMITMENTS: Final = (
    "SELECT DISTINCT subject, key_version, commitment FROM vault_wrap"
    " WHERE subject = ANY(%s::uuid[]) ORDER BY subject, key_version"
)

WrapRow = tuple[UUID, int, int, bytes, bytes]
"""A wrap as it is read: subject, key version, epoch, wrapped key, commitment."""


class DataKey:
    """A subject's data key in clear, in memory only; it neither prints nor pickles."""

    __slots__ = ("_cipher", "key", "suite", "version")

    def __init__(self, key: bytes, version: int, suite: int = AES) -> None:
        self.key = key
        self.version = version
        self.suite = suite
        self._cipher: Aead | None = None

    @property
    def cipher(self) -> Aead:
        """The cipher object, made at first use: making it is the dearest part of sealing a row."""
        if self._cipher is None:
            self._cipher = cipher_for(self.suite, self.key)
        return self._cipher

    def cipher_of(self, suite: int) -> Aead:
        """The cipher for opening what was sealed under ``suite``, whichever this key seals with."""
        return self.cipher if suite == self.suite else cipher_for(suite, self.key)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} version {self.version}>"

    def __reduce__(self) -> NoReturn:
        raise VaultError("a data key is not to be pickled")


def open_data_keys(subjects: Iterable[UUID], *, holder: UUID, purpose: str = CUSTODY) -> dict[UUID, DataKey]:
    """The newest data key of each subject, as far as ``holder`` has a wrap; one query.

    Raises:
        VaultError: a subject has no wrap for this organisation, or one does not open.
    """
    wanted = set(subjects)
    newest: dict[UUID, DataKey] = {}
    for (subject, version), key in open_key_versions(wanted, holder=holder, purpose=purpose).items():
        if subject not in newest or newest[subject].version < version:
            newest[subject] = key
    _refuse_missing(wanted, newest)
    return newest


def open_key_versions(
    subjects: Collection[UUID], *, holder: UUID, purpose: str = CUSTODY
) -> dict[tuple[UUID, int], DataKey]:
    """Every version of each subject's data key that ``holder`` has a wrap of; one query."""
    return open_wraps(_fetch_wraps(subjects, holder, purpose), holder=holder, purpose=purpose)


def open_wraps(
    wraps: Iterable[WrapRow], *, holder: UUID, purpose: str = CUSTODY
) -> dict[tuple[UUID, int], DataKey]:
    """The data keys in these wraps of ``holder``, wherever they were read; one that does not open raises."""
    bind = _Binding(holder, purpose)
    ciphers: dict[int, tuple[int, Aead]] = {}
    keys = {}
    for subject, version, epoch, wrapped, commitment in wraps:
        if epoch not in ciphers:
            ciphers[epoch] = wrapping_cipher(holder, purpose, epoch)
        suite, cipher = ciphers[epoch]
        bound = bind.to(subject, version, epoch)
        key = _unwrap(suite, cipher, bytes(wrapped), bound)
        if not hmac.compare_digest(commitment_to(subject, version, key), bytes(commitment)):
            raise OpeningError
        keys[subject, version] = DataKey(key, version, suite)
    return keys


@transaction.atomic
def add_wraps(
    subjects: Collection[UUID] | Collection[bytes],
    *,
    holder_from: UUID,
    holder_to: UUID,
    purpose: str = CUSTODY,
) -> int:
    """``holder_to`` can open whatever ``holder_from`` can of these subjects; returns wraps written.

    A wrap that is there already is left alone, so repeating it changes nothing.

    Raises:
        VaultError: ``holder_from`` lacks a wrap, ``holder_to`` has no active epoch, or a wrap does not open.
    """
    wanted = as_array(subjects)
    with connection.cursor() as cursor:
        epoch = lock_active_epoch(cursor, holder_to, purpose)
        held = list(
            fetch_fixed(cursor, _WRAPS_OF, [wanted, holder_from, purpose], f"16s h i {WRAPPED_BYTES}s 32s")
        )
        _refuse_missing(set(_raw(subjects)), {row[0] for row in held})
        present = set(fetch_fixed(cursor, _KEYS_OF, [wanted, holder_to, purpose], "16s h"))
        missing = [row for row in held if row[:2] not in present] if present else held
        rows = list(_rewrapped(missing, holder_from, holder_to, purpose, epoch))
        return send_fixed(cursor, "vault_wrap", _COLUMNS, rows)


def _rewrapped(
    held: Sequence[tuple[bytes, int, int, bytes, bytes]], giver: UUID, taker: UUID, purpose: str, epoch: int
) -> Iterator[bytes]:
    """The same keys wrapped for the taker, as rows to send; every one is checked against its commitment."""
    suite, seal = _sealer(taker, purpose, epoch)
    openers: dict[int, tuple[bytes, Callable[[bytes, bytes, bytes], bytes]]] = {}
    ours, theirs = _Binding(giver, purpose), _Binding(taker, purpose)
    template = fixed_row(16, 2, taker.bytes, purpose.encode(), epoch.to_bytes(4, "big"), WRAPPED_BYTES, 32)
    nonces = os.urandom(NONCE_BYTES * len(held))
    for place, (subject, version, number, wrapped, commitment) in enumerate(held):
        if number not in openers:
            openers[number] = _opener(giver, purpose, number)
        known, open_ = openers[number]
        if wrapped[:1] != known:
            raise OpeningError
        key = open_(
            wrapped[1 : 1 + NONCE_BYTES], wrapped[1 + NONCE_BYTES :], ours.to_raw(subject, version, number)
        )
        if not hmac.compare_digest(_commitment(subject, version, key), commitment):
            raise OpeningError
        nonce = nonces[place * NONCE_BYTES : (place + 1) * NONCE_BYTES]
        sealed = seal(nonce, key, theirs.to_raw(subject, version, epoch))
        yield template % (subject, version.to_bytes(2, "big"), suite + nonce + sealed, commitment)


def _sealer(org: UUID, purpose: str, epoch: int) -> tuple[bytes, Callable[[bytes, bytes, bytes], bytes]]:
    suite, cipher = wrapping_cipher(org, purpose, epoch)
    return bytes([suite]), cipher.encrypt


def _opener(org: UUID, purpose: str, epoch: int) -> tuple[bytes, Callable[[bytes, bytes, bytes], bytes]]:
    suite, cipher = wrapping_cipher(org, purpose, epoch)
    return bytes([suite]), partial(open_sealed, cipher)


def withdraw_wraps(
    subjects: Collection[UUID] | Collection[bytes], *, holder: UUID, purpose: str = CUSTODY
) -> int:
    """``holder`` can open none of these subjects any more; returns wraps removed.

    The data key of a subject whose last wrap goes is lost: deciding that is the caller's duty.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM vault_wrap WHERE subject = ANY(%s::uuid[]) AND holder = %s AND purpose = %s",
            [as_array(subjects), holder, purpose],
        )
        return int(cursor.rowcount)


def commitments(subjects: Collection[UUID]) -> dict[UUID, bytes]:
    """The commitment to each subject's newest data key, whoever holds it; absent without any wrap.

    Raises:
        VaultError: two wraps of one key version quote different commitments.
    """
    raw = raw_commitments(as_array(subjects))
    return {UUID(bytes=subject): commitment for subject, commitment in raw.items()}


def raw_commitments(subjects: str) -> dict[bytes, bytes]:
    """``commitments`` by the ids' bytes, for many; ``subjects`` as ``vault.fixed.as_array`` renders them.

    Raises:
        VaultError: two wraps of one key version quote different commitments.
    """
    with connection.cursor() as cursor:
        rows = list(fetch_fixed(cursor, _COMMITMENTS, [subjects], "16s h 32s"))
    if len({(subject, version) for subject, version, _ in rows}) != len(rows):
        raise VaultError("the wraps of one key disagree about its commitment")
    return {subject: commitment for subject, _version, commitment in rows}


def commitment_to(subject: UUID, version: int, key: bytes) -> bytes:
    """32 bytes that name this key of this subject and no other, and give nothing of it away.

    SHA-256 over parts of fixed length, the key being 256 random bits: a second key for the same bytes
    would be a collision, and guessing the key from them is hopeless.
    """
    return _commitment(subject.bytes, version, key)


def _commitment(subject: bytes, version: int, key: bytes) -> bytes:
    return hashlib.sha256(_COMMITMENT_LABEL + subject + version.to_bytes(2, "big") + key).digest()


def lock_active_epoch(cursor: CursorWrapper, org: UUID, purpose: str) -> int:
    """The active epoch's number, which cannot be retired before this transaction ends.

    Raises:
        VaultError: outside a transaction, or the organisation has no active epoch.
    """
    if not connection.in_atomic_block:
        raise VaultError("wraps are written inside a transaction")
    cursor.execute(
        "SELECT number FROM vault_epoch WHERE org = %s AND purpose = %s AND state = 'active' FOR KEY SHARE",
        [org, purpose],
    )
    row = cursor.fetchone()
    if row is None:
        raise VaultError(f"organisation {org} has no active {purpose} key")
    return int(row[0])


class _Binding:
    """Associated data of wraps: length-prefixed organisation, purpose, subject, key version, epoch."""

    def __init__(self, org: UUID, purpose: str) -> None:
        self._prefix = length_prefixed(org.bytes, purpose.encode()) + b"\x00\x00\x00\x10"

    def around(self, subjects: Matrix, version: int, epoch: int) -> tuple[bytes, Matrix, bytes]:
        """The same of many subjects: what stands before each, the subjects, what stands behind."""
        behind = b"\x00\x00\x00\x02%b\x00\x00\x00\x04%b" % (
            version.to_bytes(2, "big"),
            epoch.to_bytes(4, "big"),
        )
        return self._prefix, subjects, behind

    def to(self, subject: UUID, version: int, epoch: int) -> bytes:
        return self.to_raw(subject.bytes, version, epoch)

    def to_raw(self, subject: bytes, version: int, epoch: int) -> bytes:
        return b"%b%b\x00\x00\x00\x02%b\x00\x00\x00\x04%b" % (
            self._prefix,
            subject,
            version.to_bytes(2, "big"),
            epoch.to_bytes(4, "big"),
        )


def _unwrap(suite: int, cipher: Aead, wrapped: bytes, bound: bytes) -> bytes:
    if wrapped[:1] != bytes([suite]):
        raise OpeningError
    return open_sealed(cipher, wrapped[1 : 1 + NONCE_BYTES], wrapped[1 + NONCE_BYTES :], bound)


def _active_epoch(org: UUID, purpose: str) -> int:
    number = (
        Epoch.objects.filter(org=org, purpose=purpose, state=Epoch.State.ACTIVE)
        .values_list("number", flat=True)
        .first()
    )
    if number is None:
        raise VaultError(f"organisation {org} has no active {purpose} key")
    return number


def _fetch_wraps(subjects: Collection[UUID], holder: UUID, purpose: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(_WRAPS_OF, [as_array(subjects), holder, purpose])
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def _copy_wraps(
    cursor: CursorWrapper, holder: UUID, purpose: str, rows: list[tuple[UUID, int, int, bytes, bytes]]
) -> int:
    template = fixed_row(16, 2, holder.bytes, purpose.encode(), 4, WRAPPED_BYTES, 32)
    made = [
        template % (subject.bytes, version.to_bytes(2, "big"), epoch.to_bytes(4, "big"), wrapped, commitment)
        for subject, version, epoch, wrapped, commitment in rows
    ]
    return send_fixed(cursor, "vault_wrap", _COLUMNS, made)


def _raw(subjects: Collection[UUID] | Collection[bytes]) -> Iterator[bytes]:
    return (each if isinstance(each, bytes) else each.bytes for each in subjects)


def _refuse_missing(wanted: Collection[object], found: Collection[object]) -> None:
    missing = len(wanted) - len(found)
    if missing:
        raise VaultError(f"no key is held for {missing} of {len(wanted)} subjects")
