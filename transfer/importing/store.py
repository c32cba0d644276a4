"""Writing the lines of one slice: resolve, seal, COPY; and what happens when a key is there already.

Invariants:
- Of several lines with one source key in one run the earliest wins, whatever the order in which
  slices are loaded: a slice that meets a later line already loaded undoes the later slice as a whole,
  and that slice is loaded again and then refuses its line.
- A line whose key another run has loaded is refused.
"""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.backends.utils import CursorWrapper

from audit.services import record
from clients.bulk import Same, copy_rows
from clients.models import Client
from transfer.events import ImportEvent
from transfer.importing.batch import Batch, key_place
from transfer.importing.clear import clear_columns, stored_values
from transfer.importing.job import MODELS, Job
from transfer.importing.records import MAKERS
from transfer.models import ClientSum, Finding, ImportChunk, ImportKey, Reject
from vault.files import destroy_file
from vault.ids import new_ids
from vault.models import SealedFile
from vault.rows import row_digest, seal_documents
from vault.tokens import tokens
from vault.wraps import issue_data_keys, open_data_keys, withdraw_wraps, write_wraps

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
    columns, after = _clients(job, batch) if job.layout.kind == "clients" else _children(job, batch)
    for _ in range(_TRIES):
        if _copied(job, columns, after):
            label = MODELS[job.layout.kind].sealed_label
            return [
                row_digest(label, row, 1, sealed)
                for row, sealed in zip(columns["id"], columns["sealed"], strict=True)
            ]
        lost = _lost_lines(job, batch)
        if not lost:
            continue
        _forget_files([batch.extras["file"][row] for row in lost] if "file" in batch.extras else [])
        batch.refuse({row: (key_place(job), "duplicate_key") for row in lost})
        columns = {
            name: values
            if isinstance(values, Same)
            else [value for row, value in enumerate(values) if row not in lost]
            for name, values in columns.items()
        }
        if not len(batch):
            return []
    raise IntegrityError("source keys keep being taken by others")


def _copied(job: Job, columns: dict[str, Any], after: Callable[[CursorWrapper, list[UUID]], None]) -> bool:
    """True when the rows went in; False when a source key among them is taken."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            copy_rows(cursor, MODELS[job.layout.kind], columns, len(columns["id"]))
            after(cursor, columns["id"])
    except IntegrityError as problem:
        constraint = getattr(getattr(problem.__cause__, "diag", None), "constraint_name", "") or ""
        if not constraint.endswith(_ONE_KEY):
            raise
        return False
    return True


def _clients(job: Job, batch: Batch) -> tuple[dict[str, Any], Callable[[CursorWrapper, list[UUID]], None]]:
    count = len(batch)
    values = stored_values(job, batch)
    ids = new_ids(count)
    issued = issue_data_keys(ids, holder=job.holder)
    documents = MAKERS["clients"](values, count)
    sealed = seal_documents(
        Client.sealed_label, [(row, issued[row], doc) for row, doc in zip(ids, documents, strict=True)]
    )
    columns = {
        **_shared(job, batch, ids, sealed),
        "custodian_id": Same(job.holder),
        "jurisdiction": Same(job.extract.transfer.jurisdiction),
        "is_frozen": Same(False),
        "is_pledged": Same(False),
        "reveal_suspended": Same(False),
        **clear_columns(job, batch),
    }

    def write_keys(cursor: CursorWrapper, kept: list[UUID]) -> None:
        write_wraps(cursor, {row: issued[row] for row in kept}, holder=job.holder)

    return columns, write_keys


def _children(job: Job, batch: Batch) -> tuple[dict[str, Any], Callable[[CursorWrapper, list[UUID]], None]]:
    count, kind = len(batch), job.layout.kind
    values = stored_values(job, batch)
    ids = new_ids(count)
    clients = batch.extras["client_id"]
    keys = open_data_keys(clients, holder=job.holder)
    documents = MAKERS[kind](values, count)
    sealed = seal_documents(
        MODELS[kind].sealed_label,
        [(row, keys[client], doc) for row, client, doc in zip(ids, clients, documents, strict=True)],
    )
    columns = {**_shared(job, batch, ids, sealed), "client_id": clients, **clear_columns(job, batch)}
    return columns, lambda _cursor, _kept: None


def _shared(job: Job, batch: Batch, ids: list[UUID], sealed: list[bytes]) -> dict[str, Any]:
    return {
        "id": ids,
        "revision": Same(1),
        "sealed": sealed,
        "book_id": Same(job.book),
        "source_digest": batch.digests,
        "import_run": Same(job.run.pk),
        "source_line": batch.lines,
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
