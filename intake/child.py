"""What the child does with one wish. Everything it needs is imported here, before the doors close."""

import codecs
import encodings.idna  # noqa: F401  zipfile and codecs would import it later, when nothing can be opened
import io
import os
import socket
import zipfile
from collections.abc import Callable
from typing import Final

import msgspec

from intake import frames
from intake.confine import EVERY_MEANS, confine_reach
from intake.errors import Unreadable
from intake.formats import archive, dbase, jsonlines, workbook
from intake.pipes import RecordWriter, RemoteFile, receive, send

for _name in ("utf-8", "utf-8-sig", "gb18030", "gbk", "big5hkscs", "cp950", *dbase.CODE_PAGES.values()):
    codecs.lookup(_name)

_EXHAUSTED: Final = 9
_BUFFER: Final = 256 * 1024


def main(arguments: list[str], held: list[str]) -> int:
    """One wish fulfilled or refused by name; the exit status is 0 in both cases."""
    if "--means" in arguments:
        from intake.reading import means

        print(", ".join(means()) or "none")  # noqa: T201  a command for people
        return 0
    held += confine_reach()
    send(frames.LOCKED, msgspec.msgpack.encode([name for name in EVERY_MEANS if name in held]))
    wish = msgspec.msgpack.decode(receive(frames.WISH), type=frames.Wish)
    try:
        count = _TASKS[wish.task](wish)
    except Unreadable as refusal:
        send(frames.REFUSED, msgspec.msgpack.encode([refusal.code, refusal.params]))
        return 0
    except (MemoryError, RecursionError):
        return _EXHAUSTED
    send(frames.END, msgspec.msgpack.encode(count))
    return 0


def _file(wish: frames.Wish) -> io.BufferedReader:
    return io.BufferedReader(RemoteFile(wish.size), buffer_size=_BUFFER)


def _shape(wish: frames.Wish) -> int:
    """What the file is, then its first records."""
    handle = _file(wish)
    found = _recognised(handle, wish)
    send(frames.SHAPE, msgspec.msgpack.encode(found))
    return _write_records(handle, found, wish)


def _recognised(handle: io.BufferedReader, wish: frames.Wish) -> frames.Shape:
    if wish.format not in {"zip", "xlsx"}:
        return frames.Shape(format=wish.format, encoding=wish.encoding)
    with archive.open_archive(handle) as opened:
        if archive.is_workbook(opened):
            return frames.Shape(format="xlsx")
        if archive.table_name(opened):
            return frames.Shape(format="dbf.zip")
        return frames.Shape(format="zip", index=archive.index_name(opened))


def _records(wish: frames.Wish) -> int:
    handle = _file(wish)
    return _write_records(handle, frames.Shape(format=wish.format, encoding=wish.encoding), wish)


def _write_records(handle: io.BufferedReader, shape: frames.Shape, wish: frames.Wish) -> int:
    writer = RecordWriter(wish.most)
    handle.seek(0)
    if shape.format != "zip":
        _READERS[shape.format](handle, writer, wish)
    writer.flush()
    return writer.count


def _workbook(handle: io.BufferedReader, writer: RecordWriter, wish: frames.Wish) -> None:
    workbook.read(handle, writer, is_old=wish.format == "xls", most=wish.most)


def _table(handle: io.BufferedReader, writer: RecordWriter, wish: frames.Wish) -> None:
    dbase.read(handle, None, writer, encoding=wish.encoding)


def _zipped_table(handle: io.BufferedReader, writer: RecordWriter, wish: frames.Wish) -> None:
    with archive.open_archive(handle) as opened:
        table, memo = archive.table_and_memo(opened)
    dbase.read(io.BytesIO(table), io.BytesIO(memo) if memo else None, writer, encoding=wish.encoding)


def _lines(handle: io.BufferedReader, writer: RecordWriter, wish: frames.Wish) -> None:  # noqa: ARG001
    jsonlines.read(handle, writer)


def _members(wish: frames.Wish) -> int:
    """The wanted members of an archive, each in pieces; ``*index`` means the index whatever its name."""
    with archive.open_archive(_file(wish)) as opened:
        for place, name in enumerate(wish.names):
            _send_member(opened, place, archive.index_name(opened) if name == "*index" else name)
    return len(wish.names)


def _send_member(opened: zipfile.ZipFile, place: int, name: str) -> None:
    pieces = archive.pieces(opened, name)
    first = next(pieces, None)
    send(frames.MEMBER, msgspec.msgpack.encode([place, first is not None]))
    while first is not None:
        send(frames.PIECE, first)
        first = next(pieces, None)


def _probe(wish: frames.Wish) -> int:
    """Tries what must not work, and tells how each attempt ended; for the check of the means."""
    attempts: dict[str, Callable[[], object]] = {
        "open": lambda: open("/etc/passwd", "rb"),  # noqa: PTH123, SIM115
        "write": lambda: open("/tmp/intake-probe", "wb"),  # noqa: PTH123, SIM115, S108
        "socket": lambda: socket.create_connection(("127.0.0.1", int(wish.names[0])), timeout=1),
        "fork": _fork,
        "exec": _execute,
        "memory": lambda: bytearray(1024**3),
    }
    outcome = {}
    for name, attempt in attempts.items():
        try:
            attempt()
        except (OSError, MemoryError) as problem:
            outcome[name] = type(problem).__name__
        else:
            outcome[name] = "worked"
    send(frames.REFUSED, msgspec.msgpack.encode(["probe", outcome]))
    return 0


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _execute() -> None:
    os.execv("/bin/true", ["true"])  # noqa: S606


_READERS: Final[dict[str, Callable[[io.BufferedReader, RecordWriter, frames.Wish], None]]] = {
    "xlsx": _workbook,
    "xls": _workbook,
    "dbf": _table,
    "dbf.zip": _zipped_table,
    "jsonl": _lines,
}
_TASKS: Final[dict[str, Callable[[frames.Wish], int]]] = {
    "shape": _shape,
    "records": _records,
    "members": _members,
    "probe": _probe,
}
