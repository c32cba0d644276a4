"""The keys of the installation and of each organisation, made once and found by name.

Invariants:
- Index, digest and wrapping keys are random, never derived, so that destroying one destroys it.
- A wrapping key exists in the keyring before its ``Epoch`` row is visible to anyone.
"""

import os
from functools import lru_cache
from uuid import UUID

from django.db import transaction

from vault.errors import VaultError
from vault.ids import INSTALLATION
from vault.keyfiles import installed_keys
from vault.models import Epoch, KeyPurpose
from vault.rootkey import write_new_root
from vault.sealing import AES, KEY_BYTES, SUITES, Aead, cipher_for
from vault.signing import create_signer, has_signer

INSTALLATION_KEYS = ("index", "digest", "backup")
INSTALLATION_SIGNERS = ("log", "backup")


def check_root() -> None:
    """The root key is present, safe and the right one; else raises ``VaultError`` with the exact reason.

    Called at the start of every web process and worker, and by the system check.
    """
    installed_keys().check()


def prepare_installation() -> None:
    """Canary, the installation's keys and signers exist, and the second place holds every file.

    On a machine that holds neither root nor keyring a root key is made. A keyring without its root
    is refused: a new root could open nothing. Repeating it changes nothing.
    """
    keys = installed_keys()
    if keys.is_empty() and not keys.root_file.exists():
        write_new_root(keys.root_file)
    keys.prepare()
    for purpose in INSTALLATION_KEYS:
        _ensure(f"{INSTALLATION.hex}.{purpose}", AES)
    for purpose in INSTALLATION_SIGNERS:
        _ensure_signer(purpose, INSTALLATION)


@transaction.atomic
def create_organisation_keys(org: UUID, *, suite: int = AES) -> None:
    """The organisation has epoch 1 of every wrapping key and signers for custody and certificates.

    Keys left in the keyring by an attempt whose rows were rolled back are taken up again.

    Raises:
        VaultError: the suite is unknown, ``org`` is the installation or already has its keys.
    """
    if suite not in SUITES:
        raise VaultError(f"suite {suite} is unknown")
    if org == INSTALLATION:
        raise VaultError("the installation is not an organisation")
    if Epoch.objects.filter(org=org).exists():
        raise VaultError(f"organisation {org} already has its keys")
    for purpose in KeyPurpose.values:
        _ensure(_epoch_name(org, purpose, 1), suite)
    for purpose in ("custody", "certificate"):
        _ensure_signer(purpose, org)
    Epoch.objects.bulk_create(
        Epoch(org=org, purpose=purpose, number=1, suite=suite) for purpose in KeyPurpose.values
    )


def installation_key(purpose: str) -> bytes:
    """The installation's index, digest or backup key."""
    return installed_keys().get(f"{INSTALLATION.hex}.{purpose}")[1]


def wrapping_cipher(org: UUID, purpose: str, number: int) -> tuple[int, Aead]:
    """Suite and cipher of an organisation's epoch key; raises ``VaultError`` once it is destroyed."""
    suite, key = installed_keys().get(_epoch_name(org, purpose, number))
    return suite, _cipher(suite, key)


@lru_cache(maxsize=256)
def _cipher(suite: int, key: bytes) -> Aead:
    return cipher_for(suite, key)


def _epoch_name(org: UUID, purpose: str, number: int) -> str:
    return f"{org.hex}.wrap.{purpose}.{number}"


def _ensure(name: str, suite: int) -> None:
    keys = installed_keys()
    if not keys.has(name):
        keys.add(name, os.urandom(KEY_BYTES), suite=suite)
    elif keys.get(name)[0] != suite:
        raise VaultError(f"the key {name} exists with another suite")


def _ensure_signer(purpose: str, owner: UUID) -> None:
    if not has_signer(purpose, owner):
        create_signer(purpose, owner)
