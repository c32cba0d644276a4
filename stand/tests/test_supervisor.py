"""Parts that die are started again with pauses, within bounds; a full disk counts against nobody."""

from pathlib import Path

import pytest

from stand import supervisor
from stand.errors import StandError
from stand.places import Places
from stand.supervisor import TRIES, Supervisor


class Ended:
    """A process that has ended already."""

    pid, returncode = 1, 9

    def poll(self) -> int:
        return self.returncode


class Running(Ended):
    def poll(self) -> None:
        return None


class Part:
    """A part that comes up at the ``good``-th start after the first."""

    def __init__(self, folder: Path, *, good: int) -> None:
        self.log, self.good, self.starts = folder / "part.log", good, 0
        self.process: Ended | None = None

    def start(self) -> "Part":
        self.starts += 1
        if self.starts == 1:
            self.process = Ended()
        elif self.starts <= self.good:
            raise StandError("it ended at its start")
        else:
            self.process = Running()
        return self

    def stop(self) -> None:
        self.process = None


@pytest.fixture
def paused(monkeypatch) -> list[float]:
    pauses: list[float] = []
    monkeypatch.setattr(supervisor.time, "sleep", pauses.append)
    return pauses


def watched(tmp_path: Path, part: Part, *, looks: int = 3) -> tuple[Supervisor, list[str]]:
    said: list[str] = []
    watching = Supervisor(Places(tmp_path), say=said.append)
    watching.start("web", part)
    left = iter(range(looks))
    watching.watch(lambda: next(left, None) is not None)
    return watching, said


def test_a_dead_part_is_started_again_after_ever_longer_pauses(tmp_path, paused):
    part = Part(tmp_path, good=4)
    _, said = watched(tmp_path, part)
    assert part.starts == 5
    assert said[-1] == "  web        ready again (try 4 of 5)"
    assert [pause for pause in paused if pause != supervisor.LOOK_EVERY] == [0.4, 0.8, 1.6, 3.2]


def test_a_part_that_cannot_start_ends_the_stand_with_the_reason(tmp_path, paused):
    part = Part(tmp_path, good=99)
    with pytest.raises(StandError, match=r"web died 6 times in a row; see .*part\.log"):
        watched(tmp_path, part)
    assert part.starts == TRIES + 1


def test_on_a_full_disk_tries_are_not_counted_and_it_goes_on_unaided(tmp_path, paused, monkeypatch):
    part = Part(tmp_path, good=20)
    monkeypatch.setattr(Supervisor, "_has_room", lambda _self: part.starts > 20)
    watching, said = watched(tmp_path, part)
    assert part.starts == 21
    assert watching.tries["web"] == 0
    assert said[-1] == "  web        ready again (try 0 of 5)"


def test_a_note_that_cannot_be_written_ends_nothing(tmp_path, paused, monkeypatch):
    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(supervisor, "write_json", full)
    _, said = watched(tmp_path, Part(tmp_path, good=1))
    assert said.count("  cannot note who runs: No space left on device") == 2
