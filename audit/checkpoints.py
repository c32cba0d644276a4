"""Signed heads of the log (docs/formats/checkpoint.md)."""

from typing import Final

from audit import note
from audit.models import Checkpoint
from vault import signing
from vault.ids import INSTALLATION

# ``.invalid`` is nobody's domain (RFC 2606); the fingerprint makes the name this installation's own.
ORIGIN: Final = "handover.invalid/log/{fingerprint}"
_SHOWN: Final = 16


def log_key() -> note.LogKey:
    """The name and public key under which this installation's log signs.

    Raises:
        VaultError: the installation has no log key, or its keyring does not open.
    """
    return _key_of(signing.signer("log", INSTALLATION))


def sign(size: int, root: bytes) -> Checkpoint:
    """The tree of ``size`` leaves stands signed in the database afterwards.

    Raises:
        VaultError: the installation has no log key, or its keyring does not open.
    """
    signer = signing.signer("log", INSTALLATION)
    key = _key_of(signer)
    text = note.write(
        note.Head(key.name, size, root), key, lambda message: signer.sign(message).removeprefix(signing.SUITE)
    )
    return Checkpoint.objects.create(size=size, root=root, note=text)


def latest() -> Checkpoint | None:
    """The newest checkpoint; None while the log is empty."""
    return Checkpoint.objects.order_by("-size").first()


def at_or_after(size: int) -> Checkpoint | None:
    """The first checkpoint that covers ``size`` leaves; None if none does yet."""
    return Checkpoint.objects.filter(size__gte=size).order_by("size").first()


def _key_of(signer: signing.Signer) -> note.LogKey:
    return note.LogKey(ORIGIN.format(fingerprint=signer.fingerprint[:_SHOWN]), signer.public)
