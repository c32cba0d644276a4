"""One file that came back against its part of the delivery: by digests first, then the rows in question as text.

Memory holds the digests of one part of the rows, and the text of the rows of one piece and of the suspects
of one part; both are bounded, whatever comes back.
"""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import islice
from typing import Final
from uuid import UUID

import numpy as np

from access.models import User
from audit.reading import reading
from clients.models import Account, Holding
from transfer.comparisons import Comparison
from transfer.delivery import ACCOUNTS, CLIENTS, HOLDINGS, CsvReader
from transfer.models import ReturnFile, Run
from transfer.reconcile import (
    Cells,
    Counts,
    Difference,
    Places,
    Records,
    Suspects,
    match,
    parts_for,
    records_in,
)
from transfer.services.parties import delivered_clients, organisation_of
from vault.files import OpenedFile
from vault.models import SealedFile
from vault.rows import Reading

PURPOSE: Final = "reconciliation"
SUSPECTS_AT_ONCE: Final = 20_000
Owners = Callable[[set[str]], Mapping[str, UUID]]
Keep = Callable[[Iterator[Difference], Owners], None]
_NUMBERS: Final = {
    "depository": ("holdings", HOLDINGS.index("account_no"), HOLDINGS.index("client_no")),
    "bank": ("accounts", ACCOUNTS.index("number"), ACCOUNTS.index("client_no")),
}
"""Where the account numbers of the other parties stand in the delivery, and whose they are."""


def compare_file(run: Run, comparison: Comparison, returned: ReturnFile, by: User, *, keep: Keep) -> Counts:
    """Every difference of this file has been handed to ``keep``; returns how the rows compare."""
    counts = Counts()
    with ExitStack() as rights:
        delivery = Delivered(run, comparison, by, rights)
        answer = Answered(comparison, returned, by, rights)
        parts = parts_for(max(delivery.rows, answer.rows))
        for part in range(parts):
            suspects = match(delivery.records(part, parts), answer.records(part, parts), counts)
            for some in _batches(suspects):
                differences = list(_second_look(comparison, delivery, answer, some, counts))
                if differences:
                    keep(iter(differences), delivery.owners)
    return counts


def _batches(suspects: Suspects) -> Iterator[Suspects]:
    """The suspects in bounded lots; rows of one key stay together."""
    lots = 1 + (len(suspects.expected) + len(suspects.actual)) // SUSPECTS_AT_ONCE
    if lots == 1:
        if len(suspects.expected) or len(suspects.actual):
            yield suspects
        return
    for lot in range(lots):
        yield suspects.lot(lot, lots)


def _second_look(
    comparison: Comparison, delivery: "Delivered", answer: "Answered", suspects: Suspects, counts: Counts
) -> Iterator[Difference]:
    groups: dict[tuple[str, ...], tuple[list[Cells], list[Cells]]] = defaultdict(lambda: ([], []))
    for cells in delivery.cells_at(suspects.expected):
        groups[comparison.shape.key_of(cells)][0].append(cells)
    for cells in answer.cells_at(suspects.actual):
        groups[comparison.shape.key_of(cells)][1].append(cells)
    for expected, actual in groups.values():
        wanted = comparison.together(expected)
        counts.expected -= len(expected) - len(wanted)
        yield from comparison.shape.differences(wanted, actual, counts)


class _Pieces(ABC):
    """One side in its pieces: how many rows each has, records of a part, and rows by their places."""

    counts: list[int]

    @abstractmethod
    def digests(self, number: int) -> bytes:
        """The digests of the rows of one piece."""

    @abstractmethod
    def cells(self, number: int) -> Iterator[Cells]:
        """The rows of one piece."""

    @property
    def rows(self) -> int:
        return sum(self.counts)

    def records(self, part: int, parts: int) -> tuple[Records, Places]:
        """The records of one part, with the places of their rows."""
        found, first = [], 0
        for number, count in enumerate(self.counts):
            found.append(records_in(self.digests(number), part, parts, first))
            first += count
        return np.concatenate([one for one, _ in found]), np.concatenate([places for _, places in found])

    def cells_at(self, places: Places) -> Iterator[Cells]:
        """The rows at these sorted places; only their pieces are read."""
        first = 0
        for number, count in enumerate(self.counts):
            begin, end = np.searchsorted(places, [first, first + count])
            if begin < end:
                wanted = iter((places[begin:end] - first).tolist())
                yield from _chosen(self.cells(number), wanted)
            first += count


def _chosen(rows: Iterable[Cells], wanted: Iterator[int]) -> Iterator[Cells]:
    place = next(wanted)
    for number, cells in enumerate(rows):
        if number == place:
            yield cells
            try:
                place = next(wanted)
            except StopIteration:
                return


class Delivered(_Pieces):
    """What was handed over, as far as one comparison needs it, read from the pieces of the delivery."""

    def __init__(self, run: Run, comparison: Comparison, by: User, rights: ExitStack) -> None:
        self._run, self._comparison = run, comparison
        self._pieces = list(run.pieces.exclude(file=None).order_by("number"))
        self._files = _opened([piece.file for piece in self._pieces], organisation_of(run), by, rights)
        self.counts = [piece.sections[comparison.name][2] for piece in self._pieces]
        self._owners: dict[str, UUID] = {}

    def digests(self, number: int) -> bytes:
        """The digests of the rows that one piece lets expect."""
        return self._section(number, self._comparison.name)

    def cells(self, number: int) -> Iterator[Cells]:
        """The rows that one piece lets expect."""
        rows = self._comparison.derive(self._rows(number, self._comparison.part))
        if self._comparison.source == ReturnFile.Source.TRANSFEREE:
            yield from rows
            return
        clients = self._clients(number)
        for cells in rows:
            self._owners[cells[0]] = clients[cells[-1]]
            yield cells

    def owners(self, keys: set[str]) -> Mapping[str, UUID]:
        """Which client each of these rows or account numbers belongs to; unknown ones are left out.

        Rows of the transferee are found by id, and only among the clients of this run; account numbers
        of other parties in the piece they were read from, or by going through the delivery once.
        """
        if self._comparison.source == ReturnFile.Source.TRANSFEREE:
            return self._owners_of_rows(keys)
        if unknown := keys - self._owners.keys():
            self._search(unknown)
        found = {key: self._owners[key] for key in keys if key in self._owners}
        self._owners.clear()
        return found

    def _search(self, unknown: set[str]) -> None:
        part, number_at, client_at = _NUMBERS[self._comparison.source]
        for number in range(len(self._pieces)):
            hits = {
                cells[number_at]: cells[client_at]
                for cells in self._rows(number, part)
                if cells[number_at] in unknown
            }
            if hits:
                clients = self._clients(number)
                self._owners |= {key: clients[client] for key, client in hits.items()}

    def _owners_of_rows(self, keys: set[str]) -> dict[str, UUID]:
        ids = {key: row_id for key in keys if (row_id := _uuid(key)) is not None}
        mine = delivered_clients(self._run).order_by()
        if self._comparison.kind == "clients":
            known = dict(mine.filter(pk__in=ids.values()).values_list("pk", "pk"))
        else:
            model = Account if self._comparison.kind == "accounts" else Holding
            rows = model.objects.filter(pk__in=ids.values(), client__in=mine)
            known = dict(rows.values_list("pk", "client_id"))
        return {key: known[row_id] for key, row_id in ids.items() if row_id in known}

    def _clients(self, number: int) -> dict[str, UUID]:
        at, named = CLIENTS.index("row_id"), CLIENTS.index("client_no")
        return {cells[named]: UUID(cells[at]) for cells in self._rows(number, "clients")}

    def _rows(self, number: int, part: str) -> Iterator[Cells]:
        return iter(CsvReader([self._section(number, part)], at=1))

    def _section(self, number: int, name: str) -> bytes:
        begin, length, _rows = self._pieces[number].sections[name]
        return self._files[number].slice(begin, length)


class Answered(_Pieces):
    """One file that came back, read by the stretches of which it was digested."""

    def __init__(self, comparison: Comparison, returned: ReturnFile, by: User, rights: ExitStack) -> None:
        self._comparison = comparison
        self._pieces = list(returned.pieces.order_by("number"))
        file = SealedFile.objects.get(pk=returned.file)
        files = [file.pk, *(piece.file for piece in self._pieces)]
        self._file, *self._digests = _opened(files, file.holder, by, rights)
        self.counts = [piece.rows for piece in self._pieces]

    def digests(self, number: int) -> bytes:
        """The digests of one stretch."""
        sealed = self._digests[number]
        return sealed.slice(0, sealed.file.size)

    def cells(self, number: int) -> Iterator[Cells]:
        """The rows of one stretch, in our words."""
        piece = self._pieces[number]
        reader = CsvReader(_limited(self._file, piece.begins, piece.ends), at=piece.begins)
        rows = islice(reader, 1, None) if not piece.begins else iter(reader)
        yield from self._comparison.in_our_words(rows)


def _limited(file: OpenedFile, begin: int, end: int) -> Iterator[bytes]:
    while begin < end:
        piece = file.slice(begin, min(end - begin, 1 << 20))
        begin += len(piece)
        yield piece


def _opened(
    files: Sequence[UUID | None], organisation: UUID, by: User, rights: ExitStack
) -> list[OpenedFile]:
    wanted = [file for file in files if file is not None]
    right: Reading = rights.enter_context(
        reading(actor=by, organisation=organisation, purpose=PURPOSE, subjects=wanted)
    )
    known = SealedFile.objects.in_bulk(wanted)
    return [OpenedFile(known[file], right) for file in wanted]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
