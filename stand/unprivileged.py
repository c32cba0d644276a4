"""PostgreSQL refuses root and users without a name; the ways to run it all the same, the best first.

1. A user namespace in which the user is called 65534: files keep their owner, no folder is opened to others.
2. For root where namespaces are refused (some containers): the user ``nobody``, which then owns the cluster.
"""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from stand.errors import StandError

NAMESPACE = ("unshare", "-U", "--map-user=65534")
# ``nobody``: PostgreSQL wants a user that the machine knows by name.
OTHER_UID = 65534


@dataclass(frozen=True)
class Lowered:
    """How to start a program that refuses this user: a prefix of its command, and perhaps another owner."""

    prefix: tuple[str, ...] = ()
    uid: int | None = None

    def give(self, path: Path) -> None:
        """``path`` belongs to the user the program runs as."""
        if self.uid is not None:
            os.chown(path, self.uid, self.uid)
            _let_pass(path.parent)


@cache
def lower() -> Lowered:
    """The way that works here; raises with the remedy when none does."""
    is_root = os.geteuid() == 0
    if not is_root and _has_name(os.geteuid()):
        return Lowered()
    if _runs((*NAMESPACE, "true")):
        return Lowered(prefix=NAMESPACE)
    if not is_root:
        raise StandError(
            f"PostgreSQL needs a user with a name, and this machine knows none for {os.geteuid()}; "
            "run as a user of this machine"
        )
    other = ("setpriv", f"--reuid={OTHER_UID}", f"--regid={OTHER_UID}", "--clear-groups")
    if _runs((*other, "true")):
        return Lowered(prefix=other, uid=OTHER_UID)
    raise StandError(
        "PostgreSQL refuses to run as root, and neither `unshare` (a user namespace) nor `setpriv` "
        "works here; run as an ordinary user, or install util-linux"
    )


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


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
