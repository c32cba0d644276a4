"""Our work and a peer's, round by round, and what was to be reached."""

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Aim(StrEnum):
    """How a ratio is read: against what people would pick, or against the limit."""

    FASTER = "times faster than"
    AT_MOST = "times the time of"


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

    def add(self, ours: float, peer: float) -> None:
        """One more round."""
        self.ours.append(ours)
        self.peers.append(peer)

    @property
    def ratio(self) -> float:
        """The median over the rounds: how many times faster than the peer, or how many times its time."""
        pairs = zip(self.ours, self.peers, strict=True)
        if self.aim is Aim.FASTER:
            return statistics.median(peer / ours for ours, peer in pairs)
        return statistics.median(ours / peer for ours, peer in pairs)

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
            "goal": self.goal,
            "verdict": self.verdict,
        }


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds and result; what earlier work left behind is collected before, not during."""
    gc.collect()
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result
