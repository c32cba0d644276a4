"""50 seeded kills over all parts and all stages of a handover: the end is that of an undisturbed run."""

import datetime
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from handover.tests.prove.acting import Journal
from handover.tests.prove.killing import Kill, Killer, copied, plan, wipes
from handover.tests.prove.watching import Watcher, asked
from handover.tests.prove.whole_flow import WholeFlow
from sample.world import write_world
from stand.tests.support import BASE, OwnStand, wait_until

SEED = int(os.environ.get("SEED") or 7)
CLIENTS = 300
TURNS = range(6)
# Small slices and batches, so that there is much to fall between; leases and reapers as they are.
SMALL = {"IMPORT_CHUNK_BYTES": "20000", "CUSTODY_BATCH_ROWS": "40"}
# An acknowledged request stands in the log, and so does the row it made.
NO_REQUEST = (
    "SELECT count(*) FROM unnest(%s::text[]) AS id WHERE id NOT IN (SELECT request_id FROM audit_event)"
)
NO_ROW = "SELECT count(*) FROM unnest(%s::uuid[]) AS id WHERE id NOT IN (SELECT subject FROM audit_event)"
# Giving policies to fields that have them all changes nothing, and so stands nowhere.
SILENT = {"extracts/*/default-policies/"}


@dataclass
class Prepared:
    """A stopped stand with people and a signed agreement, and what an undisturbed run makes of it."""

    folder: Path
    world: Path
    told: dict[str, Any]
    usual: dict[str, float] = field(default_factory=dict)
    wanted: dict[str, list[str]] = field(default_factory=dict)
    table: list[str] = field(default_factory=list)
    longest: float = 0.0


def shell(stand: OwnStand, call: str) -> None:
    done = stand.manage("shell", "-v", "0", "-c", f"from handover.tests.prove import outcome; outcome.{call}")
    assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()


def told(stand: OwnStand, out: Path) -> dict[str, list[str]]:
    """The end state; the log is whole and every row as it was recorded."""
    wait_until(lambda: asked(stand, "SELECT count(*) FROM audit_pending") == 0, 60)
    shell(stand, f"tell({str(out)!r})")
    for command in ("verify_audit_log", "verify_rows"):
        done = stand.manage(command)
        assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    return json.loads(out.read_text())


def differences(found: dict[str, list[str]], wanted: dict[str, list[str]]) -> list[str]:
    """What one has and the other has not, a few of each kind."""
    said = []
    for kind in wanted:
        ours, theirs = Counter(found[kind]), Counter(wanted[kind])
        said += [f"{kind}: only now {line}" for line in _few((ours - theirs).elements())]
        said += [f"{kind}: missing {line}" for line in _few((theirs - ours).elements())]
    return said


def _few(lines: Iterable[str]) -> list[str]:
    return list(lines)[:8]


def lost(stand: OwnStand, journal: Journal) -> list[str]:
    """The acts that were acknowledged and have left nothing."""
    acts = [(act, request, row) for act, request, row in journal.acknowledged if act not in SILENT]
    unknown = [act for act, request, _ in acts if request and asked(stand, NO_REQUEST, [request])]
    return unknown + [act for act, _, row in acts if len(row) == 36 and asked(stand, NO_ROW, [row])]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Iterator[Prepared]:
    folder = tmp_path_factory.mktemp("kills")
    today = datetime.datetime.now(ZoneInfo("Asia/Shanghai")).date()
    write_world(folder / "world", clients=CLIENTS, seed=SEED, as_of=today)
    with OwnStand(folder / "prepared", **SMALL) as stand:
        stand.ready()
        shell(stand, f"prepare({str(folder / 'world')!r}, {str(folder / 'told.json')!r})")
    made = Prepared(folder / "prepared", folder / "world", json.loads((folder / "told.json").read_text()))
    with OwnStand(copied(made.folder, folder / "quiet"), **SMALL) as stand, Watcher(stand.ready()) as watcher:
        flow = WholeFlow(stand.port, made.world, fresh(folder / "quiet-out"), made.told)
        flow.run()
        made.usual, made.wanted = flow.journal.lasted, told(stand, folder / "quiet.json")
        assert dict(watcher.seen) == {}
        assert flow.journal.rude == []
        assert lost(stand, flow.journal) == []
    yield made
    print(f"\n seed  part       stage           up again  resumed   at the point ({len(made.table)} kills)")
    print("\n".join(made.table))
    print(f"longest until the work went on: {made.longest:.1f} s")


def fresh(folder: Path) -> Path:
    folder.mkdir()
    return folder


@pytest.mark.parametrize("turn", TURNS)
def test_kills_at_seeded_points_end_in_the_undisturbed_state(prepared, tmp_path, turn):
    seed = SEED * 100 + turn
    disturbed(prepared, tmp_path, plan(seed, turn), seed)


def test_a_wiped_redis_two_beats_and_two_sequencers_change_nothing(prepared, tmp_path):
    seed = SEED * 100 + 50
    python = [sys.executable, "-m", "celery", "-A", "handover.celery"]
    beat = [*python, "beat", "--pidfile=", "--schedule", str(tmp_path / "second")]
    sequencer = [sys.executable, str(BASE / "manage.py"), "sequence_log"]
    disturbed(prepared, tmp_path, wipes(seed), seed, beside=(beat, sequencer))


def disturbed(
    prepared: Prepared,
    folder: Path,
    kills: list[Kill],
    seed: int,
    *,
    beside: tuple[list[str], ...] = (),
) -> None:
    """A whole handover with these kills, and programs ``beside``, comes to the undisturbed end state."""
    state = copied(prepared.folder, folder / "state")
    with OwnStand(state, **SMALL) as stand, Watcher(stand.ready()) as watcher, ExitStack() as more:
        for command in beside:
            more.enter_context(running(command, stand))
        flow = WholeFlow(stand.port, prepared.world, fresh(folder / "out"), prepared.told)
        killer = Killer(stand, flow.journal, prepared.usual, kills)
        thread = killer.start()
        try:
            flow.run()
        finally:
            flow.journal.over = True
            thread.join(120)
            prepared.table += [kill.line(seed) for kill in kills]
        assert killer.faults == []
        assert [kill for kill in kills if not kill.done] == []
        assert differences(told(stand, folder / "found.json"), prepared.wanted) == []
        assert dict(watcher.seen) == {}
        assert watcher.looks > 50
        assert lost(stand, flow.journal) == []
        assert flow.journal.rude == []
        prepared.longest = max(prepared.longest, *(kill.resumed_after for kill in kills))
        assert prepared.longest < 60


@contextmanager
def running(command: list[str], stand: OwnStand) -> Iterator[None]:
    """One more program of the same stand, from a second terminal."""
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=BASE, env=stand.environment, **quiet)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)
