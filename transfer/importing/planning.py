"""Before anything is loaded: the slices of a run, and for sheets and archives the text they are cut from."""

import csv
import io
import uuid
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import connection, transaction

from audit.errors import Refused
from audit.reading import reading
from audit.services import record
from clients.fields import LAYOUTS
from continuity.keeping import kept
from transfer.events import ImportEvent
from transfer.importing.archive import index_name, open_archive, read_member
from transfer.importing.plan import cut
from transfer.importing.recognise import ARCHIVE, CSV, columns_of
from transfer.importing.sealed_io import seekable
from transfer.importing.sheets import as_csv, first_sheet, formula_cells, heading_row
from transfer.models import Extract, ImportChunk, ImportRun
from vault.files import open_file, seal_stream
from vault.models import FilePurpose, SealedFile
from vault.rows import Reading

# A document costs a file of its own, so fewer of them make a slice.
_DOCUMENTS_PER_SLICE: Final = 64

_CLAIM: Final = """
UPDATE transfer_importrun
   SET fence = fence + 1, lease_until = clock_timestamp() + make_interval(secs => %s)
 WHERE id = %s AND state = 'planning' AND (lease_until IS NULL OR lease_until < clock_timestamp())
RETURNING fence
"""


def plan(run_id: uuid.UUID) -> None:
    """The run has its slices and is running, or is refused with the reason; done once however often asked."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CLAIM, [settings.IMPORT_LEASE_SECONDS, run_id])
        claimed = cursor.fetchone()
    if claimed is None:
        return
    run = ImportRun.objects.select_related("extract").get(pk=run_id)
    mine = ImportRun.objects.filter(pk=run_id, fence=claimed[0], state=ImportRun.State.PLANNING)
    try:
        with kept(mine, timedelta(seconds=settings.IMPORT_LEASE_SECONDS)), transaction.atomic():
            _plan(run)
    except Refused as refusal:
        _refuse(run, refusal)


def _plan(run: ImportRun) -> None:
    extract = run.extract
    file = SealedFile.objects.get(pk=extract.file)
    subjects = {file.pk} | ({extract.reading_file} if extract.reading_file else set())
    with reading(
        actor=run.asked_by_id, organisation=extract.side_id, purpose="plan_import", subjects=subjects
    ) as right:
        if extract.format != CSV and extract.reading_file is None:
            made = _readable(extract, file, right)
            extract.reading_file = made.pk
            extract.save(update_fields=["reading_file"])
            blocks: Iterable[bytes] = _made_blocks(run, made)
        else:
            blocks = open_file(SealedFile.objects.get(pk=extract.reading_file or file.pk), right)
        size = settings.IMPORT_CHUNK_BYTES // (_DOCUMENTS_PER_SLICE if extract.format == ARCHIVE else 1)
        slices = list(cut(blocks, max(size, 1), numbered=extract.reading_file is not None))
    if not slices:
        raise Refused("file.empty")
    ImportChunk.objects.bulk_create(
        ImportChunk(run=run, number=number, offset=at.offset, length=at.length, first_line=at.first_line)
        for number, at in enumerate(slices, 1)
    )
    changed = ImportRun.objects.filter(pk=run.pk, state=ImportRun.State.PLANNING, fence=run.fence).update(
        state=ImportRun.State.RUNNING, chunks_total=len(slices), lease_until=None
    )
    if changed:
        record(
            ImportEvent.RUN_PLANNED,
            actor=run.asked_by_id,
            subject=run,
            organisation=extract.side_id,
            count=len(slices),
        )
    else:
        transaction.set_rollback(True)


def _made_blocks(run: ImportRun, made: SealedFile) -> Iterator[bytes]:
    with reading(
        actor=run.asked_by_id, organisation=made.holder, purpose="plan_import", subjects=[made.pk]
    ) as right:
        yield from open_file(made, right)


def _refuse(run: ImportRun, refusal: Refused) -> None:
    with transaction.atomic():
        changed = ImportRun.objects.filter(pk=run.pk, state=ImportRun.State.PLANNING, fence=run.fence).update(
            state=ImportRun.State.REFUSED,
            refusal_code=refusal.code,
            refusal_params={name: str(value) for name, value in refusal.params.items()},
            lease_until=None,
        )
        if changed:
            record(
                ImportEvent.RUN_REFUSED,
                actor=run.asked_by_id,
                subject=run,
                organisation=run.extract.side_id,
                code=refusal.code,
            )


def _readable(extract: Extract, file: SealedFile, right: Reading) -> SealedFile:
    """A sealed UTF-8 CSV of the extract with the source's row numbers in a hidden first column."""
    pieces = (
        _index_rows(extract, file, right) if extract.format == ARCHIVE else _sheet_rows(extract, file, right)
    )
    return seal_stream(pieces, holder=extract.side_id, purpose=FilePurpose.EXTRACT, name="reading.csv")


def _sheet_rows(extract: Extract, file: SealedFile, right: Reading) -> Iterator[bytes]:
    with seekable(file, right) as handle:
        with open_archive(handle) as archive:
            formulas = formula_cells(archive)
        handle.seek(0)
        rows = first_sheet(handle)
        heading_row(rows)
        yield from as_csv(rows, columns_of(extract.kind, extract.header), LAYOUTS[extract.kind], formulas)


def _index_rows(extract: Extract, file: SealedFile, right: Reading) -> Iterator[bytes]:
    with seekable(file, right) as handle, open_archive(handle) as archive:
        data = read_member(archive, index_name(archive)) or b""
    text = data.decode(extract.encoding)
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    reader = csv.reader(io.StringIO(text, newline="\n"))
    before = 0
    for row in reader:
        line, before = before + 1, reader.line_num
        if row:
            writer.writerow(["row" if line == 1 else line, *row])
    yield buffer.getvalue().encode()
