"""Archives: what they hold, without unpacking anything to a place and without trusting their paths.

Invariants:
- Names inside an archive are only looked up, never written anywhere.
- Links, encrypted members, names that climb out, names that stand twice, too many members, and members
  that claim to grow beyond reason are refused before one byte is unpacked; a member that grows or differs
  from what it claimed is refused when it does.
"""

import stat
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Final

from intake import bounds
from intake.errors import Unreadable

_ENCRYPTED: Final = 0x1
_WORKBOOK: Final = "xl/workbook.xml"
_PIECE: Final = 1024**2
_PLAIN_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_NESTED: Final = (".zip", ".7z", ".rar", ".gz", ".tar", ".tgz", ".bz2", ".xz")
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    ValueError,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
)


def open_archive(handle: IO[bytes]) -> zipfile.ZipFile:
    """The archive with its list of members checked.

    Raises:
        Unreadable: it is broken, or a member is a link, encrypted, climbs out or grows too much.
    """
    try:
        archive = zipfile.ZipFile(handle)
    except _BROKEN:
        raise Unreadable("file.truncated", line="end") from None
    members = archive.infolist()
    if not members:
        raise Unreadable("file.empty")
    if len(members) > bounds.MOST_MEMBERS:
        raise Unreadable("file.archive_unsafe", name="members")
    names: set[str] = set()
    for member in members:
        _refuse_unsafe(member)
        if member.filename in names:
            raise Unreadable("file.archive_unsafe", name="twice")
        names.add(member.filename)
    return archive


def _refuse_unsafe(member: zipfile.ZipInfo) -> None:
    parts = member.filename.replace("\\", "/").split("/")
    if member.filename.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
        raise Unreadable("file.archive_unsafe", name="path")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise Unreadable("file.archive_unsafe", name="link")
    if member.flag_bits & _ENCRYPTED:
        raise Unreadable("file.archive_unsafe", name="encrypted")
    if member.compress_type not in _PLAIN_METHODS:
        raise Unreadable("file.archive_unsafe", name="method")
    if member.filename.lower().endswith(_NESTED):
        raise Unreadable("file.archive_unsafe", name="nested")
    grows = member.file_size > 1024**2 and member.file_size > bounds.STEEPEST * max(member.compress_size, 1)
    if grows or member.file_size > limit_of(member.filename):
        raise Unreadable("file.archive_unsafe", name="size")


def limit_of(name: str) -> int:
    """How large a member of this name may be."""
    return bounds.LARGEST_SHEET if name.startswith("xl/") else bounds.LARGEST_MEMBER


def is_workbook(archive: zipfile.ZipFile) -> bool:
    """Whether the archive is an Office workbook."""
    return _WORKBOOK in archive.NameToInfo


def table_name(archive: zipfile.ZipFile) -> str:
    """The one dBase table at the top of an archive that holds nothing else but its memo; or empty."""
    names = archive.namelist()
    tables = [name for name in names if name.lower().endswith(".dbf") and "/" not in name]
    others = [name for name in names if not name.lower().endswith((".dbf", ".dbt", ".fpt", ".cpg"))]
    return tables[0] if len(tables) == 1 and not others else ""


def table_and_memo(archive: zipfile.ZipFile) -> tuple[bytes, bytes]:
    """The table and, where there is one, its memo file."""
    table = table_name(archive)
    memos = [name for name in archive.namelist() if name.lower().endswith((".dbt", ".fpt"))]
    if len(memos) > 1:
        raise Unreadable("file.index_missing")
    memo = b"".join(pieces(archive, memos[0])) if memos else b""
    return b"".join(pieces(archive, table)), memo


def index_name(archive: zipfile.ZipFile) -> str:
    """The one CSV at the archive's root: the index of the documents.

    Raises:
        Unreadable: there is none, or more than one.
    """
    found = [name for name in archive.namelist() if name.lower().endswith(".csv") and "/" not in name]
    if len(found) != 1:
        raise Unreadable("file.index_missing")
    return found[0]


def pieces(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """A member's bytes, nothing where there is no such member; an empty member is one empty piece.

    Raises:
        Unreadable: it grows beyond the limit or beyond what it claimed, its checksum is wrong, or it is broken.
    """
    known = archive.NameToInfo.get(name)
    if known is None:
        return
    total = 0
    try:
        with archive.open(known) as member:
            while (piece := member.read(_PIECE)) or not total:
                total += len(piece)
                yield piece
                if not piece:
                    break
    except _BROKEN:
        raise Unreadable("file.truncated", line=name[:80]) from None
    if total != known.file_size or total > limit_of(name):
        raise Unreadable("file.archive_unsafe", name="size")
