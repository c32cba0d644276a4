"""What the rounds came to: a table for people, a file for programs."""

import datetime
import json
import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from handover.bench.pairs import Aim, Pair


def table(results: Sequence[Pair]) -> list[str]:
    """One line per pair, the pairs of a path below its name."""
    lines, path = [], ""
    for pair in results:
        ours, peer = pair.medians
        if pair.path != path:
            path = pair.path
            lines.append(f"{path}: {_time(ours)} per {pair.unit}")
        goal = (
            f"goal {'>=' if pair.aim is Aim.FASTER else '<='} {pair.goal:g}, {pair.verdict}"
            if pair.goal
            else ""
        )
        by_processor = pair.processor_ratio
        by_processor_told = f"by processor time {by_processor:.2f}" if by_processor else ""
        note = f" [{pair.note}]" if pair.note else ""
        told = "; ".join(filter(None, (f"its {_time(peer)}", by_processor_told, goal)))
        lines.append(f"  {pair.ratio:7.2f} {pair.aim.value} {pair.peer}{note}: {told}")
    return lines


def _time(microseconds: float) -> str:
    return f"{microseconds / 1000:.2f} ms" if microseconds >= 1000 else f"{microseconds:.1f} us"


def facts() -> dict[str, Any]:
    """The machine, the programs and the commit that were measured."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY(%s)", [_TOLD])
        database = dict(cursor.fetchall())
    return {
        "cores": os.cpu_count(),
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024**2,
        "python": platform.python_version(),
        "postgresql": database,
        "commit": _commit(),
        "load": [round(each, 2) for each in os.getloadavg()],
    }


_TOLD = ["server_version", "shared_buffers", "work_mem", "max_wal_size", "fsync", "full_page_writes", "jit"]


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip()


def write_json(path: Path, wanted: Any, results: Sequence[Any]) -> None:
    """Everything measured is in the file, every round of it."""
    told = {
        "at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "clients": wanted.clients,
        "rounds": wanted.rounds,
        "seed": wanted.seed,
        "machine": facts(),
        "results": [each.facts() for each in results],
    }
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
