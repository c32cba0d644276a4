"""A demo in a stand of its own, watched: how long each step takes, and how much memory each process needs."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from stand.tests.support import BASE, OwnStand, wait_until

LOOK_EVERY = 1.0
MEGABYTE = 1024
# In this order: the first words found in a command line say which part of the stand it is.
PARTS = (
    ("postgres", "postgres"),
    ("redis", "redis"),
    ("gunicorn", "web"),
    (" worker ", "worker"),
    (" beat ", "beat"),
    ("sequence_log", "sequencer"),
    ("manage.py demo", "demo"),
    ("-m stand", "runner"),
)
APART = {"postgres", "redis", "child"}
_STEP = re.compile(r"\[\s*([\d.]+) s\]\s+\d+\. (.*)")


@dataclass
class Memory:
    """Kilobytes of one process's own: when it was first seen at rest, and at its highest."""

    part: str
    idle: int
    peak: int = 0

    @property
    def growth(self) -> int:
        return self.peak - self.idle


class Watch(threading.Thread):
    """Looks at every process of a stand once a second until told to stop."""

    def __init__(self, stand: OwnStand) -> None:
        super().__init__(daemon=True)
        self.stand, self.begun, self.over = stand, threading.Event(), threading.Event()
        self.seen: dict[int, Memory] = {}

    def run(self) -> None:
        while not self.over.wait(LOOK_EVERY):
            self.look()

    def look(self) -> None:
        for pid, command in self.stand.processes().items():
            kilobytes = own_kilobytes(pid)
            part = next((name for words, name in PARTS if words in command), "child")
            # What a program needs to start is no growth: the demo counts from its first step on.
            if not kilobytes or (part == "demo" and not self.begun.is_set()):
                continue
            memory = self.seen.setdefault(pid, Memory(part, kilobytes))
            memory.peak = max(memory.peak, kilobytes)

    def highest(self) -> dict[str, Memory]:
        """Of each part the process that grew most."""
        found: dict[str, Memory] = {}
        for memory in self.seen.values():
            if memory.part not in found or memory.growth > found[memory.part].growth:
                found[memory.part] = memory
        return found


def own_kilobytes(pid: int) -> int:
    """Kilobytes a process holds beside the programs and files it shares with others; 0 when it has ended."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return 0
    return int(text.split("Anonymous:")[1].split()[0]) if "Anonymous:" in text else 0


@dataclass
class Measured:
    """What one demo said and needed."""

    clients: int
    said: str
    status: int
    seconds: float
    steps: dict[str, float] = field(default_factory=dict)
    memory: dict[str, Memory] = field(default_factory=dict)

    @property
    def verified(self) -> bool:
        return self.status == 0 and "handover verified" in self.said

    def as_json(self) -> dict[str, object]:
        return {
            "clients": self.clients,
            "verified": self.verified,
            "seconds": round(self.seconds, 1),
            "milliseconds_per_client": round(1000 * self.seconds / self.clients, 3),
            "steps": {name: round(seconds, 1) for name, seconds in self.steps.items()},
            "megabytes": {
                part: {"idle": memory.idle // MEGABYTE, "peak": memory.peak // MEGABYTE}
                for part, memory in sorted(self.memory.items())
            },
        }


def up(stand: OwnStand) -> OwnStand:
    """The stand once it is up, however busy the machine."""
    wait_until(lambda: "Ready after" in stand.said() or stand.runner.poll() is not None, 900)
    return stand.ready()


def measured_demo(stand: OwnStand, *, clients: int, seed: int) -> Measured:
    """The demo of so many clients in this stand that is up, told and timed step by step, watched throughout."""
    watch = Watch(stand)
    watch.look()
    watch.start()
    began = time.monotonic()
    command = [
        sys.executable,
        str(BASE / "manage.py"),
        "demo",
        "--clients",
        str(clients),
        "--seed",
        str(seed),
    ]
    lines: list[str] = []
    with subprocess.Popen(
        command,
        cwd=BASE,
        env=stand.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as demo:
        for line in demo.stdout or ():
            print(line, end="", flush=True)
            lines.append(line)
            watch.begun.set()
    seconds = time.monotonic() - began
    watch.over.set()
    watch.join()
    said = "".join(lines)
    return Measured(clients, said, demo.returncode, seconds, steps_of(said, seconds), watch.highest())


def steps_of(said: str, seconds: float) -> dict[str, float]:
    """How long each step took, by its title; titles that come twice are added up."""
    found = [(float(at), title) for at, title in _STEP.findall(said)]
    ends = [at for at, _ in found[1:]] + [seconds]
    steps: dict[str, float] = defaultdict(float)
    for (at, title), end in zip(found, ends, strict=True):
        steps[re.sub(r"\d[\d,]{2,}", "N", title)] += end - at
    return dict(steps)


def own_folder(name: str) -> Path:
    """An empty folder of the proofs' own state folder: at size the system's temporary folder is too small."""
    folder = Path(os.environ.get("HANDOVER_STATE") or BASE / "var" / "proofs").resolve() / name
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "tmp").mkdir(parents=True)
    return folder


def table(small: Measured, large: Measured) -> str:
    """Both runs side by side: milliseconds per client and step, and megabytes of each part."""
    lines = [
        f"{'step':<62} {small.clients:>10,} {large.clients:>10,}  per client",
        *(
            _line(title, small.steps.get(title, 0.0) / small.clients, seconds / large.clients)
            for title, seconds in large.steps.items()
        ),
        _line(
            "altogether, milliseconds per client",
            small.seconds / small.clients,
            large.seconds / large.clients,
        ),
        f"{'altogether, seconds':<62} {small.seconds:>10.0f} {large.seconds:>10.0f}",
        "",
        f"{'memory, megabytes: idle and highest':<62} {small.clients:>10,} {large.clients:>10,}",
    ]
    for part, memory in sorted(large.memory.items()):
        before = small.memory.get(part, memory)
        lines.append(f"{part:<62} {_megabytes(before):>10} {_megabytes(memory):>10}")
    return "\n".join(lines)


def _line(title: str, before: float, now: float) -> str:
    ratio = f"{now / before:>10.2f} x" if before > 0 else ""
    return f"{title[:62]:<62} {1000 * before:>10.3f} {1000 * now:>10.3f} {ratio}"


def _megabytes(memory: Memory) -> str:
    return f"{memory.idle // MEGABYTE}-{memory.peak // MEGABYTE}"


def write_report(path: Path, runs: list[Measured], **more: object) -> None:
    """The figures as a file that outlives the proof."""
    content = {"runs": [run.as_json() for run in runs], **more}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
