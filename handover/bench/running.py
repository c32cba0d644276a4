"""All rounds of all paths, and what they came to."""

import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from handover.bench import peers
from handover.bench.certificate import Certificate
from handover.bench.custody import Custody
from handover.bench.extracts import extracts
from handover.bench.house import House, open_house, owner_cursor
from handover.bench.loading import Loading
from handover.bench.memory import Grown, grown
from handover.bench.pages import Pages
from handover.bench.pairs import Pair
from handover.bench.report import facts, table, write_json
from handover.bench.searching import Searching

PATHS: Final = ("import", "search", "page", "custody", "certificate", "memory")


@dataclass(frozen=True)
class Wanted:
    """What to measure, and how large."""

    clients: int
    rounds: int
    seed: int
    paths: tuple[str, ...]
    data: Path | None


def run_bench(wanted: Wanted, *, say: Callable[[str], None], json_file: Path | None) -> None:
    """The rounds are run and their medians said; nothing of the peers is left in the database.

    Raises:
        CommandError: the installation holds other work; nothing has been touched then.
    """
    with tempfile.TemporaryDirectory(prefix="handover-bench-") as folder:
        data = wanted.data or Path(folder)
        made = extracts(data, count=wanted.clients, seed=wanted.seed)
        house = open_house(made)
        say(f"{wanted.clients} clients, {wanted.rounds} rounds; machine: {facts()}")
        try:
            results = _rounds(house, wanted, say)
            memory: list[Grown] = []
            if "memory" in wanted.paths:
                memory = grown(house, data=data, seed=wanted.seed)
        finally:
            house.wipe()
            with owner_cursor() as cursor:
                peers.drop_tables(cursor)
    for line in [*table(results), *(each.line() for each in memory)]:
        say(line)
    if json_file:
        write_json(json_file, wanted, [*results, *memory])


def _rounds(house: House, wanted: Wanted, say: Callable[[str], None]) -> list[Pair]:
    # In this order: after custody has passed the clients are the other firm's, and the certificate counts them.
    paths: dict[str, Any] = {
        "import": Loading(house),
        "search": Searching(house),
        "page": Pages(house),
        "custody": Custody(house),
        "certificate": Certificate(house),
    }
    for number in range(1, wanted.rounds + 1 if _needed(wanted.paths) else 1):
        house.wipe()
        with owner_cursor() as cursor:
            peers.make_tables(cursor)
        for name, path in paths.items():
            if name in wanted.paths or name in _needed(wanted.paths):
                path.round()
        say(f"round {number} of {wanted.rounds} done")
    return [pair for name, path in paths.items() if name in wanted.paths for pair in path.results()]


def _needed(paths: Collection[str]) -> set[str]:
    """What must run too: everything needs the import's rows, and the certificate counts who has passed."""
    if set(paths) <= {"memory"}:
        return set()
    return {"import", "custody"} if "certificate" in paths else {"import"}
