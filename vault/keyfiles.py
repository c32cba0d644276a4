"""Key files: every key but the root, each in a file of its own, encrypted under the root.

Invariants:
- A key file appears whole or not at all, is never overwritten, and is on the disk before its key is
  used: written aside, flushed, renamed, the folder flushed.
- When a second place is set, a key exists there before it exists here, and is destroyed only when
  both places have confirmed it.
- The file's name is bound into its encryption, so files cannot be exchanged.
- A canary sealed under the root tells a wrong root from a damaged key.

The bytes are described in ``docs/formats/keys.md``.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.conf import settings

from vault.errors import OpeningError, VaultError
from vault.rootkey import read_root
from vault.sealing import AES, NONCE_BYTES, SUITES, cipher_for, length_prefixed, open_sealed

CANARY: Final = "root.canary"
_CANARY_KEY: Final = b"handover root key canary, 32 B ."
_LABEL: Final = b"handover/keyfile/v1"
_SUFFIX: Final = ".key"


class KeyFolder:
    """The keyring's folder, its copy in a second place, and the root that opens both."""

    def __init__(self, folder: Path, root_file: Path, copy: Path | None = None) -> None:
        self.folder = folder
        self.copy = copy
        self.root_file = root_file

    def is_empty(self) -> bool:
        """Whether this folder has never held a key."""
        return not self.folder.is_dir() or not any(self._names(self.folder))

    def check(self) -> None:
        """Nothing is wrong with root and keyring; otherwise raises ``VaultError`` naming the reason."""
        root = read_root(self.root_file)
        if not (self.folder / CANARY).is_file():
            state = "is not prepared" if self.is_empty() else "has lost its canary"
            raise VaultError(f"the keyring {self.folder} {state}")
        try:
            self._open(root, CANARY)
        except OpeningError:
            raise VaultError(f"the root key {self.root_file} is not the one of {self.folder}") from None

    def prepare(self) -> None:
        """The folder has a canary of this root, and the second place holds every file; repeatable.

        Refuses a root that is not the one of the keyring.
        """
        root = read_root(self.root_file)
        with self._locked():
            if self.is_empty():
                self._write(root, CANARY, AES, _CANARY_KEY)
            self.check()
            self._complete_copy()

    def add(self, name: str, key: bytes, *, suite: int = AES) -> None:
        """The key is durable under ``name`` in both places; refuses a name in use."""
        self.check()
        with self._locked():
            if self.has(name):
                raise VaultError(f"the key {name} exists already")
            self._write(read_root(self.root_file), name + _SUFFIX, suite, key)

    def has(self, name: str) -> bool:
        """Whether a key of that name lies in the folder."""
        return (self.folder / (name + _SUFFIX)).is_file()

    def get(self, name: str) -> tuple[int, bytes]:
        """Suite and key; refuses a missing file and one that the root does not open.

        The folder is asked every time, so a destroyed key is gone for a running process too; only
        the decryption of an unchanged file is remembered.
        """
        path = self.folder / (name + _SUFFIX)
        try:
            facts = path.stat()
        except FileNotFoundError:
            raise VaultError(f"the key {name} is not in the keyring") from None
        return _remembered(self.folder, self.root_file, path.name, (facts.st_ino, facts.st_mtime_ns))

    def destroy(self, name: str) -> None:
        """The key is gone from both places; raises ``VaultError`` while either still shows it."""
        with self._locked():
            for place in self._places():
                _remove(place / (name + _SUFFIX))
        _remembered.cache_clear()

    def copy_differences(self) -> list[str]:
        """Names of files that the second place lacks, has in excess or holds otherwise."""
        if self.copy is None:
            return []
        here = set(self._names(self.folder))
        there = set(self._names(self.copy)) if self.copy.is_dir() else set()
        changed = {
            name
            for name in here & there
            if (self.folder / name).read_bytes() != (self.copy / name).read_bytes()
        }
        return sorted((here ^ there) | changed)

    def _places(self) -> list[Path]:
        """The second place first: a key is never used before its copy exists."""
        return [self.folder] if self.copy is None else [self.copy, self.folder]

    def _names(self, place: Path) -> list[str]:
        return [p.name for p in place.iterdir() if p.suffix == _SUFFIX or p.name == CANARY]

    def _write(self, root: bytes, file_name: str, suite: int, key: bytes) -> None:
        nonce = os.urandom(NONCE_BYTES)
        sealed = cipher_for(AES, root).encrypt(nonce, bytes([suite]) + key, _bound_to(file_name))
        for place in self._places():
            write_durably(place / file_name, bytes([AES]) + nonce + sealed)

    def _open(self, root: bytes, file_name: str) -> tuple[int, bytes]:
        content = (self.folder / file_name).read_bytes()
        if content[:1] != bytes([AES]):
            raise OpeningError
        nonce, sealed = content[1 : 1 + NONCE_BYTES], content[1 + NONCE_BYTES :]
        plain = open_sealed(cipher_for(AES, root), nonce, sealed, _bound_to(file_name))
        if plain[0] not in SUITES:
            raise OpeningError
        return plain[0], plain[1:]

    def _complete_copy(self) -> None:
        if self.copy is None:
            return
        self.copy.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in self.copy_differences():
            if (self.folder / name).is_file():
                write_durably(self.copy / name, (self.folder / name).read_bytes())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One change at a time, across processes."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.copy is not None:
            self.copy.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.folder / ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def installed_keys() -> KeyFolder:
    """The keyring of this installation, as the settings name its places."""
    copy = Path(settings.KEYRING_COPY) if settings.KEYRING_COPY else None
    return KeyFolder(Path(settings.KEYRING_DIR), Path(settings.ROOT_KEY_FILE), copy)


def write_durably(path: Path, content: bytes) -> None:
    """``path`` holds ``content``, mode 0600, on the disk; a crash leaves the old state or the new."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.aside")
    try:
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
        flush_folder(path.parent)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise VaultError(f"{path} could not be written: {error.strerror}") from error


def flush_folder(folder: Path) -> None:
    """Names made or removed in ``folder`` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
        flush_folder(path.parent)
    except OSError as error:
        raise VaultError(f"{path} could not be destroyed: {error.strerror}") from error


def _bound_to(file_name: str) -> bytes:
    return length_prefixed(_LABEL, file_name.encode())


@lru_cache(maxsize=4096)
def _remembered(
    folder: Path, root_file: Path, file_name: str, _signature: tuple[int, int]
) -> tuple[int, bytes]:
    """What the file held when it looked like ``_signature``."""
    return KeyFolder(folder, root_file)._open(read_root(root_file), file_name)  # noqa: SLF001
