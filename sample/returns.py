"""What comes back after a run: the transferee's files echoed, the depository's and the banks' from the truth.

Invariants: every value of the delivery is echoed as it came, planted differences excepted; the depository
and the banks report only clients of the delivery, in the clear; each planted difference is one changed,
missing or extra row; rows pass one by one, and of the delivery's clients one byte each is kept.
"""

import csv
import dataclasses
import io
import json
import uuid
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
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
    answers = json.loads((world / "figures.json").read_text(encoding="utf-8"))
    planned = [Break(**found) for found in answers["breaks"][run]]
    if corrected:
        planned = [found for found in planned if found.outcome != "corrected"]
    returns = _Returns(delivery, out, planned)
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


class _Sheet:
    """One file as it is read: its headings, then its rows."""

    def __init__(self, text: Iterable[str]) -> None:
        self.rows = csv.reader(text)
        self.headings = next(self.rows, [])

    def place(self, heading: str) -> int:
        if heading not in self.headings:
            raise ValueError(f"the delivery has no column {heading}")
        return self.headings.index(heading)


@contextmanager
def _sheet(delivery: Path, name: str) -> Iterator[_Sheet]:
    """One file of a delivery, from a folder or an archive."""
    if delivery.is_dir():
        path = delivery / name
        if not path.is_file():
            raise ValueError(f"the delivery has no {name}")
        with path.open(encoding="utf-8-sig", newline="") as text:
            yield _Sheet(text)
        return
    with zipfile.ZipFile(delivery) as archive:
        member = next((entry for entry in archive.namelist() if entry.rsplit("/", 1)[-1] == name), None)
        if member is None:
            raise ValueError(f"the delivery has no {name}")
        with archive.open(member) as raw:
            yield _Sheet(io.TextIOWrapper(raw, encoding="utf-8-sig", newline=""))


class _Delivered:
    """The clients of a delivery, a byte each: the last eight digits of a number are its client's alone."""

    def __init__(self) -> None:
        self._there = bytearray()

    def add(self, number: str) -> None:
        place = int(number[4:])
        if place >= len(self._there):
            self._there.extend(bytes(place + 1 - len(self._there)))
        self._there[place] = 1

    def __contains__(self, number: str) -> bool:
        place = int(number[4:])
        return place < len(self._there) and self._there[place] == 1


class _Returns:
    """One run's answer to one delivery."""

    def __init__(self, delivery: Path, out: Path, planned: list[Break]) -> None:
        self.delivery, self.out = delivery, out
        self.planned = {
            (found.file, found.key if found.kind == "extra_client" else found.source_no): found
            for found in planned
        }
        self.done: set[int] = set()
        self.planted: list[Break] = []
        self.delivered = _Delivered()
        self.numbers: dict[str, str] = {}  # of planned clients: the transferee's number -> the transferor's
        self._meet()

    def _meet(self) -> None:
        concerned = {number for _, number in self.planned}
        with _sheet(self.delivery, "clients.csv") as sheet:
            new, old = sheet.place("client_no"), sheet.place("source_no")
            for row in sheet.rows:
                self.delivered.add(row[old])
                if row[old] in concerned:
                    self.numbers[row[new]] = row[old]

    def echo(self) -> None:
        """Write the transferee's three files."""
        for name in _NAMES:
            with _sheet(self.delivery, name) as sheet:
                table = CsvTable(self.out / "transferee" / name, sheet.headings)
                table.write_all(self._echoed(f"transferee/{name}", sheet))
                table.close()

    def _echoed(self, file: str, sheet: _Sheet) -> Iterator[Sequence[str]]:
        place, numbers = sheet.place("client_no"), self.numbers
        for row in sheet.rows:
            if row[place] not in numbers:
                yield row
                continue
            cells = dict(zip(sheet.headings, row, strict=True))
            for answer in self._answer(file, cells):
                yield list(answer.values())

    def _answer(self, file: str, row: Cells) -> list[Cells]:
        found = self.planned.get((file, self.numbers[row["client_no"]]))
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
            sheet = _Sheet(text)
            table = CsvTable(self.out / file, sheet.headings[1:])
            table.write_all(self._known(file, sheet))
            table.close()

    def _known(self, file: str, sheet: _Sheet) -> Iterator[Sequence[str]]:
        delivered = self.delivered
        for number, *row in sheet.rows:
            if number not in delivered:
                continue
            found = self.planned.get((file, number))
            if found is not None and id(found) not in self.done:
                place = sheet.place(found.field) - 1
                self._plant(found, row[place], str(found.actual))
                row[place] = str(found.actual)
            yield row


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
