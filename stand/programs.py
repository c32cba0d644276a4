"""The product's own processes: web, worker, beat and the log's sequencer."""

import http.client
import ssl
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from signal import Signals

from stand import processes
from stand.errors import StandError
from stand.places import Places, private_folder
from stand.serving import own_address

BASE = Path(__file__).resolve().parent.parent
MANAGE = str(BASE / "manage.py")
READY_SECONDS = 120.0
WORKERS = 2


@dataclass
class Program:
    """One long-running process of the product, with the sign by which it is known to be ready."""

    name: str
    command: Sequence[str | Path]
    environment: Mapping[str, str]
    log: Path
    ready: Callable[["Program"], bool]
    orphaned: Signals = Signals.SIGTERM
    patience: float = 20.0
    process: processes.Process | None = field(default=None, init=False)
    began: float = field(default=0.0, init=False)
    log_start: int = field(default=0, init=False)

    def start(self) -> "Program":
        """It is ready afterwards; raises ``StandError`` with its last words when it died or took too long."""
        self.log_start = self.log.stat().st_size if self.log.exists() else 0
        self.began = time.monotonic()
        self.process = processes.spawn(
            self.command, log=self.log, env=self.environment, orphaned=self.orphaned, cwd=BASE
        )
        while time.monotonic() - self.began < READY_SECONDS:
            if self.process.poll() is not None:
                raise StandError(f"{self.name} ended at its start:\n{processes.tail(self.log)}")
            if self.ready(self):
                return self
            time.sleep(0.1)
        self.stop()
        raise StandError(f"{self.name} was not ready within {READY_SECONDS:.0f} s; see {self.log}")

    def stop(self) -> None:
        """It has ended, if need be by force after ``patience``; nothing of it is left."""
        if self.process is not None:
            processes.stop(self.process, within=self.patience)
            self.process = None

    def said(self, words: bytes) -> bool:
        """True when ``words`` were written to its log since this start."""
        with self.log.open("rb") as handle:
            handle.seek(self.log_start)
            return words in handle.read()


def programs(places: Places, environment: Mapping[str, str], port: int) -> list[Program]:
    """In the order of starting; they are stopped in the opposite order."""
    python = [sys.executable, "-m"]
    celery = [*python, "celery", "-A", "handover.celery"]
    beat_folder = private_folder(places.state / "beat")
    web = [*python, "gunicorn", "handover.wsgi:application", "--config", "python:handover.serving"]
    worker = [*celery, "worker", "--pool", "prefork", "--concurrency", str(WORKERS), "--loglevel", "INFO"]
    worker += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    beat = [*celery, "beat", "--loglevel", "INFO", "--pidfile=", "--schedule", str(beat_folder / "schedule")]
    log = places.logs
    return [
        Program("web", web, environment, log / "web.log", lambda part: _serves(part, port)),
        Program(
            "sequencer",
            [sys.executable, MANAGE, "sequence_log"],
            environment,
            log / "sequencer.log",
            _settled,
        ),
        Program(
            "worker",
            worker,
            environment,
            log / "worker.log",
            lambda part: part.said(b" ready."),
            Signals.SIGQUIT,
        ),
        Program(
            "beat", beat, environment, log / "beat.log", lambda part: part.said(b"beat: Starting"), patience=5
        ),
    ]


def _serves(part: Program, port: int) -> bool:
    """Any answer will do: a sign-in page, a redirect, even a refusal."""
    host = own_address(part.environment.get("HANDOVER_HOST") or "127.0.0.1")
    link: http.client.HTTPConnection
    if part.environment.get("TLS_CERT_FILE"):
        # Whether it answers is asked, not who it is: the certificate may be for other names.
        anybody = ssl._create_unverified_context()  # noqa: S323, SLF001
        link = http.client.HTTPSConnection(host, port, timeout=10, context=anybody)
    else:
        link = http.client.HTTPConnection(host, port, timeout=10)
    try:
        link.request("GET", "/", headers={"Host": "localhost", "Connection": "close"})
        link.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        link.close()
    return part.said(b"Booting worker")


def _settled(part: Program) -> bool:
    """The sequencer says when it begins; one that says nothing counts once it has outlived its start."""
    return part.said(b"sequenc") or time.monotonic() - part.began > 5


def run_to_end(name: str, arguments: Sequence[str], *, environment: Mapping[str, str], log: Path) -> None:
    """Run ``manage.py`` with ``arguments``; raises ``StandError`` with its last words when it fails."""
    process = processes.spawn([sys.executable, MANAGE, *arguments], log=log, env=environment, cwd=BASE)
    try:
        status = process.wait()
    finally:
        processes.stop(process, within=5)
    if status:
        raise StandError(f"{name} failed (status {status}):\n{processes.tail(log)}")
