"""One slice, one transaction: read, check, seal, COPY, ledger and log, or nothing of it.

Invariants:
- A slice is worked on under a lease with a fencing number; who has lost the lease commits nothing.
- Its rows, rejects, findings, sums, ledger line and log entry are committed together.
- Running it again after it is done changes nothing.
"""

import gc
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from audit.reading import reading
from audit.services import record
from audit.tree import leaf_hash, root_of
from clients.bulk import copy_rows
from clients.models import Client
from transfer.events import ImportEvent
from transfer.importing.batch import Batch, batch_of, cells_by_line, cells_of, digests_of_refused, rest_digest
from transfer.importing.clear import note_ages
from transfer.importing.delta import settle_delta
from transfer.importing.findings import findings_of
from transfer.importing.job import Job, open_job
from transfer.importing.papers import check_files
from transfer.importing.parse import Table, read_records, undefused
from transfer.importing.store import refuse_unknown_accounts, resolve_clients, store
from transfer.importing.validate import check
from transfer.models import ClientSum, Extract, Finding, ImportChunk, ImportKey, ImportRun, Reject
from vault.copying import Column, Same
from vault.files import read_slice
from vault.rows import Reading
from vault.tokens import source_digests, tokens

MOST_ATTEMPTS: Final = 3
_SUMMED: Final = {"accounts": "balance", "holdings": "market_value"}

_CLAIM: Final = """
UPDATE transfer_importchunk SET state = 'claimed', fence = fence + 1, attempts = attempts + 1,
       lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
 WHERE id = (SELECT chunk.id
               FROM transfer_importchunk chunk JOIN transfer_importrun run ON run.id = chunk.run_id
              WHERE chunk.run_id = %(run)s AND run.state = 'running' AND chunk.attempts < %(most)s
                AND (chunk.state = 'waiting'
                     OR (chunk.state = 'claimed' AND chunk.lease_until < clock_timestamp()))
              ORDER BY chunk.number LIMIT 1 FOR UPDATE OF chunk SKIP LOCKED)
RETURNING id, fence
"""


class LeaseLost(Exception):  # noqa: N818  it says what happened
    """Somebody else has claimed the work meanwhile; nothing of ours was committed."""


def claim_next(run_id: UUID) -> ImportChunk | None:
    """The first slice of the run that nobody works on, claimed for us; None when there is none."""
    with transaction.atomic(), connection.cursor() as cursor:
        facts: dict[str, Any] = {"run": run_id, "lease": settings.IMPORT_LEASE_SECONDS, "most": MOST_ATTEMPTS}
        cursor.execute(_CLAIM, facts)
        claimed = cursor.fetchone()
    return ImportChunk.objects.get(pk=claimed[0]) if claimed else None


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the cycle collector: a slice makes hundreds of thousands of objects and no cycles."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@uncollected()
@transaction.atomic
def work_on(chunk: ImportChunk) -> None:
    """The claimed slice is loaded (or looked at), whole.

    Raises:
        LeaseLost: another worker has claimed it meanwhile.
    """
    job = open_job(chunk)
    subjects = {job.file.pk, job.extract.file}
    purpose = "load_extract" if job.loads else "profile_extract"
    with reading(
        actor=job.run.asked_by_id, organisation=job.holder, purpose=purpose, subjects=subjects
    ) as right:
        data = read_slice(job.file, chunk.offset, chunk.length, right)
        table = read_records(
            data,
            encoding=job.encoding,
            first_line=chunk.first_line,
            width=len(job.columns),
            numbered=job.numbered,
        )
        if job.place("_line") >= 0:
            undefused(table)
        checked = check(
            table, job.columns, job.layout, widths=job.extract.widths, limit=settings.CELL_MAX_CHARACTERS
        )
        batch = batch_of(job, checked)
        if job.layout.kind == "clients":
            note_ages(job, batch)
        roots = _settle(job, batch, right)
    _note_rejects(job, table, batch)
    _note_health(job, batch)
    _mend(job, table, batch)
    totals = {heading: money(total) for heading, total in checked.sums.items()}
    _close(job, table.rows, len(batch), totals, roots)


def _settle(job: Job, batch: Batch, right: Reading) -> list[bytes]:
    """What depends on what is loaded already; on a load the rows are written."""
    if job.layout.kind != "clients" and (job.loads or Client.objects.filter(book=job.book).exists()):
        resolve_clients(job, batch)
    if job.loads:
        refuse_unknown_accounts(job, batch)
    if job.layout.kind == "documents":
        check_files(job, batch, right)
    if not job.loads:
        return []
    return settle_delta(job, batch) if job.is_delta else store(job, batch)


def _note_rejects(job: Job, table: Table, batch: Batch) -> None:
    places = cells_by_line(table)
    faults = sorted(batch.faults, key=lambda fault: fault.line)
    digests = [digests_of_refused(job, cells_of(table, places, fault.line), fault) for fault in faults]
    _copy(
        Reject,
        {
            "run_id": Same(job.run.pk),
            "chunk_id": Same(job.chunk.pk),
            "line": [fault.line for fault in faults],
            "column": [job.heading(fault.place)[:80] for fault in faults],
            "code": [fault.code for fault in faults],
            "source_digest": [source for source, _ in digests],
            "rest_digest": [rest for _, rest in digests],
            "decision": Same(Reject.Decision.OPEN.value),
            "reason": Same(""),
        },
        len(faults),
    )


def _note_health(job: Job, batch: Batch) -> None:
    found = findings_of(job.layout.kind, batch.values, len(batch), job.as_of)
    found += [("minor", row) for row, young in enumerate(batch.extras.get("is_minor", ())) if young]
    clients = batch.extras.get("client_id")
    _copy(
        Finding,
        {
            "run_id": Same(job.run.pk),
            "code": [code for code, _ in found],
            "line": [batch.lines[row] for _, row in found],
            "client_id": [clients[row] for _, row in found] if clients else Same(None),
            "client_digest": [batch.client_digests[row] for _, row in found],
        },
        len(found),
    )
    keys = list(_keys(job, batch))
    _copy(
        ImportKey,
        {
            "run_id": Same(job.run.pk),
            "kind": [kind for kind, _, _ in keys],
            "token": [token for _, token, _ in keys],
            "line": [batch.lines[row] for _, _, row in keys],
            "client_digest": [batch.client_digests[row] for _, _, row in keys],
        },
        len(keys),
    )
    _note_sums(job, batch)


def _keys(job: Job, batch: Batch) -> list[tuple[str, int, int]]:
    """(kind, token, row): by what the end of the run finds what more than one line shows."""
    keys: list[tuple[str, int, int]] = []
    values, kind = batch.values, job.layout.kind
    if not job.loads or job.is_delta:
        keys += [("key", _whole(digest), row) for row, digest in enumerate(batch.digests)]
    if kind == "clients" and not job.loads and "id_number" in values:
        numbers = values["id_number"]
        pairs = [f"{type_}|{number}" for type_, number in zip(values["id_type"], numbers, strict=True)]
        for row, (pair, token) in enumerate(
            zip(source_digests(job.book, "pair", pairs), tokens("id_number", numbers), strict=True)
        ):
            if token is not None:
                keys.append(("pair", _whole(pair), row))
                keys.append(("id15" if len(numbers[row]) == 15 else "id", token, row))
    if kind == "accounts" and "bank" in values:
        banks = source_digests(job.book, "bank", values["bank"])
        keys += [("bank", _whole(bank), row) for row, bank in enumerate(banks) if values["bank"][row]]
    if kind == "relations" and not job.loads:
        keys += [
            ("guardian", 0, row) for row, relation in enumerate(values["relation"]) if relation == "guardian"
        ]
    return keys


def _whole(digest: bytes) -> int:
    return int.from_bytes(digest[:8], "big", signed=True)


def _note_sums(job: Job, batch: Batch) -> None:
    amounts = batch.values.get(_SUMMED.get(job.layout.kind, ""))
    if not amounts:
        return
    sums: dict[tuple[bytes, str], Decimal] = defaultdict(Decimal)
    for digest, currency, amount in zip(batch.client_digests, batch.values["currency"], amounts, strict=True):
        if amount:
            sums[digest, currency] += amount
    _copy(
        ClientSum,
        {
            "run_id": Same(job.run.pk),
            "line": Same(job.chunk.first_line),
            "client_digest": [digest for digest, _ in sums],
            "currency": [currency for _, currency in sums],
            "amount": list(sums.values()),
        },
        len(sums),
    )


def _mend(job: Job, table: Table, batch: Batch) -> None:
    """Rejects that these accepted lines answer are mended.

    A line answers a reject of the same source key; one that equals it in all cells but the refused one; or,
    where the reject has no key, the one whose number it carries.
    """
    if not job.loads or job.extract.purpose != Extract.Purpose.MENDED or not len(batch):
        return
    waiting = Reject.objects.filter(
        decision=Reject.Decision.OPEN,
        run__extract__transfer=job.extract.transfer_id,
        run__extract__side=job.holder,
        run__extract__kind=job.layout.kind,
        run__mode=ImportRun.Mode.LOAD,
    ).exclude(run=job.run)
    found = set(
        waiting.filter(source_digest__in=batch.digests)
        .exclude(code="duplicate_key")
        .values_list("pk", flat=True)
    )
    places = cells_by_line(table)
    cells = [cells_of(table, places, line) for line in batch.lines]
    for column in set(waiting.exclude(rest_digest=None).values_list("column", flat=True)):
        place = next((at for at, known in enumerate(job.columns) if known.heading == column), -1)
        rests = [rest_digest(job, line, place) for line in cells]
        found |= set(waiting.filter(column=column, rest_digest__in=rests).values_list("pk", flat=True))
    number = job.place("_line")
    if number >= 0:
        lines = [int(line[number]) for line in cells if line[number].isdigit()]
        keyless = waiting.filter(line__in=lines, run__extract__purpose=Extract.Purpose.FULL)
        found |= set(keyless.filter(source_digest=None).values_list("pk", flat=True))
    Reject.objects.filter(pk__in=found).update(
        decision=Reject.Decision.MENDED, decided_by=job.run.asked_by_id, decided_at=timezone.now()
    )


def _close(job: Job, rows: int, accepted: int, totals: dict[str, str], digests: list[bytes]) -> None:
    """The ledger line is written, if the lease is still ours, and the log knows what was loaded."""
    root = root_of(leaf_hash(digest) for digest in digests) if digests else None
    changed = ImportChunk.objects.filter(
        pk=job.chunk.pk,
        fence=job.chunk.fence,
        state=ImportChunk.State.CLAIMED,
        run__state=ImportRun.State.RUNNING,
    ).update(
        state=ImportChunk.State.DONE,
        rows=rows,
        accepted=accepted,
        rejected=rows - accepted,
        totals=totals,
        rows_root=root,
        lease_until=None,
        problem="",
    )
    if not changed:
        raise LeaseLost
    facts: dict[str, object] = {"rows_root": root} if root else {}
    record(
        ImportEvent.CHUNK_LOADED if job.loads else ImportEvent.CHUNK_PROFILED,
        actor=job.run.asked_by_id,
        subject=job.run,
        organisation=job.holder,
        kind=job.layout.kind,
        number=job.chunk.number,
        rows=rows,
        accepted=accepted,
        **facts,
    )


def money(total: Decimal) -> str:
    """A total as control files write it: two decimals, more only where there are more."""
    exact = total.quantize(Decimal("0.01"))
    return format(exact if exact == total else total.normalize(), "f")


def _copy(model: Any, columns: dict[str, Column], count: int) -> None:
    with connection.cursor() as cursor:
        copy_rows(cursor, model, columns, count)
