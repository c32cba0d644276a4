"""Writing the lines of one slice: resolve, seal, COPY; and what happens when a key is there already.

Invariants:
- Of several lines with one source key in one run the earliest wins, whatever the order in which
  slices are loaded: a slice that meets a later line already loaded undoes the later slice as a whole,
  and that slice is loaded again and then refuses its line.
- A line whose key another run has loaded is refused.
"""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np
from django.db import IntegrityError, connection, transaction

from audit.services import record
from clients.bulk import copy_rows
from clients.models import Client
from transfer.events import ImportEvent
from transfer.importing.batch import Batch, key_place
from transfer.importing.clear import clear_columns, stored_values
from transfer.importing.columns import without
from transfer.importing.job import MODELS, Job
from transfer.importing.records import cells_of_documents
from transfer.models import ClientSum, Finding, ImportChunk, ImportKey, Reject
from vault.copying import Column, Same
from vault.files import destroy_file
from vault.ids import new_id_rows
from vault.issuing import FIRST_VERSION, FreshKeys, issue_keys
from vault.matrix import Matrix, matrix_of
from vault.models import SealedFile
from vault.rows import key_mark, seal_rows
from vault.tokens import DIGEST_BYTES, tokens
from vault.wraps import open_data_keys, withdraw_wraps

_ONE_KEY: Final = "one_per_source_key"
_TRIES: Final = 5


def resolve_clients(job: Job, batch: Batch) -> None:
    """Every line knows its client's row; a line of a client who is not loaded is refused."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT source_digest, id FROM clients_client WHERE book_id = %s AND source_digest = ANY(%s)",
            [job.book, list(set(batch.client_digests))],
        )
        known: dict[bytes, UUID] = {bytes(digest): row for digest, row in cursor.fetchall()}
    place = job.place("client_no")
    batch.extras["client_id"] = [known.get(digest) for digest in batch.client_digests]
    missing = {
        row: (place, "unknown_client") for row, found in enumerate(batch.extras["client_id"]) if found is None
    }
    batch.refuse(missing)


def refuse_unknown_accounts(job: Job, batch: Batch) -> None:
    """A holding or trade names accounts that its client has; otherwise its line is refused."""
    if job.layout.kind not in {"holdings", "trades"} or not len(batch):
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT client_id, number_token FROM clients_account WHERE client_id = ANY(%s)",
            [list(set(batch.extras["client_id"]))],
        )
        known = set(cursor.fetchall())
    bad: dict[int, tuple[int, str]] = {}
    for name in ("fund_account", "account_no"):
        distinct = list(set(batch.values[name]))
        token_of = dict(zip(distinct, tokens("account", distinct), strict=True))
        for row, (client, number) in enumerate(
            zip(batch.extras["client_id"], batch.values[name], strict=True)
        ):
            if (client, token_of[number]) not in known:
                bad.setdefault(row, (job.place(name), "unknown_account"))
    batch.refuse(bad)


def store(job: Job, batch: Batch) -> list[bytes]:
    """The lines are rows; returns the row digests in id order. Lines that lost to an earlier one are
    refused in the batch.
    """
    if not len(batch):
        return []
    fresh = _clients(job, batch) if job.layout.kind == "clients" else _children(job, batch)
    for _ in range(_TRIES):
        if _copied(job, fresh):
            return fresh.digests
        lost = _lost_lines(job, batch)
        if not lost:
            continue
        _forget_files([batch.extras["file"][row] for row in lost] if "file" in batch.extras else [])
        batch.refuse({row: (key_place(job), "duplicate_key") for row in lost})
        fresh = fresh.without(lost)
        if not len(batch):
            return []
    raise IntegrityError("source keys keep being taken by others")


@dataclass(frozen=True)
class _Fresh:
    """Rows that are ready for the table: their columns, their digests, and, of clients, their keys."""

    columns: dict[str, Column]
    digests: list[bytes]
    places: list[int]
    keys: FreshKeys | None = None

    def without(self, lost: set[int]) -> "_Fresh":
        """The same without the rows at these places."""
        columns = {
            name: column if isinstance(column, Same) else without(column, lost)
            for name, column in self.columns.items()
        }
        return _Fresh(columns, without(self.digests, lost), without(self.places, lost), self.keys)


def _copied(job: Job, fresh: _Fresh) -> bool:
    """True when the rows went in; False when a source key among them is taken."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            copy_rows(cursor, MODELS[job.layout.kind], fresh.columns, len(fresh.places))
            if fresh.keys:
                fresh.keys.write(cursor, fresh.places)
    except IntegrityError as problem:
        constraint = getattr(getattr(problem.__cause__, "diag", None), "constraint_name", "") or ""
        if not constraint.endswith(_ONE_KEY):
            raise
        return False
    return True


def _clients(job: Job, batch: Batch) -> _Fresh:
    count = len(batch)
    ids = new_id_rows(count)
    keys = issue_keys(ids, holder=job.holder)
    cells = cells_of_documents("clients", stored_values(job, batch), count)
    mark = key_mark(keys.suite, FIRST_VERSION)
    rows = seal_rows(Client.sealed_label, ids, zip(*cells, strict=True), ciphers=keys.ciphers(), keys=mark)
    columns = {
        **_shared(job, batch, ids, rows.sealed),
        "custodian_id": Same(job.holder),
        "jurisdiction": Same(job.extract.transfer.jurisdiction),
        "is_frozen": Same(False),
        "is_pledged": Same(False),
        "reveal_suspended": Same(False),
        **clear_columns(job, batch),
    }
    return _Fresh(columns, rows.digests, list(range(count)), keys)


def _children(job: Job, batch: Batch) -> _Fresh:
    count, kind = len(batch), job.layout.kind
    ids = new_id_rows(count)
    clients = batch.extras["client_id"]
    keys = open_data_keys(clients, holder=job.holder)
    marks = {client: key_mark(key.suite, key.version) for client, key in keys.items()}
    rows = seal_rows(
        MODELS[kind].sealed_label,
        ids,
        zip(*cells_of_documents(kind, stored_values(job, batch), count), strict=True),
        ciphers=(keys[client].cipher for client in clients),
        keys=matrix_of([marks[client] for client in clients], 3),
    )
    columns = {
        **_shared(job, batch, ids, rows.sealed),
        "client_id": clients,
        **clear_columns(job, batch),
    }
    return _Fresh(columns, rows.digests, list(range(count)))


def _shared(job: Job, batch: Batch, ids: Matrix, sealed: list[bytes]) -> dict[str, Column]:
    return {
        "id": ids,
        "revision": Same(1),
        "book_id": Same(job.book),
        "import_run": Same(job.run.pk),
        "source_line": np.array(batch.lines, dtype=np.int64),
        "source_digest": matrix_of(batch.digests, DIGEST_BYTES),
        "sealed": sealed,
    }


def _lost_lines(job: Job, batch: Batch) -> set[int]:
    """The rows whose key an earlier line or another run holds; later lines of this run are undone."""
    model = MODELS[job.layout.kind]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT source_digest, import_run, source_line FROM {model._meta.db_table}"  # noqa: S608  our own table
            " WHERE book_id = %s AND source_digest = ANY(%s)",
            [job.book, batch.digests],
        )
        taken = {bytes(digest): (run, line) for digest, run, line in cursor.fetchall()}
    lost = set()
    for row, (digest, line) in enumerate(zip(batch.digests, batch.lines, strict=True)):
        holder = taken.get(digest)
        if holder is None:
            continue
        if holder[0] == job.run.pk and holder[1] > line:
            undo_slice_at(job, holder[1])
        else:
            lost.add(row)
    return lost


def undo_slice_at(job: Job, line: int) -> None:
    """The loaded slice that holds this line is as if it had never been loaded, and waits again."""
    chunks = ImportChunk.objects.select_for_update().filter(run=job.run)
    chunk = chunks.filter(first_line__lte=line).order_by("-number").first()
    if chunk is None or chunk.state != ImportChunk.State.DONE:
        return
    following = ImportChunk.objects.filter(run=job.run, number=chunk.number + 1).values_list(
        "first_line", flat=True
    )
    first, last = chunk.first_line, next(iter(following), 2**31) - 1
    _delete_rows(job, first, last)
    for model in (Finding, ImportKey, Reject, ClientSum):
        model.objects.filter(run=job.run, line__range=(first, last)).delete()
    ImportChunk.objects.filter(pk=chunk.pk).update(
        state=ImportChunk.State.WAITING, attempts=0, rows=0, accepted=0, rejected=0, totals={}, rows_root=None
    )
    record(ImportEvent.CHUNK_UNDONE, subject=job.run, organisation=job.holder, number=chunk.number)


def _delete_rows(job: Job, first: int, last: int) -> None:
    model: Any = MODELS[job.layout.kind]
    rows = model.objects.filter(book=job.book, import_run=job.run.pk, source_line__range=(first, last))
    ids = list(rows.values_list("pk", flat=True))
    if job.layout.kind == "clients":
        withdraw_wraps(ids, holder=job.holder)
    if job.layout.kind == "documents":
        _forget_files(list(rows.values_list("file", flat=True)))
    rows._raw_delete(rows.db)  # noqa: SLF001  nothing refers to rows of a run still under way


def _forget_files(ids: list[UUID]) -> None:
    for file in SealedFile.objects.filter(pk__in=ids):
        destroy_file(file)
