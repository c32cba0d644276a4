"""Archives: what they hold, without unpacking anything and without trusting their paths. Pure.

Invariants:
- Names inside an archive are only looked up, never written anywhere.
- Links, encrypted members, names that climb out, too many members, and members that claim to grow
  beyond reason are refused before one byte is unpacked.
"""

import stat
import zipfile
from typing import IO, Final

from audit.errors import Refused

MOST_MEMBERS: Final = 2_000_000
LARGEST_MEMBER: Final = 256 * 1024**2
LARGEST_WORKBOOK: Final = 1024**3
STEEPEST: Final = 200
_ENCRYPTED: Final = 0x1
_WORKBOOK: Final = "xl/workbook.xml"


def open_archive(handle: IO[bytes]) -> zipfile.ZipFile:
    """The archive with its list of members checked.

    Raises:
        Refused: it is broken, or a member is a link, encrypted, climbs out or grows too much.
    """
    try:
        archive = zipfile.ZipFile(handle)
    except (zipfile.BadZipFile, ValueError, EOFError, OSError):
        raise Refused("file.truncated", line="end") from None
    members = archive.infolist()
    if not members:
        raise Refused("file.empty")
    if len(members) > MOST_MEMBERS:
        raise Refused("file.archive_unsafe", name="members")
    names = set()
    for member in members:
        _refuse_unsafe(member)
        if member.filename in names:
            raise Refused("file.archive_unsafe", name="twice")
        names.add(member.filename)
    return archive


def _refuse_unsafe(member: zipfile.ZipInfo) -> None:
    parts = member.filename.replace("\\", "/").split("/")
    if member.filename.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
        raise Refused("file.archive_unsafe", name="path")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise Refused("file.archive_unsafe", name="link")
    if member.flag_bits & _ENCRYPTED:
        raise Refused("file.archive_unsafe", name="encrypted")
    grows = member.file_size > 1024**2 and member.file_size > STEEPEST * max(member.compress_size, 1)
    if grows or member.file_size > (LARGEST_WORKBOOK if is_sheet(member.filename) else LARGEST_MEMBER):
        raise Refused("file.archive_unsafe", name="size")


def is_sheet(name: str) -> bool:
    """Whether a member is a part of a workbook."""
    return name.startswith("xl/")


def is_workbook(archive: zipfile.ZipFile) -> bool:
    """Whether the archive is an Office workbook."""
    return _WORKBOOK in archive.namelist()


def index_name(archive: zipfile.ZipFile) -> str:
    """The one CSV at the archive's root: the index of the documents.

    Raises:
        Refused: there is none, or more than one.
    """
    found = [name for name in archive.namelist() if name.lower().endswith(".csv") and "/" not in name]
    if len(found) != 1:
        raise Refused("file.index_missing")
    return found[0]


def read_member(archive: zipfile.ZipFile, name: str, limit: int = LARGEST_MEMBER) -> bytes | None:
    """A member's bytes; None when there is none of this name.

    Raises:
        Refused: it grows beyond the limit whatever it claimed, or is broken.
    """
    try:
        with archive.open(name) as member:
            data = member.read(limit + 1)
    except KeyError:
        return None
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError):
        raise Refused("file.truncated", line=name) from None
    if len(data) > limit:
        raise Refused("file.archive_unsafe", name="size")
    return data
