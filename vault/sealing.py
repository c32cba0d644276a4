"""Authenticated encryption by suite number. Pure: no Django, no files, no clock.

Invariants:
- Associated data is mandatory and its parts are length-prefixed, so no two lists of parts give the
  same bytes.
- A suite number names algorithms for ever: 1 is AES-256-GCM, 2 is SM4-GCM (GB/T 32907, RFC 8998).
  An unknown number is refused.
- Every way in which sealed bytes can be wrong ends in the same ``OpeningError``.
- Nonces are 96 random bits, so one key must seal fewer than 2**32 messages (NIST SP 800-38D, 8.3).
"""

from collections.abc import Callable
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vault.errors import OpeningError, VaultError

AES: Final = 1
SM4: Final = 2

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16


class Aead(Protocol):
    """A cipher object holding one key."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """Ciphertext followed by the tag."""

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """The plaintext; raises InvalidTag."""


class Sm4Gcm:
    """SM4-GCM in the shape of AESGCM.

    SM4 takes 128 bits: the first half of SM3 over a fixed label and the 256-bit key, so that the
    same data key may serve either suite without sharing bytes between the two ciphers.
    """

    _LABEL: Final = b"handover/sm4-gcm/v1"

    def __init__(self, key: bytes) -> None:
        digest = hashes.Hash(hashes.SM3())
        digest.update(self._LABEL + key)
        self._key = algorithms.SM4(digest.finalize()[:16])

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """Ciphertext followed by the tag."""
        encryptor = Cipher(self._key, modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(associated_data)
        return encryptor.update(data) + encryptor.finalize() + encryptor.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """The plaintext; raises InvalidTag."""
        if len(data) < TAG_BYTES:
            raise InvalidTag
        decryptor = Cipher(self._key, modes.GCM(nonce, data[-TAG_BYTES:])).decryptor()
        decryptor.authenticate_additional_data(associated_data)
        return decryptor.update(data[:-TAG_BYTES]) + decryptor.finalize()


_CIPHERS: Final[dict[int, Callable[[bytes], Aead]]] = {AES: AESGCM, SM4: Sm4Gcm}
SUITES: Final = frozenset(_CIPHERS)


def cipher_for(suite: int, key: bytes) -> Aead:
    """The cipher of ``suite`` under a 256-bit key; refuses an unknown suite and any other length."""
    if suite not in _CIPHERS:
        raise VaultError(f"suite {suite} is unknown")
    if len(key) != KEY_BYTES:
        raise VaultError(f"a key has {KEY_BYTES} bytes, not {len(key)}")
    return _CIPHERS[suite](key)


def open_sealed(cipher: Aead, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
    """The plaintext that was sealed with exactly these parts; else raises ``OpeningError``."""
    try:
        return cipher.decrypt(nonce, data, associated_data)
    except (InvalidTag, ValueError):
        raise OpeningError from None


def length_prefixed(*parts: bytes) -> bytes:
    """The parts one after another, each behind its length in four bytes, big-endian.

    Joining by a delimiter would let two different lists collide; this cannot.
    """
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
