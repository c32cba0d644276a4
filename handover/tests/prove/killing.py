"""Kills of parts at seeded points of a whole handover, and how long the work took to go on by itself.

A point is a moment of the work, not of the clock: an act of the API under way (killed at a seeded fraction
of what the act took undisturbed: before its commit, after it, before its answer), or a state of rows or
files that somebody else sees (a slice claimed, a batch released and not accepted, a file renamed whose row
is not there yet).
"""

import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import redis

from handover.tests.prove.acting import Journal
from handover.tests.prove.watching import asked
from handover.tests.prove.whole_flow import STAGES
from stand.tests.support import OwnStand

WIPED = "wiped"
"""Instead of a kill: everything in Redis is gone while it runs on."""
PARTS = ("web", "worker", "beat", "sequencer", "redis", "postgres")
MISSED_AFTER = 300.0

# Sums what only moves when work goes on: events, slices, clients reached, heads of the log.
PROGRESS = """
SELECT (SELECT count(*) FROM audit_event) + (SELECT coalesce(sum(attempts + (state = 'done')::int), 0)
  FROM transfer_importchunk) + (SELECT coalesce(sum(reached + fence), 0) FROM transfer_run)"""
ROWS = {
    "a slice is claimed": "SELECT 1 FROM transfer_importchunk WHERE state = 'claimed'",
    "a run is being finished": "SELECT 1 FROM transfer_importrun WHERE state = 'finishing'",
    "a run is being planned": "SELECT 1 FROM transfer_importrun WHERE state = 'planning' AND lease_until IS NOT NULL",
    "a delivery is being made": "SELECT 1 FROM transfer_run WHERE lease_until IS NOT NULL AND delivery_file IS NULL",
    "a batch is released and not accepted": "SELECT 1 FROM clients_custodymove WHERE state = 'released'",
    "a reconciliation is under way": "SELECT 1 FROM transfer_run WHERE state = 'reconciling' AND lease_until IS NOT NULL",
    "events wait for their place": "SELECT 1 FROM audit_pending",
}  # fmt: skip
# The states in which this part is at work at this stage, where there is one.
OF_STAGE = {
    ("import", "worker"): ("a slice is claimed", "a run is being finished", "a run is being planned"),
    ("rehearsal", "worker"): ("a delivery is being made", "a reconciliation is under way"),
    ("cutover", "worker"): ("a batch is released and not accepted", "a delivery is being made"),
    ("reconciliation", "worker"): ("a reconciliation is under way",),
    ("cutover", "postgres"): ("a batch is released and not accepted",),
    ("cutover", "redis"): ("a batch is released and not accepted",),
    ("import", "postgres"): ("a slice is claimed",),
}
ACTS = {
    "import": ("extracts/", "imports/", "extracts/match/", "extracts/totals/"),
    "notices": (
        "notices/*/load-evidence/",
        "notices/*/load-objections/",
        "cases/assess/",
        "advance/",
        "notices/",
    ),
    "rehearsal": ("runs/", "runs/*/receive/", "runs/*/reconcile/", "breaks/*/explain/"),
    "cutover": ("mandates/", "mandates/*/sign/", "cutover/", "runbook/*/finish/", "advance/"),
    "reconciliation": (
        "runs/*/receive/",
        "runs/*/reconcile/",
        "breaks/*/decide-write-off/",
        "runbook/*/start/",
    ),
    "certificate": ("certificate-drafts/", "certificate-drafts/*/sign/"),
}
A_FILE = "a file is renamed and its row not there yet"


@dataclass
class Kill:
    """One kill: which part, at which point of which stage, and what became of it."""

    stage: str
    part: str
    point: str
    fraction: float
    done: bool = False
    up_after: float = 0.0
    resumed_after: float = 0.0

    def line(self, seed: int) -> str:
        went = f"{self.up_after:6.1f} {self.resumed_after:8.1f}" if self.done else "     -        -"
        return f"{seed:>5}  {self.part:<10} {self.stage:<15} {went}   {self.point}"


def plan(seed: int, turn: int) -> list[Kill]:
    """In every stage one part by turns, so that six turns kill every part in every stage; and three more
    where work is worth disturbing most."""
    chance = random.Random(seed)
    kills = []
    for place, stage in enumerate(STAGES):
        kills.append(_kill(chance, stage, PARTS[(turn + place) % len(PARTS)]))
        if stage in ("import", "rehearsal"):
            kills.append(Kill(stage, "worker", A_FILE, 0))
        if stage == "cutover":
            kills.append(Kill(stage, "worker", "a batch is released and not accepted", chance.random()))
    return kills


def _kill(chance: random.Random, stage: str, part: str) -> Kill:
    states = OF_STAGE.get((stage, part), ())
    if part == "sequencer":
        states = ("events wait for their place",)
    point = chance.choice([*states, *ACTS[stage]] if part != "web" else ACTS[stage])
    return Kill(stage, part, point, chance.random())


@dataclass
class Killer:
    """Carries out a plan beside the work; every kill waits for its point, and for the work to go on."""

    stand: OwnStand
    journal: Journal
    usual: dict[str, float]
    kills: list[Kill]
    faults: list[str] = field(default_factory=list)

    def start(self) -> threading.Thread:
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        return thread

    def _run(self) -> None:
        for kill in self.kills:
            try:
                if self._wait_for(kill):
                    self._carry_out(kill)
            except (AssertionError, OSError, KeyError, ValueError) as fault:
                self.faults.append(f"{kill.part} at {kill.point}: {fault!r}")

    def _wait_for(self, kill: Kill) -> bool:
        """True at the point; False when the stage went by."""
        if not self._until(lambda: self._reached(kill.stage), MISSED_AFTER * 4):
            return False
        files = self._files()
        while not self.journal.over and self._in(kill.stage):
            if kill.point in ROWS:
                if asked(self.stand, ROWS[kill.point]):
                    time.sleep(kill.fraction / 50)
                    return True
            elif kill.point == A_FILE:
                now = self._files()
                if now - files and "wait" in self.journal.act:
                    return True
                files = now
                time.sleep(0.001)
            elif self.journal.act == kill.point:
                return self._in_the_act(kill)
            else:
                time.sleep(0.002)
        return False

    def _in_the_act(self, kill: Kill) -> bool:
        until = self.journal.began + kill.fraction * 1.1 * self.usual.get(kill.point, 0.2)
        time.sleep(max(until - time.monotonic(), 0))
        return True

    def _files(self) -> set[str]:
        """By name: pieces go while others come, so that their number says nothing."""
        return {name for _, _, names in os.walk(self.stand.state / "files") for name in names}

    def _reached(self, stage: str) -> bool:
        return self.journal.over or STAGES.index(self.journal.stage or STAGES[0]) >= STAGES.index(stage)

    def _in(self, stage: str) -> bool:
        return self.journal.stage in ("", stage)

    def _carry_out(self, kill: Kill) -> None:
        said = self.stand.said().count(f"{kill.part:<10} ready again")
        at = time.monotonic()
        kill_part(self.stand, kill.part)
        kill.done = True
        again = f"{kill.part:<10} ready again"
        if kill.part != WIPED:
            assert self._until(lambda: self.stand.said().count(again) > said, 90), (
                "the part did not come back"
            )
        kill.up_after = time.monotonic() - at
        before = asked(self.stand, PROGRESS) or 0
        assert self._until(lambda: (asked(self.stand, PROGRESS) or 0) > before, 120), "the work did not go on"
        kill.resumed_after = time.monotonic() - at

    def _until(self, true: Callable[[], bool], seconds: float) -> bool:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if true() or self.journal.over:
                return True
            time.sleep(0.05)
        return False


def kill_part(stand: OwnStand, part: str) -> None:
    """SIGKILL to the part and to its children, as when a machine loses them; PostgreSQL's see it themselves."""
    if part == WIPED:
        wipe(stand)
        return
    pid = stand.pid(part)
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()
    children = [int(each) for each in found] if part in ("worker", "web") else []
    for each in [pid, *children]:
        try:
            os.kill(each, signal.SIGKILL)
        except ProcessLookupError:
            continue


def wipe(stand: OwnStand) -> None:
    """Redis holds nothing any more, as after FLUSHALL, and its connections stay."""
    client = redis.Redis.from_url(stand.runtime()["redis_url"])
    for key in client.keys("*"):
        client.delete(key)
    client.close()


def wipes(seed: int) -> list[Kill]:
    """Redis is wiped in the middle of import, delivery and cutover, twice each."""
    chance = random.Random(seed)
    points = (
        ("import", "a slice is claimed"),
        ("import", "imports/"),
        ("rehearsal", "a delivery is being made"),
        ("rehearsal", "runs/*/reconcile/"),
        ("cutover", "cutover/"),
        ("cutover", "a batch is released and not accepted"),
    )
    return [Kill(stage, WIPED, point, chance.random()) for stage, point in points]


def copied(prepared: Path, state: Path) -> Path:
    """A state folder like the prepared one, its servers stopped."""
    subprocess.run(["cp", "-a", str(prepared), str(state)], check=True)
    for note in ("children.json", "runtime.json", "lock"):
        (state / note).unlink(missing_ok=True)
    return state
