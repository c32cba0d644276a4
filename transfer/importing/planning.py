"""Before anything is loaded: the slices of a run, and for foreign formats the text they are cut from."""

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
from transfer.importing.foreign import all_records
from transfer.importing.how import ARCHIVE, how_of, is_cut_directly
from transfer.importing.plan import cut
from transfer.importing.readable import as_csv
from transfer.importing.recognise import columns_of
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
        if extract.reading_file is None and not _reads_itself(extract):
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


def _reads_itself(extract: Extract) -> bool:
    return is_cut_directly(extract.format, extract.encoding, how_of(extract.how))


def _readable(extract: Extract, file: SealedFile, right: Reading) -> SealedFile:
    """A sealed UTF-8 CSV of the extract with the source's row numbers in a hidden first column."""
    how = how_of(extract.how)
    records = all_records(
        file, right, file_format=extract.format, encoding=extract.encoding, delimiter=how.delimiter
    )
    columns = columns_of(extract.kind, extract.header, how.fields)
    pieces = as_csv(records, columns, LAYOUTS[extract.kind], how, encoding=extract.encoding)
    return seal_stream(pieces, holder=extract.side_id, purpose=FilePurpose.EXTRACT, name="reading.csv")
