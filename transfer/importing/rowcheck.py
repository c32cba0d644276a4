"""Whether the loaded rows are still those the log knows.

Invariants:
- Of every slice the log holds the Merkle root over its row digests in id order; of every row sealed anew
  afterwards, the digests before and after. Rows as they stand must lead to exactly these.
- What must be there is read from the log alone: who also changes the ledger of the slices hides nothing.
- So a row that was altered, deleted, added, or rolled back as a whole to an earlier state is found, by
  whoever can do such things in the database; also when it was sealed anew since.
- The log knows one root per slice. Which row of a slice does not fit is found by opening that slice, in a
  recorded reading; of a deleted row the slice is named, and its id where something else still knows it.
"""

import uuid
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import Any, Final

from django.db import connection, models

from audit.models import Event
from audit.reading import reading
from audit.tree import leaf_hash, root_of
from audit.verification import one_moment
from clients.models import Client
from transfer.events import ImportEvent
from transfer.importing.job import MODELS
from transfer.models import ImportChunk
from vault.errors import VaultError
from vault.rows import Reading, SealedModel, open_rows, row_digest

_AT_ONCE: Final = 5_000
PURPOSE: Final = "verify_rows"

Place = tuple[uuid.UUID, int]
"""A slice: run and number."""


@dataclass(frozen=True)
class RowFault:
    """One thing that does not fit: in which table, of which row or slice, and what."""

    what: str
    table: str
    run: uuid.UUID | None = None
    number: int | None = None
    row: uuid.UUID | None = None

    def __str__(self) -> str:
        where = [f"row {self.row}"] if self.row else []
        where += [f"run {self.run}"] if self.run else []
        where += [f"slice {self.number}"] if self.number is not None else []
        return f"{self.table}, {', '.join(where)}: {self.what}"


@dataclass
class _Known:
    """What the log knows of one kind of rows."""

    slices: dict[Place, tuple[int, str | None]] = field(default_factory=dict)
    """Per slice how many rows were loaded, and their root; a slice undone since is not there."""
    changes: dict[uuid.UUID, list[tuple[bytes, bytes]]] = field(default_factory=lambda: defaultdict(list))
    """Per row sealed anew, in order: digests before and after."""


@dataclass
class RowReport:
    """How many rows were compared, and what does not fit."""

    rows: int = 0
    slices: int = 0
    faults: list[RowFault] = field(default_factory=list)


def check_rows() -> RowReport:
    """Every loaded row against the log; each thing that does not fit is in the report."""
    report = RowReport()
    with one_moment():
        known = _known()
        checks = [_Check(model, known[kind], report) for kind, model in MODELS.items()]
        for check in checks:
            check.compare()
        report.faults += _clients_gone()
    for check in checks:
        check.name_rows()
    return report


class _Check:
    """The rows of one table, slice by slice, in one pass."""

    def __init__(self, model: Any, known: _Known, report: RowReport) -> None:
        self.model, self.known, self.report = model, known, report
        self.table: str = model._meta.db_table
        self.bad: list[tuple[Place, list[uuid.UUID]]] = []
        self.seen: set[Place] = set()
        self.changed_seen: set[uuid.UUID] = set()

    def compare(self) -> None:
        """Every slice was compared; what is known and not there is missing."""
        for place, rows in groupby(self._rows(), key=lambda row: row[0]):
            self._compare_slice(place, [(row, digest) for _, row, digest in rows])
        for place in sorted(self.known.slices.keys() - self.seen):
            self._compare_slice(place, [])
        for row in sorted(self.known.changes.keys() - self.changed_seen):
            self._fault("row is gone", row=row)

    def name_rows(self) -> None:
        """Of the slices that do not fit, the rows that do not open are named."""
        for place, rows in self.bad:
            for row in _not_opening(self.model, rows):
                self._fault("row does not open: not what was sealed in its place", place, row)

    def _rows(self) -> Iterator[tuple[Place | None, uuid.UUID, bytes]]:
        """Every row with its slice (None: a run the log has not) and its digest, slices together."""
        starts = _first_lines({run for run, _ in self.known.slices})
        rows = self.model.objects.order_by("import_run", "source_line")
        columns = rows.values_list("pk", "import_run", "source_line", "revision", "sealed")
        for row, run, line, revision, sealed in columns.iterator(chunk_size=_AT_ONCE):
            self.report.rows += 1
            number = bisect_right(starts.get(run, []), line)
            place = (run, number) if number else None
            yield place, row, row_digest(self.model.sealed_label, row, revision, bytes(sealed))

    def _compare_slice(self, place: Place | None, rows: list[tuple[uuid.UUID, bytes]]) -> None:
        if place is None or place not in self.known.slices:
            for row, _ in rows:
                self._fault("row is of no load the log knows", row=row)
            return
        self.seen.add(place)
        self.report.slices += 1
        count, root = self.known.slices[place]
        leaves = [leaf_hash(self._as_loaded(place, row, digest)) for row, digest in sorted(rows)]
        if (root_of(leaves).hex() if leaves else None) != root:
            self._fault(f"rows are not those loaded: {count} were, {len(rows)} are there", place)
            self.bad.append((place, [row for row, _ in rows]))

    def _as_loaded(self, place: Place, row: uuid.UUID, digest: bytes) -> bytes:
        """The digest the row had when it was loaded; faults where it is not as the log has it since."""
        changes = self.known.changes.get(row)
        if changes is None:
            return digest
        self.changed_seen.add(row)
        if digest != changes[-1][1]:
            earlier = {state for change in changes for state in change}
            what = (
                "row is rolled back to an earlier state" if digest in earlier else "row is not as last sealed"
            )
            self._fault(what, place, row)
        if any(before != after for (_, after), (before, _) in pairwise(changes)):
            self._fault("row was changed between two sealings", place, row)
        return changes[0][0]

    def _fault(self, what: str, place: Place | None = None, row: uuid.UUID | None = None) -> None:
        run, number = place or (None, None)
        self.report.faults.append(RowFault(what, self.table, run, number, row))


def _known() -> dict[str, _Known]:
    known: dict[str, _Known] = defaultdict(_Known)
    kinds: dict[Place, str] = {}
    loads = Event.objects.filter(type__in=(ImportEvent.CHUNK_LOADED, ImportEvent.CHUNK_UNDONE))
    for kind, run, facts in loads.order_by("id").values_list("type", "subject", "facts").iterator():
        place = (run, facts["number"])
        if kind == ImportEvent.CHUNK_UNDONE:
            known[kinds[place]].slices.pop(place, None)
        else:
            kinds[place] = facts["kind"]
            known[facts["kind"]].slices[place] = (facts["accepted"], facts.get("rows_root"))
    kind_of = {model._meta.label_lower: kind for kind, model in MODELS.items()}
    changes = Event.objects.filter(subject_type__in=kind_of, facts__has_key="digest_after").order_by("id")
    for label, row, facts in changes.values_list("subject_type", "subject", "facts").iterator():
        pair = bytes.fromhex(facts["digest_before"]), bytes.fromhex(facts["digest_after"])
        known[kind_of[label]].changes[row].append(pair)
    return known


def _first_lines(runs: set[uuid.UUID]) -> dict[uuid.UUID, list[int]]:
    """Per run the first line of each slice, in order of their numbers."""
    starts: dict[uuid.UUID, list[int]] = defaultdict(list)
    chunks = ImportChunk.objects.filter(run__in=runs).order_by("run", "number")
    for run, line in chunks.values_list("run_id", "first_line"):
        starts[run].append(line)
    return starts


def _not_opening(model: Any, rows: list[uuid.UUID]) -> Iterator[uuid.UUID]:
    """The rows that their client's custodian cannot open; looking is recorded."""
    path = "custodian" if model is Client else "client__custodian"
    found = model.objects.filter(pk__in=rows).annotate(holder=models.F(path)).order_by("holder", "pk")
    for holder, group in groupby(found, key=lambda row: row.holder):
        held = list(group)
        subjects = {row.key_subject for row in held}
        with reading(actor=None, organisation=holder, purpose=PURPOSE, subjects=subjects) as right:
            yield from (row.pk for row in _closed(held, right))


def _closed(rows: list[SealedModel], right: Reading) -> list[SealedModel]:
    """Those of the rows that do not open, found by halving."""
    try:
        open_rows(rows, right)
    except VaultError:
        half = len(rows) // 2
        return rows if half == 0 else [*_closed(rows[:half], right), *_closed(rows[half:], right)]
    return []


def _clients_gone() -> list[RowFault]:
    """Clients whose keys are held though their row is gone."""
    table = Client._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT subject FROM vault_wrap WHERE purpose = 'custody' AND NOT EXISTS"
            " (SELECT FROM clients_client WHERE id = subject) ORDER BY subject"
        )
        return [RowFault("row is gone, though its key is held", table, row=row) for (row,) in cursor]
