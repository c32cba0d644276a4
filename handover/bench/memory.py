"""How far a process grows above its idle size on each path, at a tenth of the clients and at all of them.

Each path runs in a fresh process. Idle is that process with Django loaded, connected, and its people read; the
peak is the kernel's own high-water mark, set back just before the path begins.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from handover.bench.custody import Custody
from handover.bench.extracts import KINDS, Extracts, extracts
from handover.bench.house import House, house_here
from handover.bench.pages import Pages
from handover.bench.searching import Searching
from transfer.models import Transfer

LIMIT_MB: Final = 64
FLAT: Final = 1.2
PATHS: Final = ("import", "search", "page", "custody")


@dataclass(frozen=True)
class Grown:
    """What one path took at both sizes, in MB."""

    path: str
    idle: float
    tenth: float
    whole: float

    @property
    def verdict(self) -> str:
        """Whether it stays below the limit; growing with the size is said beside it."""
        met = "met" if self.whole <= LIMIT_MB else "missed"
        flat = "flat" if self.whole <= self.tenth * FLAT + 4 else "grows"
        return f"{met}, {flat}"

    def line(self) -> str:
        """For people."""
        return (
            f"memory, {self.path}: {self.whole:.0f} MB above {self.idle:.0f} MB idle,"
            f" {self.tenth:.0f} MB at a tenth of the clients: goal <= {LIMIT_MB} MB, {self.verdict}"
        )

    def facts(self) -> dict[str, Any]:
        """For programs."""
        return {**asdict(self), "goal_mb": LIMIT_MB, "verdict": self.verdict}


def grown(house: House, *, data: Path, seed: int) -> list[Grown]:
    """Every path at a tenth and at the whole size; what was loaded is wiped again."""
    found: dict[str, list[tuple[float, float]]] = {path: [] for path in PATHS}
    whole = house.extracts
    for size in (max(whole.count // 10, 1), whole.count):
        house.use(extracts(data, count=size, seed=seed))
        house.wipe()
        transfer = house.draft()
        for path in PATHS:
            found[path].append(_in_a_child(house, path, transfer))
    house.use(whole)
    return [Grown(path, idle=two[1][0], tenth=two[0][1], whole=two[1][1]) for path, two in found.items()]


def _in_a_child(house: House, path: str, transfer: Transfer) -> tuple[float, float]:
    told = {
        "path": path,
        "transfer": str(transfer.pk),
        "folder": str(house.extracts.folder),
        "count": house.extracts.count,
        "sealed": {kind: str(file.pk) for kind, file in house.sealed.items()},
    }
    command = [sys.executable, "-W", "ignore", "manage.py", "bench", "--child", json.dumps(told)]
    done = subprocess.run(  # noqa: S603  ourselves
        command, cwd=settings.BASE_DIR, capture_output=True, check=True, stdin=subprocess.DEVNULL
    )
    answer = json.loads(done.stdout.decode().splitlines()[-1])
    return answer["idle"], answer["above"]


def be_the_child(told: dict[str, Any]) -> dict[str, float]:
    """One path in this process; its idle size and how far it grew above it, in MB."""
    made = Extracts(Path(told["folder"]), told["count"])
    house = house_here(made, {kind: UUID(file) for kind, file in told["sealed"].items()})
    house.transfer = Transfer.objects.get(pk=told["transfer"])
    work = _work(house, told["path"])
    idle = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    work()
    return {"idle": idle, "above": max(_status("VmHWM") - idle, 0.0)}


def _work(house: House, path: str) -> Callable[[], object]:
    if path == "import":
        return lambda: [house.load(house.transfer, kind) for kind in KINDS]
    if path == "custody":
        clients = house.clients()
        return lambda: Custody(house).hand_over(clients)
    if path == "search":
        return Searching(house).search_all
    return Pages(house).ready()


def _status(name: str) -> float:
    """A figure of this process in MB, as the kernel keeps it."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))
