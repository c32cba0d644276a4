"""All rounds of all paths, and what they came to."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from handover.bench import peers
from handover.bench.extracts import extracts
from handover.bench.house import House, open_house, owner_cursor
from handover.bench.loading import Loading
from handover.bench.report import facts, table, write_json

PATHS: Final = ("import",)


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
            loading = _rounds(house, wanted, say)
        finally:
            house.wipe()
            with owner_cursor() as cursor:
                peers.drop_tables(cursor)
    results = loading.results()
    for line in table(results):
        say(line)
    if json_file:
        write_json(json_file, wanted, results)


def _rounds(house: House, wanted: Wanted, say: Callable[[str], None]) -> Loading:
    loading = Loading(house)
    for number in range(1, wanted.rounds + 1):
        house.wipe()
        with owner_cursor() as cursor:
            peers.make_tables(cursor)
        loading.round()
        say(
            f"round {number}: "
            + ", ".join(f"{pair.path} {pair.ours[-1] * 1e6:.1f} us" for pair in loading.results()[::3])
        )
    return loading
