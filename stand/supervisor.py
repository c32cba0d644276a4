"""Starts the parts of a stand in order, keeps them alive, and stops them in order.

Invariants:
- A part is started only when the one before it is ready.
- A part that dies is started again, after ever longer pauses, at most five times in a row; then the whole
  stand stops and says why. A full disk is nobody's fault: while it lasts tries are not counted, and
  everything goes on by itself once there is room.
- However this ends, the parts end in the opposite order and none is left running. If the runner itself
  is killed, the kernel signals every part, and the next start ends what is left.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Protocol

from stand import processes
from stand.errors import StandError
from stand.places import Places, read_json, write_json

TRIES = 5
FORGIVEN_AFTER = 60.0
LOOK_EVERY = 0.25
PAUSE, LONGEST_PAUSE = 0.2, 5.0
ROOM_BYTES = 4 * 1024**2


class Part(Protocol):
    """Something that runs: ``start`` returns when it is ready, ``stop`` when nothing of it is left."""

    process: processes.Process | None

    @property
    def log(self) -> Path: ...

    def start(self) -> object: ...

    def stop(self) -> None: ...


class Stopping(BaseException):
    """The runner was asked to stop (Ctrl-C, SIGTERM, SIGHUP)."""


Say = Callable[[str], None]


def say(line: str) -> None:
    """One line for the person at the terminal, at once."""
    with contextlib.suppress(BrokenPipeError):
        print(line, flush=True)  # noqa: T201 - this is the terminal's program


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Inside, the first signal to stop raises ``Stopping``; later ones are ignored."""
    wanted = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def ask(_number: int, _frame: FrameType | None) -> None:
        for each in wanted:
            signal.signal(each, signal.SIG_IGN)
        raise Stopping

    before = {each: signal.signal(each, ask) for each in wanted}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@dataclass
class Supervisor:
    """The parts that run in one state folder."""

    places: Places
    say: Say = say
    parts: dict[str, Part] = field(default_factory=dict)
    tries: dict[str, int] = field(default_factory=dict)
    started: dict[str, float] = field(default_factory=dict)

    def start(self, name: str, part: Part) -> None:
        """``part`` is ready and watched afterwards."""
        began = time.monotonic()
        self.parts[name] = part
        part.start()
        self.started[name] = time.monotonic()
        self._remember()
        self.say(f"  {name:<10} ready  {time.monotonic() - began:5.1f} s")

    def watch(self, busy: Callable[[], bool]) -> None:
        """Keep every part alive while ``busy()``; raises ``StandError`` when one cannot be."""
        while busy():
            for name, part in self.parts.items():
                if part.process is None or part.process.poll() is not None:
                    self._revive(name, part)
            time.sleep(LOOK_EVERY)

    def stop(self) -> None:
        """Nothing runs any more; the last started stopped first."""
        for name, part in reversed(self.parts.items()):
            began = time.monotonic()
            part.stop()
            self.say(f"  {name:<10} stopped {time.monotonic() - began:4.1f} s")
        self.parts.clear()
        self.places.children.unlink(missing_ok=True)

    def _revive(self, name: str, part: Part) -> None:
        status = None if part.process is None else part.process.returncode
        self.say(f"  {name:<10} died (status {status}):\n{_indented(processes.tail(part.log, 12))}")
        if time.monotonic() - self.started[name] > FORGIVEN_AFTER:
            self.tries[name] = 0
        while not self._start_again(name, part):
            pass

    def _start_again(self, name: str, part: Part) -> bool:
        """One try: True when the part is ready; raises when there were too many."""
        room = self._has_room()
        self.tries[name] = self.tries.get(name, 0) + room
        if self.tries[name] > TRIES:
            raise StandError(f"{name} died {TRIES + 1} times in a row; see {part.log}")
        part.stop()
        time.sleep(min(PAUSE * 2 ** self.tries[name], LONGEST_PAUSE) if room else LONGEST_PAUSE)
        try:
            part.start()
        except (StandError, OSError) as error:
            which = f"try {self.tries[name]} of {TRIES}" if room else "the disk is full, a try"
            self.say(f"  {name:<10} {which} failed: {error}")
            return False
        self.started[name] = time.monotonic()
        self._remember()
        self.say(f"  {name:<10} ready again (try {self.tries[name]} of {TRIES})")
        return True

    def _has_room(self) -> bool:
        disk = os.statvfs(self.places.state)
        return disk.f_bavail * disk.f_frsize > ROOM_BYTES

    def _remember(self) -> None:
        """Write down who runs, so that the next runner can end what a crash of this one left."""
        running = {
            name: f"{part.process.pid} {processes.started_at(part.process.pid)}"
            for name, part in self.parts.items()
            if part.process is not None
        }
        try:
            write_json(self.places.children, running)
        except OSError as error:
            self.say(f"  cannot note who runs: {error.strerror}")


def end_leftovers(places: Places) -> list[str]:
    """End what an earlier runner left in this state folder, and name it; the caller holds the lock."""
    left = []
    for name, written in read_json(places.children).items():
        pid_text, _, began = written.partition(" ")
        pid = int(pid_text)
        alive = bool(began) and processes.started_at(pid) == began
        # A session keeps its number while any process of it lives: the number is still the dead leader's.
        members = processes.session_members(pid)
        ours = alive or (not processes.started_at(pid) and members)
        if not ours:
            continue
        left.append(name)
        with contextlib.suppress(ProcessLookupError):
            if alive:
                os.kill(pid, signal.SIGINT if name == "postgres" else signal.SIGTERM)
                _wait_gone(pid, began)
        processes.end_session(pid)
    places.children.unlink(missing_ok=True)
    return left


def _wait_gone(pid: int, began: str, within: float = 10.0) -> None:
    deadline = time.monotonic() + within
    while processes.started_at(pid) == began and time.monotonic() < deadline:
        time.sleep(0.1)


def _indented(text: str) -> str:
    return "\n".join(f"    | {line}" for line in text.splitlines())
