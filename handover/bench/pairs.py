"""Our work and a peer's, round by round, and what was to be reached."""

import gc
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from django.db import connection


class Aim(StrEnum):
    """How a ratio is read: against what people would pick, or against the limit."""

    FASTER = "times faster than"
    AT_MOST = "times the time of"


@dataclass(frozen=True)
class Taken:
    """What a piece of work took: seconds by the clock, and of processors: ours and its database server's."""

    seconds: float
    processor: float

    def per(self, rows: int) -> "Taken":
        """The same for one row."""
        return Taken(self.seconds / rows, self.processor / rows)


@dataclass
class Pair:
    """One path and one peer; times are seconds per ``unit``, one of each per round."""

    path: str
    peer: str
    aim: Aim
    goal: float | None
    unit: str = "row"
    note: str = ""
    ours: list[float] = field(default_factory=list)
    peers: list[float] = field(default_factory=list)
    processor: list[tuple[float, float]] = field(default_factory=list)

    def add(self, ours: float, peer: float) -> None:
        """One more round."""
        self.ours.append(ours)
        self.peers.append(peer)

    def add_taken(self, ours: Taken, peer: Taken) -> None:
        """One more round of which the processors' time is known too."""
        self.add(ours.seconds, peer.seconds)
        self.processor.append((ours.processor, peer.processor))

    @property
    def ratio(self) -> float:
        """The median over the rounds: how many times faster than the peer, or how many times its time."""
        pairs = zip(self.ours, self.peers, strict=True)
        if self.aim is Aim.FASTER:
            return statistics.median(peer / ours for ours, peer in pairs)
        return statistics.median(ours / peer for ours, peer in pairs)

    @property
    def processor_ratio(self) -> float | None:
        """The same ratio by processor time, which other work on the machine disturbs less; often unknown."""
        known = [(ours, peer) for ours, peer in self.processor if ours and peer]
        if not known:
            return None
        faster = self.aim is Aim.FASTER
        return statistics.median(peer / ours if faster else ours / peer for ours, peer in known)

    @property
    def medians(self) -> tuple[float, float]:
        """Median microseconds of ours and of the peer; only their ratio within a round means much."""
        return statistics.median(self.ours) * 1e6, statistics.median(self.peers) * 1e6

    @property
    def verdict(self) -> str:
        """``met`` or ``missed``; empty where no goal was set."""
        if self.goal is None:
            return ""
        met = self.ratio >= self.goal if self.aim is Aim.FASTER else self.ratio <= self.goal
        return "met" if met else "missed"

    def facts(self) -> dict[str, Any]:
        """All of it, for another program."""
        return {
            "path": self.path,
            "peer": self.peer,
            "unit": self.unit,
            "note": self.note,
            "ours_us": [round(each * 1e6, 2) for each in self.ours],
            "peer_us": [round(each * 1e6, 2) for each in self.peers],
            "aim": self.aim.value,
            "ratio": round(self.ratio, 3),
            "ratio_by_processor_time": self.processor_ratio and round(self.processor_ratio, 3),
            "goal": self.goal,
            "verdict": self.verdict,
        }


def timed(work: Callable[[], Any]) -> tuple[Taken, Any]:
    """What it took, and its result; what earlier work left behind is collected before, not during."""
    gc.collect()
    server = _server_seconds()
    began, used = time.perf_counter(), time.process_time()
    result = work()
    taken, used = time.perf_counter() - began, time.process_time() - used
    return Taken(taken, used + _server_seconds() - server), result


def _server_seconds() -> float:
    """Processor seconds of the database server's process for this connection; 0 where it is out of sight."""
    connection.ensure_connection()
    process = Path(f"/proc/{connection.connection.info.backend_pid}")
    try:
        if (process / "comm").read_text() != "postgres\n":
            return 0.0
        fields = (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
