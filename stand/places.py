"""Where everything of one stand lies.

Invariants:
- The state folder and every folder in it are 0700; secrets are 0400, everything else we write is 0600.
- A socket's path fits the kernel's 107 bytes: else it lies in a private folder elsewhere.
- A private folder elsewhere is ours alone: a symbolic link or another owner is refused.
"""

import contextlib
import hashlib
import json
import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from stand.errors import StandError

SOCKET_PATH_BYTES = 107
PRIVATE = 0o700


@dataclass(frozen=True)
class Places:
    """The layout of a state folder. Keys and files may be pointed elsewhere by the environment."""

    state: Path

    @property
    def postgres(self) -> Path:
        return self.state / "postgres"

    @property
    def redis(self) -> Path:
        return self.state / "redis"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def static(self) -> Path:
        return self.state / "staticfiles"

    @property
    def keyring(self) -> Path:
        return _chosen("KEYRING_DIR", self.state / "keyring")

    @property
    def files(self) -> Path:
        return _chosen("FILES_DIR", self.state / "files")

    @property
    def root_key(self) -> Path:
        return _chosen("ROOT_KEY_FILE", self.state / "root.key")

    @property
    def secret_key(self) -> Path:
        return _chosen("SECRET_KEY_FILE", self.state / "secret.key")

    @property
    def keyring_copy(self) -> str:
        """The second place of the keyring; empty when none was named."""
        return os.environ.get("KEYRING_COPY", "")

    @property
    def runtime(self) -> Path:
        return self.state / "runtime.json"

    @property
    def lock(self) -> Path:
        return self.state / "lock"

    @property
    def children(self) -> Path:
        """Which processes the last run started, so that the next can end what a crash left."""
        return self.state / "children.json"

    def clear(self) -> None:
        """What a stand keeps is gone; the lock stays, and so does whatever else lies in the folder."""
        kept = ("beat", "backups", "drills")
        for folder in (
            self.postgres,
            self.redis,
            self.logs,
            self.static,
            *(self.state / name for name in kept),
        ):
            shutil.rmtree(folder, ignore_errors=True)
        for folder in (self.keyring, self.files):
            if folder.parent == self.state:
                shutil.rmtree(folder, ignore_errors=True)
        for secret in (self.root_key, self.secret_key):
            if secret.parent == self.state:
                secret.unlink(missing_ok=True)
        for note in (self.runtime, self.children, self.state / "escrow.json"):
            note.unlink(missing_ok=True)

    def make(self) -> None:
        """Every folder exists and is private afterwards."""
        for folder in (
            self.state,
            self.postgres,
            self.redis,
            self.logs,
            self.static,
            self.keyring,
            self.files,
        ):
            private_folder(folder)


def _chosen(name: str, default: Path) -> Path:
    return Path(os.environ.get(name) or default).resolve()


def private_folder(folder: Path) -> Path:
    """Make ``folder`` with mode 0700 when it is missing, and take others' rights away when it is ours."""
    try:
        folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        if folder.stat().st_uid == os.geteuid():
            folder.chmod(PRIVATE)
    except OSError as error:
        raise StandError(f"cannot use the folder {folder}: {error.strerror}") from error
    return folder


def socket_folder(preferred: Path, socket_name: str) -> Path:
    """A private folder for a socket of this name: ``preferred`` unless its path is too long."""
    if len(os.fsencode(preferred / socket_name)) <= SOCKET_PATH_BYTES:
        return private_folder(preferred)
    mark = hashlib.sha256(os.fsencode(preferred)).hexdigest()[:12]
    base = Path(os.environ.get("XDG_RUNTIME_DIR") or "/nowhere")
    folder = base / f"handover-{mark}"
    if not base.is_dir() or len(os.fsencode(folder / socket_name)) > SOCKET_PATH_BYTES:
        # Only a folder that is checked to be ours and private is used below the shared one.
        folder = Path("/tmp") / f"handover-{os.geteuid()}-{mark}"  # noqa: S108
    private_folder(folder)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise StandError(f"{folder} is not a private folder of this user; remove it and start again")
    return folder


def leave_socket_folder(preferred: Path, folder: Path) -> None:
    """A folder that ``socket_folder`` made elsewhere is gone if it is empty."""
    if folder != preferred:
        with contextlib.suppress(OSError):
            folder.rmdir()


def write_private(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """``path`` holds ``content`` whole or not at all; nobody else could read it at any moment."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.unlink(missing_ok=True)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    aside.replace(path)


def write_json(path: Path, value: object) -> None:
    """``value`` as JSON, private."""
    write_private(path, (json.dumps(value, indent=1) + "\n").encode())


def read_json(path: Path) -> dict[str, str]:
    """What ``write_json`` left there; empty when there is nothing readable."""
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return {str(key): str(value) for key, value in loaded.items()} if isinstance(loaded, dict) else {}
