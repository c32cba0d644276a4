"""The lines of one slice that still stand, and what has been found out about them. Pure but for digests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from clients.fields import CLIENT_NO, Field, Layout
from transfer.importing.job import Job
from transfer.importing.parse import Fault, Table
from transfer.importing.records import Values, texts
from transfer.importing.validate import Checked
from vault.tokens import source_digests

_BLANKS = " \u3000\u00a0\t"


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
        self.keep([row for row in range(len(self.lines)) if row not in bad])

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
        self.lines = _pick(self.lines, keep)
        self.digests = _pick(self.digests, keep)
        self.client_digests = _pick(self.client_digests, keep)
        self.values = {name: _pick(column, keep) for name, column in self.values.items()}
        self.extras = {name: _pick(column, keep) for name, column in self.extras.items()}


def _pick(column: Sequence[Any], keep: Sequence[int]) -> list[Any]:
    return [column[row] for row in keep]


def batch_of(job: Job, checked: Checked) -> Batch:
    """The checked lines with the digests of their source keys; later lines of one key are refused."""
    count = len(checked.lines)
    parts = [texts(checked.values, name, count) for name in job.layout.key if name in checked.values]
    keys = ["|".join(key) for key in zip(*parts, strict=True)]
    digests = source_digests(job.book, job.layout.kind, keys)
    clients = checked.values[CLIENT_NO]
    of_clients = digests if job.layout.kind == "clients" else source_digests(job.book, "clients", clients)
    batch = Batch(checked.lines, checked.values, digests, of_clients, checked.faults)
    seen: set[bytes] = set()
    bad: dict[int, tuple[int, str]] = {}
    for row, digest in enumerate(digests):
        if digest in seen:
            bad[row] = (key_place(job), "duplicate_key")
        seen.add(digest)
    batch.refuse(bad)
    return batch


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
    text = cell.strip(_BLANKS)
    if item.parse == "choice":
        return dict(item.choices).get(text, text)
    if item.parse == "identity":
        return text.upper()
    return text.zfill(widths.get(item.name, 0)) if item.parse == "code" and text.isdigit() else text


def rest_digest(job: Job, cells: Sequence[str], without: int) -> bytes | None:
    """A digest of all cells that are stored but one; None where that is no whole line."""
    if without < 0 or len(cells) != len(job.columns):
        return None
    named = {column.field: cell.strip(_BLANKS) for column, cell in zip(job.columns, cells, strict=True)}
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
