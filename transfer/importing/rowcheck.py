"""Whether the loaded rows are still those the log knows.

Invariants:
- Of every slice the log holds the Merkle root over its row digests in id order; of every row sealed anew
  afterwards, the digests before and after. Rows as they stand must lead to exactly these.
- So a row that was altered, deleted, added, or rolled back as a whole to an earlier state is found, by
  whoever can do such things in the database.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from audit.models import Event
from audit.tree import leaf_hash, root_of
from transfer.events import ImportEvent
from transfer.importing.job import MODELS, book_of
from transfer.models import ImportChunk, ImportRun
from vault.rows import row_digest

_AT_ONCE: Final = 5_000


@dataclass(frozen=True)
class RowFault:
    """A slice whose rows are not those that were loaded, or one row that is not the last one sealed."""

    what: str
    run: uuid.UUID
    number: int
    row: uuid.UUID | None = None

    def __str__(self) -> str:
        return f"{self.what}: run {self.run}, slice {self.number}" + (f", row {self.row}" if self.row else "")


def check_rows(run: ImportRun) -> Iterator[RowFault]:
    """What does not fit of one finished load."""
    changes = _changes(run)
    roots = {
        event.facts["number"]: event.facts.get("rows_root")
        for event in Event.objects.filter(type=ImportEvent.CHUNK_LOADED, subject=run.pk).order_by("id")
    }
    chunks = list(ImportChunk.objects.filter(run=run).order_by("number"))
    ends = [*(chunk.first_line for chunk in chunks[1:]), 2**31]
    for chunk, end in zip(chunks, ends, strict=True):
        leaves = []
        for row, digest in _digests(run, chunk.first_line, end):
            first, last = changes.get(row, (digest, digest))
            if digest != last:
                yield RowFault("row is not as last sealed", run.pk, chunk.number, row)
            leaves.append(leaf_hash(first))
        root = root_of(leaves).hex() if leaves else None
        if root != roots.get(chunk.number):
            yield RowFault("rows are not those loaded", run.pk, chunk.number)


def _changes(run: ImportRun) -> dict[uuid.UUID, tuple[bytes, bytes]]:
    """Per row sealed anew after loading: its digest when loaded, and its digest now."""
    label = MODELS[run.extract.kind]._meta.label_lower
    found: dict[uuid.UUID, tuple[bytes, bytes]] = {}
    events = Event.objects.filter(subject_type=label, facts__has_key="digest_after").order_by("id")
    for event in events.iterator(chunk_size=_AT_ONCE):
        before, after = (bytes.fromhex(event.facts[name]) for name in ("digest_before", "digest_after"))
        found[event.subject] = (found.get(event.subject, (before, b""))[0], after)
    return found


def _digests(run: ImportRun, first: int, end: int) -> Iterator[tuple[uuid.UUID, bytes]]:
    model: Any = MODELS[run.extract.kind]
    rows = model.objects.filter(
        book=book_of(run.extract), import_run=run.pk, source_line__gte=first, source_line__lt=end
    ).order_by("pk")
    for row, revision, sealed in rows.values_list("pk", "revision", "sealed").iterator(chunk_size=_AT_ONCE):
        yield row, row_digest(model.sealed_label, row, revision, bytes(sealed))
