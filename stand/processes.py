"""Child processes that never outlive the process that started them.

Invariants:
- Every child leads its own session, so a terminal's Ctrl-C reaches the runner alone.
- The kernel signals a child when the thread that started it ends, however that ends.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from stand.errors import StandError

PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)

Process = subprocess.Popen[bytes]


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path | None,
    env: Mapping[str, str] | None = None,
    orphaned: signal.Signals = signal.SIGTERM,
    cwd: Path | None = None,
) -> Process:
    """Start ``command``, output appended to ``log`` (None: to our own); it gets ``orphaned`` when we end."""
    parent = os.getpid()

    def leash() -> None:
        _LIBC.prctl(PR_SET_PDEATHSIG, orphaned)
        if os.getppid() != parent:  # We ended before the leash was on.
            os._exit(1)

    with contextlib.nullcontext() if log is None else _private_log(log) as output:
        try:
            return subprocess.Popen(  # noqa: S603 - the callers' own fixed commands
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=None if log is None else subprocess.STDOUT,
                env=None if env is None else dict(env),
                cwd=cwd,
                start_new_session=True,
                preexec_fn=leash,  # noqa: PLW1509 - nothing but two system calls
            )
        except OSError as error:
            raise StandError(f"cannot start {command[0]}: {error.strerror}") from error


def _private_log(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def stop(process: Process, how: signal.Signals = signal.SIGTERM, *, within: float = 15) -> None:
    """``process`` and whatever is left of its session have ended afterwards."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(within)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    end_session(process.pid)


def end_session(leader: int) -> None:
    """Kill what still runs in the session that ``leader`` led; nothing of it runs afterwards."""
    for _ in range(50):
        left = [pid for pid in session_members(leader) if pid != os.getpid()]
        if not left:
            return
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.02)


def session_members(leader: int) -> list[int]:
    """The processes of a session that are alive (a zombie is not)."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        fields = _status(int(entry.name))
        if fields and int(fields[3]) == leader and fields[0] not in "ZX":
            found.append(int(entry.name))
    return found


def started_at(pid: int) -> str:
    """The kernel's start time of a live process, else empty; tells it from a later one with its number."""
    fields = _status(pid)
    return fields[19] if fields and fields[0] not in "ZX" else ""


def _status(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name, from the state on."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return []
    return line.rpartition(")")[2].split()


def tail(log: Path, lines: int = 20) -> str:
    """The last lines of a log, for showing why its process died."""
    try:
        with log.open("rb") as handle:
            handle.seek(max(0, log.stat().st_size - 8192))
            return "\n".join(handle.read().decode("utf-8", "replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""
