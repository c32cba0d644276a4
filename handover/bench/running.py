"""All rounds of all paths, and what they came to."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from handover.bench import peers
from handover.bench.custody import Custody
from handover.bench.extracts import extracts
from handover.bench.house import House, open_house, owner_cursor
from handover.bench.loading import Loading
from handover.bench.pages import Pages
from handover.bench.pairs import Pair
from handover.bench.report import facts, table, write_json
from handover.bench.searching import Searching

PATHS: Final = ("import", "search", "page", "custody")


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
        made = extracts(wanted.data or Path(folder), count=wanted.clients, seed=wanted.seed)
        house = open_house(made)
        say(f"{wanted.clients} clients, {wanted.rounds} rounds; machine: {facts()}")
        try:
            results = _rounds(house, wanted, say)
        finally:
            house.wipe()
            with owner_cursor() as cursor:
                peers.drop_tables(cursor)
    for line in table(results):
        say(line)
    if json_file:
        write_json(json_file, wanted, results)


def _rounds(house: House, wanted: Wanted, say: Callable[[str], None]) -> list[Pair]:
    # In this order: custody comes last, because afterwards the clients are the other firm's.
    paths: dict[str, Any] = {
        "import": Loading(house),
        "search": Searching(house),
        "page": Pages(house),
        "custody": Custody(house),
    }
    for number in range(1, wanted.rounds + 1):
        house.wipe()
        with owner_cursor() as cursor:
            peers.make_tables(cursor)
        for name, path in paths.items():
            # Whatever is measured needs what the import has loaded.
            if name in wanted.paths or name == "import":
                path.round()
        say(f"round {number} of {wanted.rounds} done")
    return [pair for name, path in paths.items() if name in wanted.paths for pair in path.results()]
