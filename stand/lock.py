"""One runner per state folder.

The kernel holds the lock for the process that took it and frees it however that process ends; the
file's text is only for the message to whoever comes second.
"""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from stand.errors import StandError


@dataclass
class Lock:
    """The right to run in a state folder, until released or until this process ends."""

    descriptor: int

    def release(self) -> None:
        """Another may start here afterwards."""
        os.close(self.descriptor)


def take_lock(path: Path, purpose: str) -> Lock:
    """Take the state folder's lock; raises ``StandError`` naming who holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 200).decode("utf-8", "replace").strip() or "another process"
        os.close(descriptor)
        raise StandError(
            f"{path.parent} is in use by {holder}; stop that one, or name another folder in HANDOVER_STATE"
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"`{purpose}` (process {os.getpid()})\n".encode(), 0)
    return Lock(descriptor)
