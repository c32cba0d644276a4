"""The extracts that are loaded: the sample's people without planted faults, as CSV, written once per size."""

import csv
import datetime
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from clients.fields import LAYOUTS, plain
from sample.agreement import write_agreement
from sample.book import Book
from sample.layouts import ENCODINGS, HEADINGS
from sample.people import People
from sample.plan import Plan
from sample.writers import CsvTable

KINDS: Final = ("clients", "accounts", "holdings", "trades")
NEVER_STORED: Final = frozenset({"客户标签", "交易密码"})
TRADES_PER_CLIENT: Final = 5


@dataclass(frozen=True)
class Extracts:
    """One CSV per kind, for ``count`` clients, with about five trades for each client."""

    folder: Path
    count: int

    def path(self, kind: str) -> Path:
        return self.folder / f"{kind}.csv"

    def lines(self, kind: str, most: int | None = None) -> list[list[str]]:
        """The first lines, split, without the heading and without the fields that are never stored."""
        stored = [place for place, heading in enumerate(HEADINGS[kind]) if heading not in NEVER_STORED]
        with self.path(kind).open(encoding=ENCODINGS[kind], newline="") as text:
            rows = itertools.islice(csv.reader(text), 1, None if most is None else most + 1)
            return [[row[place] for place in stored] for row in rows]

    def some(self, kind: str, field: str, count: int) -> list[str]:
        """So many values of a field, spread over the extract, none of them empty."""
        heading = next(item.heading for item in LAYOUTS[kind].fields if item.name == field)
        place, step = HEADINGS[kind].index(heading), max(1, self.count // count)
        with self.path(kind).open(encoding=ENCODINGS[kind], newline="") as text:
            found = (row[place] for number, row in enumerate(csv.reader(text)) if number % step == 0)
            return list(itertools.islice((value for value in found if value and value != heading), count))


def stored_fields(kind: str) -> list[str]:
    """The canonical names of the columns of ``Extracts.lines``."""
    known = LAYOUTS[kind].by_heading
    return [known[plain(heading)].name for heading in HEADINGS[kind] if heading not in NEVER_STORED]


def extracts(folder: Path, *, count: int, seed: int) -> Extracts:
    """The extracts of this size and seed are in a folder of their own below ``folder``; made if missing."""
    made = Extracts(folder / f"{count}-{seed}", count)
    if not (made.folder / "whole").exists():
        _write(made, seed)
        (made.folder / "whole").touch()
    return made


def _write(made: Extracts, seed: int) -> None:
    as_of = datetime.date.today()  # noqa: DTZ011  the day of the machine is good enough for sample people
    book = Book(People(Plan(seed, made.count, {}, {}), as_of))
    tables: dict[str, Any] = {
        kind: CsvTable(made.path(kind), HEADINGS[kind], ENCODINGS[kind]) for kind in KINDS
    }
    for index in range(made.count):
        bundle = book.bundle(index)
        for kind, table in tables.items():
            for row in bundle.rows[kind]:
                table.write(list(row.values()))
    for table in tables.values():
        table.close()
    write_agreement(made.folder / "agreement", as_of)
