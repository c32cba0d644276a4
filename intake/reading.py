"""The parent's side: a child is started, fed with pages, watched, and its answers checked.

Invariants:
- Whatever the child does, the caller gets records that passed every check, or ``Unreadable``; never a
  hanging call, never another exception because of the file.
- The plaintext of a file passes through two pipes and lies in no file, and no name or word of it stands in
  the child's arguments or environment.
- The child is gone when a reading ends, however it ends.
"""

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self, TypeVar

import msgspec

from intake import bounds, frames
from intake.errors import Unreadable

HOUSE: Final = Path(__file__).resolve().parent.parent
_ENVIRONMENT: Final = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "MALLOC_ARENA_MAX": "1"}
_COMMAND: Final = (sys.executable, "-E", "-s", "-B", "-m", "intake")
_PIPE_READ: Final = 256 * 1024
_HIGHEST: Final = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)
_T = TypeVar("_T")


class Source(Protocol):
    """Where pages of the foreign file come from."""

    @property
    def size(self) -> int:
        """How many bytes it has."""

    def page(self, offset: int, length: int) -> bytes:
        """These bytes of it."""


class Bytes:
    """A file in memory, for small ones and tests."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def page(self, offset: int, length: int) -> bytes:
        """These bytes."""
        return self._data[offset : offset + length]


class Child:
    """One child and one wish. A context manager; ``held`` names the means that confine it."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._waited = 0.0
        self._given = 0
        self._most = bounds.OUTPUT_BASE_BYTES + bounds.OUTPUT_PER_INPUT_BYTE * source.size
        self._buffer = bytearray()
        self.held: list[str] = []
        self.peak_bytes = 0
        self.cpu_seconds = 0.0

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603  our own interpreter and module
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=HOUSE,
            env=_ENVIRONMENT,
            close_fds=True,
            start_new_session=True,
            bufsize=0,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._in, False)
        os.set_blocking(self._out, False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def ask(self, wish: frames.Wish) -> None:
        """The wish is with the child, which has closed all doors before it got it."""
        kind, payload = self._next()
        if kind != frames.LOCKED:
            raise Unreadable("file.reader_failed")
        self.held = _decoded(payload, list[str])
        self._send(frames.WISH, msgspec.msgpack.encode(wish))

    def answers(self) -> Iterator[tuple[bytes, bytes]]:
        """Every frame until the end, with pages handed over in between.

        Raises:
            Unreadable: the child refuses the file, dies, hangs, or talks nonsense.
        """
        while True:
            kind, payload = self._next()
            if kind == frames.ASK:
                self._hand_page(payload)
            elif kind == frames.END:
                self.count = _decoded(payload, int)
                return
            elif kind == frames.REFUSED:
                refusal = _decoded(payload, frames.Refusal)
                raise Unreadable(refusal.code, **refusal.params)
            elif kind in {frames.SHAPE, frames.RECORDS, frames.MEMBER, frames.PIECE}:
                yield kind, payload
            else:
                raise Unreadable("file.reader_failed")

    def _hand_page(self, payload: bytes) -> None:
        if len(payload) != frames.PAGE.size:
            raise Unreadable("file.reader_failed")
        offset, length = frames.PAGE.unpack(payload)
        if length > bounds.PAGE_BYTES or offset + length > self._source.size:
            raise Unreadable("file.reader_failed")
        self._send(frames.DATA, self._source.page(offset, length))

    def _next(self) -> tuple[bytes, bytes]:
        self._look()
        kind, length = frames.HEAD.unpack(self._take(frames.HEAD.size))
        self._given += length
        if length > bounds.FRAME_BYTES:
            raise Unreadable("file.reader_failed")
        if self._given > self._most:
            raise Unreadable("file.too_heavy")
        return kind, self._take(length)

    def _take(self, length: int) -> bytes:
        while len(self._buffer) < length:
            self._wait(self._out, select.POLLIN)
            piece = os.read(self._out, _PIPE_READ)
            if not piece:
                raise Unreadable(self._why_gone())
            self._buffer += piece
        data = bytes(self._buffer[:length])
        del self._buffer[:length]
        return data

    def _send(self, kind: bytes, payload: bytes) -> None:
        data = memoryview(frames.frame(kind, payload))
        while data:
            self._wait(self._in, select.POLLOUT)
            try:
                data = data[os.write(self._in, data) :]
            except BrokenPipeError:
                raise Unreadable(self._why_gone()) from None

    def _wait(self, handle: int, event: int) -> None:
        """Until the pipe is ready; only what is spent here counts against the child's time."""
        began = time.monotonic()
        poll = select.poll()
        poll.register(handle, event)
        ready = poll.poll(max(0.0, bounds.WAIT_SECONDS - self._waited) * 1000)
        self._waited += time.monotonic() - began
        if not ready:
            raise Unreadable("file.too_slow")

    def _why_gone(self) -> str:
        """What a child that ended without an answer most likely met."""
        self._end()
        status = self._process.returncode
        if status in {-24, -9} and self.cpu_seconds >= bounds.CPU_SECONDS - 1:
            return "file.too_slow"
        return "file.too_heavy" if status in {9, -6, -11, -7} else "file.reader_failed"

    def _end(self) -> None:
        if self._process.returncode is not None:
            return
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._look()
        _stop(self._process)
        self._process.returncode, used = _reaped(self._process.pid)
        peak, self.cpu_seconds = used
        # The kernel counts what the parent held before the child became the reader; more than that is its own.
        if peak > _highest(os.getpid()):
            self.peak_bytes = peak

    def _look(self) -> None:
        """Remember the most memory that the child has held until now."""
        self.peak_bytes = max(self.peak_bytes, _highest(self._process.pid))


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """A child whose pipes are closed ends by itself in a moment; else it is killed."""
    deadline = time.monotonic() + 0.5
    while time.monotonic() < deadline:
        if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return
        time.sleep(0.005)
    os.kill(process.pid, 9)


def _highest(pid: int) -> int:
    """The most bytes the process has held since it began its program; 0 once it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    found = _HIGHEST.search(status)
    return int(found[1]) * 1024 if found else 0


def _reaped(pid: int) -> tuple[int, tuple[int, float]]:
    _, status, used = os.wait4(pid, 0)
    return os.waitstatus_to_exitcode(status), (used.ru_maxrss * 1024, used.ru_utime + used.ru_stime)


def _decoded(payload: bytes, wanted: type[_T]) -> _T:
    try:
        return msgspec.msgpack.decode(payload, type=wanted)
    except (msgspec.MsgspecError, RecursionError):
        raise Unreadable("file.reader_failed") from None


@contextmanager
def shape_of(
    source: Source,
    *,
    file_format: str,
    encoding: str = "",
    most: int = 60,
) -> Iterator[tuple[frames.Shape, list[frames.Record]]]:
    """What the file is, and its first records (header included)."""
    with Child(source) as child:
        child.ask(frames.Wish("shape", source.size, file_format, encoding, most))
        answers = child.answers()
        kind, payload = next(answers, (b"", b""))
        if kind != frames.SHAPE:
            raise Unreadable("file.reader_failed")
        shape = _decoded(payload, frames.Shape)
        yield shape, [record for piece in answers for record in _checked(*piece, 0)]


def records_of(source: Source, *, file_format: str, encoding: str = "") -> Iterator[frames.Record]:
    """Every record of the file's table, header first, numbers rising.

    Raises:
        Unreadable: a ``file.*`` code of the format, ``file.too_heavy``, ``file.too_slow`` or
            ``file.reader_failed``; also after records were given.
    """
    with Child(source) as child:
        child.ask(frames.Wish("records", source.size, file_format, encoding))
        last, count = -1, 0
        for kind, payload in child.answers():
            for record in _checked(kind, payload, last + 1):
                last, count = record.number, count + 1
                yield record
        if count != child.count:
            raise Unreadable("file.reader_failed")


def _checked(kind: bytes, payload: bytes, least: int) -> list[frames.Record]:
    """Decoded records, if they are what a sane child sends."""
    if kind != frames.RECORDS:
        raise Unreadable("file.reader_failed")
    records = _decoded(payload, frames.RECORDS_TYPE)
    for record in records:
        if record.number < least or len(record.cells) > bounds.MOST_COLUMNS:
            raise Unreadable("file.reader_failed")
        if record.kinds and not frames.KINDS.issuperset(record.kinds):
            raise Unreadable("file.reader_failed")
        least = record.number + 1
    return records


class Members:
    """The members of an archive, one by one, for those who know which they want."""

    def __init__(self, source: Source, names: list[str]) -> None:
        self._source = source
        self._names = names

    def __iter__(self) -> Iterator[tuple[int, bytearray | None]]:
        """(place in the list of names, content or None where there is no such member).

        Raises:
            Unreadable: the archive is unsafe, or a member is broken.
        """
        with Child(self._source) as child:
            child.ask(frames.Wish("members", self._source.size, "zip", names=self._names))
            place = -1
            content: bytearray | None = None
            for kind, payload in child.answers():
                if kind == frames.MEMBER:
                    if place >= 0:
                        yield place, content
                    place, content = self._begun(payload, place + 1)
                else:
                    _add_piece(content, kind, payload)
            if place >= 0:
                yield place, content
            if place + 1 != len(self._names):
                raise Unreadable("file.reader_failed")

    @staticmethod
    def _begun(payload: bytes, expected: int) -> tuple[int, bytearray | None]:
        member = _decoded(payload, frames.Member)
        if member.place != expected:
            raise Unreadable("file.reader_failed")
        return member.place, bytearray() if member.found else None


def _add_piece(content: bytearray | None, kind: bytes, payload: bytes) -> None:
    if kind != frames.PIECE or content is None:
        raise Unreadable("file.reader_failed")
    content += payload
    if len(content) > bounds.LARGEST_MEMBER:
        raise Unreadable("file.archive_unsafe", name="size")


def means() -> list[str]:
    """The means that confine a child on this machine, seen on a real one."""
    with Child(Bytes(b"")) as child:
        child.ask(frames.Wish("members", 0, "zip"))
        return child.held
