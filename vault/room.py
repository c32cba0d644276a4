"""Whether there is room to store anything more: the last of the disk is kept for what must go on.

Invariants:
- Below ``settings.DISK_RESERVE_BYTES`` nobody's act is carried out and no file is sealed, so that the
  database can still write its log, the audit log is sequenced, and reading goes on.
- Nothing waits for a person: as soon as there is room again, everything goes on.
"""

import errno
import os
from pathlib import Path
from typing import Final

from django.conf import settings

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


def has_room() -> bool:
    """True while the disks of the state and of the files have more than the reserve left."""
    return all(
        _free(Path(folder)) >= settings.DISK_RESERVE_BYTES for folder in {settings.STATE, settings.FILES_DIR}
    )


def _free(folder: Path) -> int:
    """What is left on the disk that ``folder`` is on, or will be."""
    while not folder.exists():
        folder = folder.parent
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def require_room() -> None:
    """Return only while there is room.

    Raises:
        OSError: ENOSPC, as the disk itself would say a little later.
    """
    if not has_room():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def says_full(error: BaseException) -> bool:
    """True for the error of a disk or quota that is full."""
    return isinstance(error, OSError) and error.errno in FULL
