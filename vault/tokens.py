"""Blind indexes and source digests: keyed, so equality shows and nothing else.

Invariants:
- A token is 64 bits of keyed BLAKE2b (RFC 7693) over the normalised value, as a signed integer for a
  bigint column. Each field has a key of its own, derived from the installation's index key.
- A token is never unique and never proof: a match is confirmed after opening.
- Only fields that are hard to guess have tokens; anything else is refused.
- A source digest is 128 bits under the installation's digest key, bound to book and kind.
"""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final
from uuid import UUID

from vault.errors import VaultError
from vault.keyring import installation_key
from vault.sealing import length_prefixed

_NOT_DIGITS: Final = re.compile(r"\D+")
_SPACES: Final = re.compile(r"\s+")
_NAME_DOTS: Final = re.compile(r"[·•‧∙⋅・･.]")
_OLD_ID: Final = re.compile(r"\d{15}")
_ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def normalise(field: str, value: str) -> str:
    """The one spelling under which ``value`` is searched; empty when nothing searchable is left.

    Raises:
        VaultError: ``field`` has no blind index.
    """
    if field not in _NORMALISERS:
        raise VaultError(f"there is no blind index for {field!r}")
    if not value.isascii():
        value = unicodedata.normalize("NFKC", value)
    return _NORMALISERS[field](value)


def token(field: str, value: str) -> int:
    """The blind-index token of one value; refuses a value that is empty once normalised."""
    found = tokens(field, [value])[0]
    if found is None:
        raise VaultError(f"an empty {field} has no token")
    return found


def tokens(field: str, values: Iterable[str]) -> list[int | None]:
    """The tokens of many values in their order; None for a value that is empty once normalised."""
    base = hashlib.blake2b(key=_field_key(installation_key("index"), field), digest_size=8)
    found: list[int | None] = []
    for value in values:
        plain = normalise(field, value)
        if not plain:
            found.append(None)
            continue
        state = base.copy()
        state.update(plain.encode())
        found.append(int.from_bytes(state.digest(), "big", signed=True))
    return found


def source_digest(book: UUID, kind: str, key: str) -> bytes:
    """16 bytes that stand for a source key of one book and kind; equal keys give equal digests."""
    return source_digests(book, kind, [key])[0]


def source_digests(book: UUID, kind: str, keys: Iterable[str]) -> list[bytes]:
    """``source_digest`` of many keys in their order."""
    base = hashlib.blake2b(key=installation_key("digest"), digest_size=16, person=b"hv/source/v1")
    base.update(length_prefixed(book.bytes, kind.encode()))
    digests = []
    for key in keys:
        state = base.copy()
        state.update(key.encode())
        digests.append(state.digest())
    return digests


def content_digest(sha256: bytes) -> bytes:
    """32 keyed bytes that show two sealed files equal without letting anyone confirm a guess."""
    return hashlib.blake2b(
        sha256, key=installation_key("digest"), digest_size=32, person=b"hv/content/v1"
    ).digest()


@lru_cache(maxsize=64)
def _field_key(index_key: bytes, field: str) -> bytes:
    if field not in _NORMALISERS:
        raise VaultError(f"there is no blind index for {field!r}")
    return hmac.digest(index_key, length_prefixed(b"handover/token/v1", field.encode()), "sha256")


def _identity_number(value: str) -> str:
    """Upper case without spaces and hyphens; a 15-digit number of before 1999 in its 18-digit form."""
    plain = _SPACES.sub("", value).replace("-", "").upper()
    if not _OLD_ID.fullmatch(plain):
        return plain
    body = plain[:6] + "19" + plain[6:]
    remainder = sum(int(digit) * weight for digit, weight in zip(body, _ID_WEIGHTS, strict=True)) % 11
    return body + "10X98765432"[remainder]


def _phone(value: str) -> str:
    """Digits; a Chinese mobile number without its country code."""
    digits = _NOT_DIGITS.sub("", value)
    for code in ("0086", "86"):
        if digits.startswith(code) and len(digits) - len(code) == 11:
            return digits.removeprefix(code)
    return digits


def _email(value: str) -> str:
    return value.strip().casefold()


def _digits(value: str) -> str:
    return _NOT_DIGITS.sub("", value)


def _account(value: str) -> str:
    return _SPACES.sub("", value).upper()


def _name_birth(value: str) -> str:
    """``name|birth date``: the name without spaces and with one kind of dot, the date as eight digits."""
    name, _, birth = value.rpartition("|")
    name = _NAME_DOTS.sub("·", _SPACES.sub("", name)).casefold()
    birth = _digits(birth)
    return f"{name}|{birth}" if name and birth else ""


_NORMALISERS: Final[dict[str, Callable[[str], str]]] = {
    "id_number": _identity_number,
    "phone": _phone,
    "email": _email,
    "bank_card": _digits,
    "account": _account,
    "name_birth": _name_birth,
}
FIELDS: Final = frozenset(_NORMALISERS)
