"""A file that is written aside and appears under its name only whole and flushed. Pure.

Invariants:
- Where the kernel offers nameless files (``O_TMPFILE``), an unfinished file has no name at all: it is
  gone however the process ends, and whoever forgets it leaves nothing behind.
- Elsewhere it lies as ``*.part`` in the folder ``aside`` until it is settled or abandoned; a killed
  process leaves it to ``vault.sweeping``.
"""

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

from vault.errors import VaultError
from vault.keyfiles import flush_folder

_UNSUPPORTED: Final = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL})


class AsideFile:
    """An unfinished file below ``folder``."""

    def __init__(self, folder: Path) -> None:
        aside = folder / "aside"
        aside.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._part: Path | None = None
        handle = _nameless(aside)
        if handle is None:
            self._part = aside / f"{uuid4()}.part"
            handle = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._file = os.fdopen(handle, "wb")

    def write(self, content: bytes) -> None:
        """Appends; refuses a file that was settled or abandoned."""
        if self._file.closed:
            raise VaultError("this file is closed")
        self._file.write(content)

    def settle(self, path: Path) -> None:
        """``path`` is this file, whole, on the disk; refuses a path in use."""
        if self._file.closed:
            raise VaultError("this file is closed")
        self._file.flush()
        os.fsync(self._file.fileno())
        try:
            self._give_name(path)
        except FileExistsError:
            raise VaultError(f"{path} exists already") from None
        self._file.close()
        flush_folder(path.parent)

    def abandon(self) -> None:
        """Nothing is left of a file that was not settled; harmless afterwards."""
        with suppress(OSError):  # What a full disk did not take is not wanted any more.
            self._file.close()
        if self._part is not None:
            self._part.unlink(missing_ok=True)
            self._part = None

    def _give_name(self, path: Path) -> None:
        if self._part is not None:
            os.link(self._part, path)
            self._part.unlink()
            self._part = None
            return
        # Python follows a link's source only when a folder is named, though the path is absolute.
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.link(f"/proc/self/fd/{self._file.fileno()}", path, src_dir_fd=folder, follow_symlinks=True)
        finally:
            os.close(folder)


def _nameless(folder: Path) -> int | None:
    """A handle on a file without a name, or None where the file system has none."""
    try:
        return os.open(folder, os.O_WRONLY | os.O_TMPFILE | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno in _UNSUPPORTED:
            return None
        raise
