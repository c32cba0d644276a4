"""A stand of a test's own: for browser tests, kill tests, and the tests of the stand itself."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent.parent
# What the tests' plugin exports must not reach a stand of its own.
EXPORTED = (
    "DATABASE_URL MIGRATE_DATABASE_URL SUPERUSER_URL REDIS_URL SECRET_KEY_FILE ROOT_KEY_FILE "
    "KEYRING_DIR KEYRING_COPY FILES_DIR HANDOVER_PORT HANDOVER_STATE DB_APP_ROLE PYTEST_CURRENT_TEST"
).split()


def wait_until(true: Callable[[], object], seconds: float = 60) -> None:
    """Return when ``true()``; fails the test after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not true within {seconds} s: {true}"
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class OwnStand:
    """``python -m stand …`` on a state folder of its own; use as a context manager so that nothing is left."""

    def __init__(self, state: Path, *arguments: str, **environment: str) -> None:
        self.state = state.resolve()
        self.arguments = arguments or ("run",)
        self.port = free_port()
        kept = {name: value for name, value in os.environ.items() if name not in EXPORTED}
        self.environment = {
            **kept,
            "HANDOVER_STATE": str(self.state),
            "HANDOVER_PORT": str(self.port),
            **environment,
        }
        self.output = self.state.with_name(f"{self.state.name}.{self.port}.out")
        self.runner: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "OwnStand":
        return self.launch()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def launch(self) -> "OwnStand":
        """Start the runner without waiting."""
        with self.output.open("wb") as output:
            self.runner = subprocess.Popen(
                [sys.executable, "-m", "stand", *self.arguments],
                cwd=BASE,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def ready(self) -> "OwnStand":
        """Return when everything is up."""
        wait_until(lambda: "Ready after" in self.said() or self.runner.poll() is not None, 300)
        assert self.runner.poll() is None, self.said()
        return self

    def said(self) -> str:
        return self.output.read_text(encoding="utf-8", errors="replace")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask the runner to end, wait for it; its exit status."""
        if self.runner.poll() is None:
            self.runner.send_signal(how)
        return self.runner.wait(60)

    def runtime(self) -> dict[str, str]:
        """The addresses of the servers, as a second terminal reads them."""
        return json.loads((self.state / "runtime.json").read_text())

    def pid(self, part: str) -> int:
        """The process of redis, postgres, web, sequencer, worker or beat."""
        return int(json.loads((self.state / "children.json").read_text())[part].split()[0])

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """``manage.py`` in a second terminal."""
        command = [sys.executable, str(BASE / "manage.py"), *arguments]
        return subprocess.run(
            command, cwd=BASE, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True
        )

    def processes(self) -> dict[int, str]:
        """Every live process that belongs to this state folder, the runner included."""
        mark, found = str(self.state), {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                environment = (entry / "environ").read_bytes().decode(errors="replace").split("\0")
                place = os.readlink(entry / "cwd")
            except OSError:
                continue
            if mark in command or f"HANDOVER_STATE={mark}" in environment or place.startswith(mark):
                found[int(entry.name)] = command
        return found
