"""Blind indexes and source digests: keyed, so equality shows and nothing else.

Invariants:
- A token is the first 64 bits of an AES-CMAC (NIST SP 800-38B) over the normalised value, as a signed
  integer for a bigint column. Each field has a key of its own, derived from the installation's index key.
- A token is never unique and never proof: a match is confirmed after opening.
- Only fields that are hard to guess have tokens; anything else is refused.
- A source digest is a whole AES-CMAC, 128 bits, under a key derived from the installation's digest key for
  its book and kind.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final
from uuid import UUID

import numpy as np
import numpy.typing as npt

from vault.errors import VaultError
from vault.keyring import installation_key
from vault.macs import macs
from vault.matrix import Matrix, rows_of
from vault.sealing import length_prefixed
from vault.spelling import SPELLERS, spell, spell_all

FIELDS: Final = frozenset(SPELLERS)

DIGEST_BYTES: Final = 16

TokenColumn = np.ma.MaskedArray[tuple[int, ...], np.dtype[np.int64]]
"""One token per value; masked where the value is empty once normalised."""


def normalise(field: str, value: str) -> str:
    """The one spelling under which ``value`` is searched; empty when nothing searchable is left.

    Raises:
        VaultError: ``field`` has no blind index.
    """
    _refuse_unknown(field)
    return spell(field, value)


def token(field: str, value: str) -> int:
    """The blind-index token of one value; refuses a value that is empty once normalised."""
    found = tokens(field, [value])[0]
    if found is None:
        raise VaultError(f"an empty {field} has no token")
    return found


def tokens(field: str, values: Iterable[str]) -> list[int | None]:
    """The tokens of many values in their order; None for a value that is empty once normalised."""
    found: list[int | None] = token_column(field, list(values)).tolist()
    return found


def token_column(field: str, values: Sequence[str]) -> TokenColumn:
    """``tokens`` as one column."""
    _refuse_unknown(field)
    plain = spell_all(field, values)
    found = macs(_field_key(installation_key("index"), field), plain)
    first: npt.NDArray[np.int64] = found[:, :8].copy().view(">i8").reshape(-1).astype(np.int64)
    empty = np.fromiter((not value for value in plain), dtype=np.bool_, count=len(plain))
    return np.ma.MaskedArray(first, mask=empty)


def source_digest(book: UUID, kind: str, key: str) -> bytes:
    """16 bytes that stand for a source key of one book and kind; equal keys give equal digests."""
    return source_digests(book, kind, [key])[0]


def source_digests(book: UUID, kind: str, keys: Iterable[str]) -> list[bytes]:
    """``source_digest`` of many keys in their order."""
    return rows_of(source_digest_rows(book, kind, list(keys)))


def source_digest_rows(book: UUID, kind: str, keys: Sequence[str]) -> Matrix:
    """``source_digests`` as a matrix."""
    return macs(_source_key(installation_key("digest"), book, kind), keys)


def content_digest(sha256: bytes) -> bytes:
    """32 keyed bytes that show two sealed files equal without letting anyone confirm a guess."""
    return hashlib.blake2b(
        sha256, key=installation_key("digest"), digest_size=32, person=b"hv/content/v1"
    ).digest()


def _refuse_unknown(field: str) -> None:
    if field not in SPELLERS:
        raise VaultError(f"there is no blind index for {field!r}")


@lru_cache(maxsize=64)
def _field_key(index_key: bytes, field: str) -> bytes:
    return hmac.digest(index_key, length_prefixed(b"handover/token/v1", field.encode()), "sha256")


@lru_cache(maxsize=256)
def _source_key(digest_key: bytes, book: UUID, kind: str) -> bytes:
    parts = length_prefixed(b"handover/source/v1", book.bytes, kind.encode())
    return hmac.digest(digest_key, parts, "sha256")
