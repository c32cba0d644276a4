"""PostgreSQL refuses to run as root; these are the ways to run it all the same, the best first.

1. A user namespace in which root is called 65534: files keep their owner, no folder is opened to others.
2. Where namespaces are refused (some containers): a user id of its own, which then owns the cluster.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from stand.errors import StandError

NAMESPACE = ("unshare", "-U", "--map-user=65534")
# An id no distribution hands out; it exists nowhere but as the owner of the cluster's files.
OTHER_UID = 61543


@dataclass(frozen=True)
class Lowered:
    """How to start a program that refuses root: a prefix of its command, and perhaps another owner."""

    prefix: tuple[str, ...] = ()
    uid: int | None = None

    def give(self, path: Path) -> None:
        """``path`` belongs to the user the program runs as."""
        if self.uid is not None:
            os.chown(path, self.uid, self.uid)
            _let_pass(path.parent)


@cache
def lower_root() -> Lowered:
    """The way that works here; raises with the remedy when none does."""
    if os.geteuid() != 0:
        return Lowered()
    if _runs((*NAMESPACE, "true")):
        return Lowered(prefix=NAMESPACE)
    other = ("setpriv", f"--reuid={OTHER_UID}", f"--regid={OTHER_UID}", "--clear-groups")
    if _runs((*other, "true")):
        return Lowered(prefix=other, uid=OTHER_UID)
    raise StandError(
        "PostgreSQL refuses to run as root, and neither `unshare` (a user namespace) nor `setpriv` "
        "works here; run as an ordinary user, or install util-linux"
    )


def _runs(command: tuple[str, ...]) -> bool:
    if not shutil.which(command[0]):
        return False
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)  # noqa: S603
    return done.returncode == 0


def _let_pass(folder: Path) -> None:
    """The other user may pass through (not list) our own folders; a foreign closed one is refused by name."""
    for each in (folder, *folder.parents):
        mode = each.stat().st_mode
        if mode & 0o001:
            continue
        if not (each / "passwords.json").exists() and not (each / "lock").exists():
            raise StandError(
                f"PostgreSQL must run as another user here and cannot pass through {each}; "
                "run as an ordinary user, or put HANDOVER_STATE into a folder others may pass"
            )
        each.chmod(mode | 0o011)
