"""The sealed files in a backup: they lie sealed already, so they are linked or copied as they are.

Invariants:
- A file of the product is written once and never altered, so a hard link keeps it even when the product
  destroys its own name for it; on another file system it is copied.
- The list names every file that had a row in the snapshot: ``id size sha256``, one line each, or
  ``id missing`` for one that was destroyed between the snapshot and the copying.
"""

import errno
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

from continuity.comparing import Comparison
from continuity.dumping import Beat
from continuity.errors import NotRestorable
from continuity.manifest import FILES, Part, check_part, part_of
from vault.files import path_of
from vault.keyfiles import flush_folder, write_durably

FOLDER: Final = "files"
_MISSING: Final = "missing"


def copy_files(folder: Path, ids: Iterable[str], beat: Beat) -> int:
    """The files lie in ``folder`` with their list; returns how many."""
    lines, copied, folders = [], 0, set()
    for file_id in ids:
        target = place_of(folder, file_id)
        part = _copy(path_of(UUID(file_id)), target)
        lines.append(f"{file_id} {_MISSING}\n" if part is None else f"{file_id} {part.size} {part.sha256}\n")
        copied += part is not None
        folders.add(target.parent)
        beat()
    # Each folder once, before the list that names what lies in them.
    for filled in sorted(folders):
        flush_folder(filled)
        beat()
    write_durably(folder / FILES, "".join(lines).encode())
    return copied


def check_files(folder: Path, beat: Beat) -> list[str]:
    """Every listed file is there unchanged; returns the ids in the list, of missing ones too.

    Raises:
        NotRestorable: a file is missing, cut or changed.
    """
    listed = []
    for line in (folder / FILES).read_text(encoding="ascii").splitlines():
        file_id, *facts = line.split(" ")
        listed.append(file_id)
        if facts != [_MISSING]:
            check_part(place_of(folder, file_id), _part(facts))
        beat()
    return listed


def compare_files(listed: Sequence[str], rows: Sequence[str]) -> list[Comparison]:
    """The list of a backup beside the rows that were restored."""
    return [
        Comparison("files", "rows", str(len(listed)), str(len(rows))),
        Comparison("files", "same", "yes", "yes" if sorted(listed) == sorted(rows) else "no"),
    ]


def place_of(folder: Path, file_id: str) -> Path:
    """Where a backup keeps the file: spread over 256 folders as in the product."""
    return folder / FOLDER / file_id[-2:] / f"{file_id}.sealed"


def _copy(source: Path, target: Path) -> Part | None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno not in {errno.EXDEV, errno.EPERM, errno.EMLINK}:
            raise
        shutil.copyfile(source, target)
        with target.open("rb") as copied:
            os.fsync(copied.fileno())
    return part_of(target)


def _part(facts: list[str]) -> Part:
    try:
        size, sha256 = facts
        return Part(int(size), sha256)
    except ValueError:
        raise NotRestorable("backup.manifest_unreadable") from None
