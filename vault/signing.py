"""Signing keys: one Ed25519 key per owner and purpose (RFC 8032).

Invariants:
- A signature is the suite byte 1 followed by 64 bytes; any other suite or length is refused.
- A private key never leaves its ``Signer``: no pickling, no printing.
- A purpose's key signs only messages of that purpose: custody statements, certificates,
  checkpoints, manifests of backups.
"""

import hashlib
from typing import Final, NoReturn
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from vault.errors import VaultError
from vault.keyfiles import installed_keys

SUITE: Final = b"\x01"
PURPOSES: Final = frozenset({"custody", "certificate", "log", "backup"})


class Signer:
    """The right to sign as ``owner`` for ``purpose``."""

    def __init__(self, purpose: str, owner: UUID, seed: bytes) -> None:
        self.purpose = purpose
        self.owner = owner
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._private.public_key().public_bytes_raw()
        self.fingerprint = fingerprint(self.public)

    def sign(self, message: bytes) -> bytes:
        """Suite byte and signature over exactly these bytes; the same message gives the same signature."""
        return SUITE + self._private.sign(message)

    def __repr__(self) -> str:
        return f"<Signer {self.purpose} {self.owner} {self.fingerprint[:16]}>"

    def __reduce__(self) -> NoReturn:
        raise VaultError("a signer is not to be pickled")


def fingerprint(public: bytes) -> str:
    """The name by which parties exchange a public key: SHA-256 over suite byte and key, in hex."""
    return hashlib.sha256(SUITE + public).hexdigest()


def verify(public: bytes, message: bytes, signature: bytes) -> None:
    """Returns when ``signature`` is the owner's over exactly ``message``; else raises ``VaultError``."""
    if signature[:1] != SUITE:
        raise VaultError("the signature's suite is unknown")
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature[1:], message)
    except (InvalidSignature, ValueError):
        raise VaultError("the signature does not fit") from None


def create_signer(purpose: str, owner: UUID) -> Signer:
    """A new signing key, durable in the keyring; refuses an unknown purpose and a key that exists."""
    name = _name(purpose, owner)
    seed = Ed25519PrivateKey.generate().private_bytes_raw()
    installed_keys().add(name, seed)
    return Signer(purpose, owner, seed)


def signer(purpose: str, owner: UUID) -> Signer:
    """The owner's signer; raises ``VaultError`` when there is none."""
    _suite, seed = installed_keys().get(_name(purpose, owner))
    return Signer(purpose, owner, seed)


def has_signer(purpose: str, owner: UUID) -> bool:
    """Whether the owner has a signing key for ``purpose``."""
    return installed_keys().has(_name(purpose, owner))


def _name(purpose: str, owner: UUID) -> str:
    if purpose not in PURPOSES:
        raise VaultError(f"there are no signing keys for {purpose!r}")
    return f"{owner.hex}.sign.{purpose}"
