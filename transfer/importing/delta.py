"""The delta at cutover: what is new is loaded, what has changed is sealed anew, what is missing is found.

Invariants:
- A row that says the same as before is left as it is, ciphertext and revision included.
- A changed row keeps its id; its revision rises by one together with its document.
- Nothing is deleted: a row that the delta lacks is a finding, for people to decide.
"""

from typing import Any, Final

from django.db import connection

from audit.reading import reading
from audit.services import record
from transfer.events import ImportEvent
from transfer.importing.batch import Batch
from transfer.importing.clear import clear_columns, stored_values
from transfer.importing.job import MODELS, Job, book_of
from transfer.importing.records import documents_of
from transfer.importing.store import store
from transfer.models import Extract, ImportRun
from vault.rows import Reading, SealedModel, open_rows

MISSING: Final = "missing_in_delta"
# A file of its own lies behind each document: a known one is left alone, and so are executed trades.
_UNCHANGING: Final = frozenset({Extract.Kind.DOCUMENTS, Extract.Kind.TRADES})


def settle_delta(job: Job, batch: Batch) -> list[bytes]:
    """New lines are rows, changed ones are sealed anew; returns the digests of the new rows."""
    known = _known(job, batch)
    places = [row for row, digest in enumerate(batch.digests) if digest in known]
    if places and job.layout.kind not in _UNCHANGING:
        _reseal(job, batch.pick(places), known)
    fresh = batch.pick([row for row, digest in enumerate(batch.digests) if digest not in known])
    digests = store(job, fresh)
    batch.keep_lines({*fresh.lines, *(batch.lines[row] for row in places)})
    return digests


def _known(job: Job, batch: Batch) -> dict[bytes, SealedModel]:
    """The rows of other runs that these lines speak of, by source digest."""
    model: Any = MODELS[job.layout.kind]
    rows = model.objects.filter(book=job.book, source_digest__in=batch.digests).exclude(import_run=job.run.pk)
    return {bytes(row.source_digest): row for row in rows}


def _reseal(job: Job, batch: Batch, known: dict[bytes, SealedModel]) -> None:
    rows = [known[digest] for digest in batch.digests]
    documents = documents_of(job.layout.kind, stored_values(job, batch), len(batch))
    clear = clear_columns(job, batch)
    with reading(
        actor=job.run.asked_by_id,
        organisation=job.holder,
        purpose="compare_delta",
        subjects={row.key_subject for row in rows},
    ) as right:
        for place, (row, before, now) in enumerate(zip(rows, open_rows(rows, right), documents, strict=True)):
            if before != now:
                _reseal_row(job, row, now, right)
            _update_clear(row, {name: column[place] for name, column in clear.items()})


def _reseal_row(job: Job, row: SealedModel, document: Any, right: Reading) -> None:
    """The row holds the new document, and the log both digests, so that rolling it back is found."""
    before = row.digest()
    row.reseal(document, right)
    record(
        ImportEvent.ROW_CHANGED,
        actor=job.run.asked_by_id,
        subject=row,
        organisation=job.holder,
        run=job.run.pk,
        digest_before=before,
        digest_after=row.digest(),
    )


def _update_clear(row: Any, clear: dict[str, Any]) -> None:
    differing = {name: value for name, value in clear.items() if getattr(row, name) != value}
    if differing:
        type(row).objects.filter(pk=row.pk).update(**differing)


def find_missing(run: ImportRun) -> None:
    """Every row of the book of this kind that the delta does not name carries a finding of this run."""
    model: Any = MODELS[run.extract.kind]
    table, book = model._meta.db_table, book_of(run.extract)
    is_client = run.extract.kind == Extract.Kind.CLIENTS
    client = "entry.id, entry.source_digest" if is_client else "client.id, client.source_digest"
    join = "" if is_client else "JOIN clients_client client ON client.id = entry.client_id"
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM transfer_finding WHERE run_id = %s AND code = %s", [run.pk, MISSING])
        cursor.execute(
            "INSERT INTO transfer_finding (run_id, code, line, client_id, client_digest)"  # noqa: S608  our own tables
            f" SELECT %s, %s, entry.source_line, {client} FROM {table} entry {join}"
            " WHERE entry.book_id = %s AND entry.import_run <> %s AND NOT EXISTS"
            "  (SELECT 1 FROM transfer_importkey WHERE run_id = %s AND kind = 'key'"
            "    AND token = (('x' || encode(substr(entry.source_digest, 1, 8), 'hex'))::bit(64)::bigint))",
            [run.pk, MISSING, book, run.pk, run.pk],
        )
