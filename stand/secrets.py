"""Secrets of a stand: made once, random, never replaced, never printed."""

import os
import secrets

from stand.errors import StandError
from stand.places import Places, write_private

ROOT_KEY_BYTES = 32


def ensure_secrets(places: Places) -> None:
    """The secret key and the root key exist afterwards, each mode 0400.

    Refuses to make a new root key beside a keyring that already holds keys: they could never be
    opened again, and the right remedy is the escrow copy of the old root.
    """
    if not places.secret_key.exists():
        write_private(places.secret_key, secrets.token_urlsafe(48).encode(), mode=0o400)
    if places.root_key.exists():
        return
    if places.keyring.is_dir() and any(places.keyring.iterdir()):
        raise StandError(
            f"{places.root_key} is missing but {places.keyring} holds keys sealed under it; "
            "put the root key back from its escrow copy"
        )
    write_private(places.root_key, os.urandom(ROOT_KEY_BYTES), mode=0o400)


def new_password() -> str:
    """A password fit for an address without quoting."""
    return secrets.token_urlsafe(24)
