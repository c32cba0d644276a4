"""What comes back after a run: the transferee's files echoed, the depository's and the banks' from the truth.

Invariants: every value of the delivery is echoed as it came, planted differences excepted; the depository
and the banks report only clients of the delivery, in the clear; each planted difference is one changed,
missing or extra row.
"""

import csv
import dataclasses
import io
import json
import uuid
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from sample.answers import Break
from sample.writers import CsvTable

RUNS = ("rehearsal-1", "rehearsal-2", "cutover")
_NAMES = ("clients.csv", "accounts.csv", "holdings.csv")

Cells = dict[str, str]


def write_returns(
    delivery: Path, *, out: Path, run: str, world: Path, corrected: bool = False
) -> list[Break]:
    """Write transferee/, depository/, banks/ and planted.json under ``out``; returns what was planted.

    With ``corrected`` the difference that the transferee puts right is no longer there.

    Raises:
        ValueError: the delivery lacks a file or column, or a planted client is not in it.
    """
    if run not in RUNS:
        raise ValueError(f"no such run: {run}")
    answers = json.loads((world / "answers.json").read_text(encoding="utf-8"))
    planned = [Break(**found) for found in answers["breaks"][run]]
    if corrected:
        planned = [found for found in planned if found.outcome != "corrected"]
    numbers = _client_numbers(delivery)
    returns = _Returns(delivery, out, numbers, planned)
    returns.echo()
    returns.from_truth(world / "truth" / "depository.csv", "depository/holdings.csv")
    returns.from_truth(world / "truth" / "banks.csv", "banks/balances.csv")
    missing = [found.kind for found in planned if id(found) not in returns.done]
    if missing:
        raise ValueError(f"the delivery lacks the clients of these planted differences: {', '.join(missing)}")
    planted = sorted(returns.planted, key=lambda found: found.kind)
    text = json.dumps([dataclasses.asdict(found) for found in planted], ensure_ascii=False, indent=1)
    (out / "planted.json").write_text(text + "\n", encoding="utf-8")
    return planted


@contextmanager
def _rows(delivery: Path, name: str) -> Iterator["csv.DictReader[str]"]:
    """The rows of one file of a delivery, from a folder or an archive."""
    if delivery.is_dir():
        path = delivery / name
        if not path.is_file():
            raise ValueError(f"the delivery has no {name}")
        with path.open(encoding="utf-8-sig", newline="") as text:
            yield csv.DictReader(text)
        return
    with zipfile.ZipFile(delivery) as archive:
        member = next((entry for entry in archive.namelist() if entry.rsplit("/", 1)[-1] == name), None)
        if member is None:
            raise ValueError(f"the delivery has no {name}")
        with archive.open(member) as raw:
            yield csv.DictReader(io.TextIOWrapper(raw, encoding="utf-8-sig", newline=""))


def _client_numbers(delivery: Path) -> dict[str, str]:
    """The transferee's client number -> the transferor's, for everybody delivered."""
    with _rows(delivery, "clients.csv") as rows:
        return {row["client_no"]: row["source_no"] for row in rows}


class _Returns:
    """One run's answer to one delivery."""

    def __init__(self, delivery: Path, out: Path, numbers: dict[str, str], planned: list[Break]) -> None:
        self.delivery, self.out, self.numbers = delivery, out, numbers
        self.delivered = set(numbers.values())
        self.planned = {
            (found.file, found.key if found.kind == "extra_client" else found.source_no): found
            for found in planned
        }
        self.done: set[int] = set()
        self.planted: list[Break] = []

    def echo(self) -> None:
        """Write the transferee's three files."""
        for name in _NAMES:
            with _rows(self.delivery, name) as rows:
                table = CsvTable(self.out / "transferee" / name, rows.fieldnames or [])
                for row in rows:
                    for answer in self._answer(f"transferee/{name}", row):
                        table.write(list(answer.values()))
                table.close()

    def _answer(self, file: str, row: Cells) -> list[Cells]:
        found = self.planned.get((file, self.numbers.get(row["client_no"], "")))
        if found is None or id(found) in self.done:
            return [row]
        if found.kind == "missing_client":
            self._plant(found, "present", "")
            return []
        if found.kind == "extra_client":
            return [row, self._extra(found, row)]
        if not _meant(found, row):
            return [row]
        changed = _CHANGES[found.kind](row[found.field])
        self._plant(found, row[found.field], changed)
        return [row | {found.field: changed}]

    def _extra(self, found: Break, row: Cells) -> Cells:
        self._plant(found, "", "present")
        extra = {
            "row_id": str(uuid.uuid5(uuid.NAMESPACE_OID, found.source_no)),
            "source_no": found.source_no,
            "client_no": row["client_no"][:-4] + "9999",
        }
        return row | extra

    def _plant(self, found: Break, expected: str, actual: str) -> None:
        self.done.add(id(found))
        self.planted.append(dataclasses.replace(found, expected=expected, actual=actual))

    def from_truth(self, source: Path, file: str) -> None:
        """Write what the depository or the banks know of the delivered clients."""
        with source.open(encoding="utf-8", newline="") as text:
            rows = csv.DictReader(text)
            table = CsvTable(self.out / file, (rows.fieldnames or [])[1:])
            for row in rows:
                number = row.pop("source_no")
                if number not in self.delivered:
                    continue
                found = self.planned.get((file, number))
                if found is not None and id(found) not in self.done:
                    self._plant(found, row[found.field], str(found.actual))
                    row[found.field] = str(found.actual)
                table.write(list(row.values()))
            table.close()


def _meant(found: Break, row: Cells) -> bool:
    """Whether this is the row of the client that the difference is planted in."""
    if found.kind == "balance":
        return bool(row["bank"])
    if found.kind == "account_number":
        return not row["bank"]
    return True


def _other_level(level: str) -> str:
    return "C1" if level != "C1" else "C2"


_CHANGES: dict[str, Callable[[str], str]] = {
    "quantity": lambda value: str(Decimal(value) + 100),
    "balance": lambda value: str(Decimal(value) + Decimal("0.01")),
    "account_number": lambda value: value[1:],
    "risk_level": _other_level,
}
