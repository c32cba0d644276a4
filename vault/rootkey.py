"""The root key: one file of 32 random bytes that every other key hangs from.

Invariants:
- It is read only from a regular file of mode 0400 that belongs to the running user; anything else
  is refused with the exact reason, before a byte of it is used.
- It is written once, never over an existing file.
"""

import hashlib
import os
import stat
from pathlib import Path

from vault.errors import VaultError
from vault.sealing import KEY_BYTES, length_prefixed

ROOT_MODE = 0o400


def read_root(path: Path) -> bytes:
    """The root key; raises ``VaultError`` naming what is wrong with the file."""
    try:
        # Non-blocking, lest a pipe in its place hang the start.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise VaultError(f"the root key file {path} is missing") from None
    except OSError as error:
        raise VaultError(f"the root key file {path} cannot be read: {error.strerror}") from None
    try:
        _refuse_unsafe(path, os.fstat(handle))
        root = os.read(handle, KEY_BYTES + 1)
    finally:
        os.close(handle)
    if len(root) != KEY_BYTES:
        raise VaultError(f"the root key file {path} must hold exactly {KEY_BYTES} bytes")
    return root


def write_new_root(path: Path, root: bytes | None = None) -> bytes:
    """Puts a root key (a fresh one unless given) in place, durable, mode 0400.

    Refuses to touch an existing file and a key of any other length.
    """
    root = os.urandom(KEY_BYTES) if root is None else root
    if len(root) != KEY_BYTES:
        raise VaultError(f"a root key has {KEY_BYTES} bytes, not {len(root)}")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, ROOT_MODE)
    except FileExistsError:
        raise VaultError(f"the root key file {path} exists already") from None
    with os.fdopen(handle, "wb") as file:
        file.write(root)
        file.flush()
        os.fsync(file.fileno())
    return root


def root_fingerprint(root: bytes) -> str:
    """A name for the root key that gives nothing of it away: it is 256 random bits."""
    return hashlib.sha256(length_prefixed(b"handover/root/v1", root)).hexdigest()


def _refuse_unsafe(path: Path, facts: os.stat_result) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise VaultError(f"the root key file {path} is not a regular file")
    if facts.st_uid != os.geteuid():
        raise VaultError(f"the root key file {path} belongs to another user (uid {facts.st_uid})")
    mode = stat.S_IMODE(facts.st_mode)
    if mode & 0o077:
        raise VaultError(f"the root key file {path} is open to others (mode {mode:04o}, must be 0400)")
    if mode != ROOT_MODE:
        raise VaultError(f"the root key file {path} has mode {mode:04o}, must be 0400")
