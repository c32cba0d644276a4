"""The lines of one slice that still stand, and what has been found out about them. Pure but for digests."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from clients.fields import CLIENT_NO, Field, Layout
from transfer.importing.columns import picked, without
from transfer.importing.job import Job
from transfer.importing.parse import BLANKS, Fault, Table
from transfer.importing.records import Values, texts
from transfer.importing.validate import Checked
from vault.tokens import source_digests


@dataclass
class Batch:
    """Lines that stand. ``extras`` are further columns (client ids, file ids) that shrink along."""

    lines: list[int]
    values: Values
    digests: list[bytes]
    client_digests: list[bytes]
    faults: list[Fault]
    extras: dict[str, list[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.lines)

    def refuse(self, bad: Mapping[int, tuple[int, str]]) -> None:
        """These rows (by place) stand no more; each leaves a fault with column place and code."""
        if not bad:
            return
        self.faults += [Fault(self.lines[row], place, code) for row, (place, code) in bad.items()]
        self._each(lambda column: without(column, bad))

    def keep_lines(self, lines: set[int]) -> None:
        """Only these lines stand; the faults of the others are known already."""
        self.keep([row for row, line in enumerate(self.lines) if line in lines])

    def pick(self, keep: Sequence[int]) -> "Batch":
        """These rows as a batch that shares its list of faults with this one."""
        picked = replace(self)
        picked.keep(keep)
        return picked

    def keep(self, keep: Sequence[int]) -> None:
        """Only these rows, by place, stand."""
        self._each(lambda column: picked(column, keep))

    def _each(self, shrunk: Callable[[Any], Any]) -> None:
        self.lines = shrunk(self.lines)
        self.digests = shrunk(self.digests)
        self.client_digests = shrunk(self.client_digests)
        self.values = {name: shrunk(column) for name, column in self.values.items()}
        self.extras = {name: shrunk(column) for name, column in self.extras.items()}


def batch_of(job: Job, checked: Checked) -> Batch:
    """The checked lines with the digests of their source keys; later lines of one key are refused."""
    count = len(checked.lines)
    parts = [texts(checked.values, name, count) for name in job.layout.key if name in checked.values]
    keys = parts[0] if len(parts) == 1 else list(map("|".join, zip(*parts, strict=True)))
    digests = source_digests(job.book, job.layout.kind, keys)
    clients = checked.values[CLIENT_NO]
    of_clients = digests if job.layout.kind == "clients" else _digests_of_clients(job, clients)
    batch = Batch(checked.lines, checked.values, digests, of_clients, checked.faults)
    if len(set(digests)) < len(digests):
        batch.refuse({row: (key_place(job), "duplicate_key") for row in _later(digests)})
    return batch


def _digests_of_clients(job: Job, numbers: list[str]) -> list[bytes]:
    """Several rows of one client share one digest."""
    distinct = list(set(numbers))
    known = dict(zip(distinct, source_digests(job.book, "clients", distinct), strict=True))
    return [known[number] for number in numbers]


def _later(digests: Sequence[bytes]) -> list[int]:
    """The rows whose key an earlier row has."""
    seen: set[bytes] = set()
    found = []
    for row, digest in enumerate(digests):
        if digest in seen:
            found.append(row)
        seen.add(digest)
    return found


def key_place(job: Job) -> int:
    """The column a duplicate is shown in: the first of the key."""
    return job.place(job.layout.key[0])


def digests_of_refused(job: Job, cells: Sequence[str], fault: Fault) -> tuple[bytes | None, bytes | None]:
    """(source digest, digest of the rest) of a refused line, as far as its cells allow."""
    return _source_digest(job, cells), rest_digest(
        job, cells, fault.place
    ) if fault.code != "duplicate_key" else None


def _source_digest(job: Job, cells: Sequence[str]) -> bytes | None:
    places = [job.place(name) for name in job.layout.key]
    if any(place >= len(cells) for place in places):
        return None
    parts = [
        _key_text(job.layout.by_name[name], cells[place], job.extract.widths)
        for name, place in zip(job.layout.key, places, strict=True)
        if place >= 0
    ]
    return source_digests(job.book, job.layout.kind, ["|".join(parts)])[0]


def _key_text(item: Field, cell: str, widths: dict[str, int]) -> str:
    """A key cell as it would stand if it were right: lost zeros are put back, for recognising only."""
    text = cell.strip(BLANKS)
    if item.parse == "choice":
        return dict(item.choices).get(text, text)
    if item.parse == "identity":
        return text.upper()
    return text.zfill(widths.get(item.name, 0)) if item.parse == "code" and text.isdigit() else text


def rest_digest(job: Job, cells: Sequence[str], without: int) -> bytes | None:
    """A digest of all cells that are stored but one; None where that is no whole line."""
    if without < 0 or len(cells) != len(job.columns):
        return None
    named = {column.field: cell.strip(BLANKS) for column, cell in zip(job.columns, cells, strict=True)}
    left_out = job.columns[without].field
    counted = [name for name in _names(job.layout) if name != left_out and name not in job.never]
    rest = [f"{name}={named.get(name, '')}" for name in counted]
    return source_digests(job.book, f"rest:{job.layout.kind}:{left_out}", ["\x1f".join(rest)])[0]


def _names(layout: Layout) -> list[str]:
    return [item.name for item in layout.fields]


def cells_by_line(table: Table) -> dict[int, int]:
    """Where each whole line stands in the table's columns."""
    return {line: row for row, line in enumerate(table.lines)}


def cells_of(table: Table, places: Mapping[int, int], line: int) -> list[str]:
    """The cells of one line as they were read."""
    if line in table.refused:
        return table.refused[line]
    return [column[places[line]] for column in table.columns]
