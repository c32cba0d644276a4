"""A few lines of a sealed extract, masked, for people who look at them; each look is a recorded reading.

Invariants:
- Cells are masked here, before they leave; a cell that was refused shows less than one that was accepted,
  for it may hold what belongs into another column.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final
from uuid import UUID

from django.db import transaction

from access.models import User
from access.policies import require
from access.visibility import HIDDEN, FieldClass, field_class, mask
from audit.errors import Refused
from audit.reading import reading
from audit.services import record
from clients.fields import LAYOUTS
from intake.frames import Record
from transfer.events import ImportEvent
from transfer.importing.batch import cells_by_line, cells_of
from transfer.importing.how import How, is_cut_directly
from transfer.importing.job import open_job
from transfer.importing.parse import Table, read_records
from transfer.importing.readable import as_csv
from transfer.importing.recognise import Column, columns_of
from transfer.models import Extract, ImportChunk, ImportRun, Reject
from transfer.services.recognition import first_of, how_read
from transfer.services.rejects import leave_out, reject_file
from vault.files import read_slice
from vault.models import SealedFile
from vault.rows import Reading

_HEAD_BYTES: Final = 128 * 1024
_DAY: Final = re.compile(r"\d{4}[-/.]?\d{1,2}[-/.]?\d{1,2}", re.ASCII)


@dataclass(frozen=True)
class Line:
    """One line of a file with its cells masked, in the order of the columns."""

    number: int
    cells: list[str]


def _reading_name(kind: str, field: str) -> str:
    return f"{kind.removesuffix('s')}.{field}"


def masked_cell(kind: str, column: Column, value: str) -> str:
    """What may be seen of an accepted cell; of a column that is none of ours, nothing."""
    return mask(_reading_name(kind, column.field), value) if column.field else (HIDDEN if value else "")


def masked_refused_cell(kind: str, column: Column, value: str) -> str:
    """What may be seen of a refused cell: a date, or what its mask keeps, or its first character."""
    if not value or not column.field:
        return HIDDEN if value else ""
    if field_class(_reading_name(kind, column.field)) is not FieldClass.C1:
        return mask(_reading_name(kind, column.field), value)
    item = LAYOUTS[kind].by_name.get(column.field)
    if item is not None and item.parse in {"date", "expiry"} and _DAY.fullmatch(value):
        return value
    return value[0] + HIDDEN


def first_lines(*, extract: Extract, by: User, count: int = 10) -> list[Line]:
    """The first lines of an extract, masked.

    Raises:
        NotAllowed: ``by`` may not load extracts of this transfer, or is of another firm.
        Refused: the file cannot be read.
    """
    require(by, "transfer.load_extract", extract)
    _refuse_other_side(extract, by)
    columns = columns_of(extract.kind, extract.header, how_read(extract).fields)
    with reading(
        actor=by,
        organisation=extract.side_id,
        purpose="preview_extract",
        subjects=[extract.file],
        fields=["masked"],
    ) as right:
        table = _head(extract, columns, right)
        places = cells_by_line(table)
        found = islice(((line, cells_of(table, places, line)) for line in table.lines), count)
        return [Line(line, _masked(extract.kind, columns, cells)) for line, cells in found]


def _masked(kind: str, columns: Sequence[Column], cells: Sequence[str]) -> list[str]:
    return [masked_cell(kind, column, cell.strip()) for column, cell in zip(columns, cells, strict=False)]


def _refuse_other_side(extract: Extract, by: User) -> None:
    if by.organisation_id != extract.side_id:
        raise Refused("import.other_side")


def _head(extract: Extract, columns: list[Column], right: Reading) -> Table:
    file = SealedFile.objects.get(pk=extract.file)
    how = how_read(extract)
    if is_cut_directly(extract.format, extract.encoding, how):
        data = _whole_lines(read_slice(file, 0, _HEAD_BYTES, right), file.size)
        return _without_header(
            read_records(data, encoding=extract.encoding, first_line=1, width=len(columns))
        )
    records = first_of(extract, file, right, most=max(how.header_line, 1) + 40)
    return shaped(extract.kind, columns, how, records, encoding=extract.encoding)


def shaped(kind: str, columns: list[Column], how: How, records: list[Record], *, encoding: str) -> Table:
    """Records as the import would read them."""
    data = b"".join(as_csv(records, columns, LAYOUTS[kind], how, encoding=encoding))
    body = data.partition(b"\n")[2]
    return read_records(body, encoding="utf-8", first_line=2, width=len(columns), numbered=True)


def _whole_lines(data: bytes, size: int) -> bytes:
    """What was read, without the line that the reading broke off."""
    return data if len(data) >= size else data[: data.rfind(b"\n") + 1] or data


def _without_header(table: Table) -> Table:
    table.refused.pop(1, None)
    if table.lines and table.lines[0] == 1:
        table.lines = table.lines[1:]
        table.columns = [column[1:] for column in table.columns]
    return table


def masked_lines(
    *, run: ImportRun, lines: Collection[int], fields: Collection[str], by: User
) -> dict[int, dict[str, str]]:
    """Of each of these lines the masked cells of ``fields``; one recorded reading for all.

    Raises:
        NotAllowed: ``by`` may not see imports of this transfer.
        Refused: the file is another firm's.
    """
    require(by, "transfer.view_import", run.extract)
    _refuse_other_side(run.extract, by)
    if not lines:
        return {}
    with reading(
        actor=by,
        organisation=run.extract.side_id,
        purpose="show_findings",
        subjects=_subjects(run),
        fields=list(fields),
    ) as right:
        return {
            line: {
                column.field: masked_cell(run.extract.kind, column, cell.strip())
                for column, cell in zip(columns, cells, strict=False)
                if column.field in fields
            }
            for line, columns, cells in _lines(run, lines, right)
        }


def refused_cell(*, reject: Reject, by: User) -> str:
    """The cell for which a line was refused, masked; of a line refused as a whole, its number of cells.

    Raises:
        NotAllowed: ``by`` may not decide rejects of this transfer.
        Refused: the file is another firm's.
    """
    run = reject.run
    require(by, "transfer.decide_reject", run.extract)
    _refuse_other_side(run.extract, by)
    with reading(
        actor=by,
        organisation=run.extract.side_id,
        purpose="show_reject",
        subjects=_subjects(run),
        fields=["masked"],
    ) as right:
        for _line, columns, cells in _lines(run, [reject.line], right):
            for column, cell in zip(columns, cells, strict=False):
                if column.heading == reject.column:
                    return masked_refused_cell(run.extract.kind, column, cell.strip())
            return f"{len(cells)} / {len(columns)}"
    return HIDDEN


def _subjects(run: ImportRun) -> list[UUID]:
    """The sealed files a run reads."""
    files = (run.extract.file, run.extract.reading_file)
    return [file for file in files if file is not None]


def _lines(
    run: ImportRun, lines: Collection[int], right: Reading
) -> Iterator[tuple[int, list[Column], list[str]]]:
    """Each wanted line with its columns and cells, opening only the slices that hold one."""
    wanted = sorted(set(lines))
    chunks = list(ImportChunk.objects.filter(run=run).order_by("number"))
    ends = [chunk.first_line for chunk in chunks[1:]] + [2**62]
    for chunk, end in zip(chunks, ends, strict=True):
        here = [line for line in wanted if chunk.first_line <= line < end]
        if not here:
            continue
        job = open_job(chunk)
        table = read_records(
            read_slice(job.file, chunk.offset, chunk.length, right),
            encoding=job.encoding,
            first_line=chunk.first_line,
            width=len(job.columns),
            numbered=job.numbered,
        )
        places = cells_by_line(table)
        for line in here:
            if line in places or line in table.refused:
                yield line, job.columns, cells_of(table, places, line)


@transaction.atomic
def export_rejects(*, run: ImportRun, by: User, language: str) -> Iterator[bytes]:
    """The file of open rejects, in the clear, to be mended; that it leaves is recorded first.

    Raises:
        NotAllowed: ``by`` may not decide rejects of this transfer.
        Refused: the file is another firm's, or nothing is open.
    """
    require(by, "transfer.decide_reject", run.extract)
    _refuse_other_side(run.extract, by)
    count = Reject.objects.filter(run=run, decision=Reject.Decision.OPEN).count()
    if not count:
        raise Refused("import.no_open_rejects")
    record(
        ImportEvent.REJECTS_DOWNLOADED, actor=by, subject=run, organisation=run.extract.side_id, count=count
    )
    with reading(
        actor=by,
        organisation=run.extract.side_id,
        purpose="export_rejects",
        subjects=_subjects(run),
        fields=["all"],
    ) as right:
        return reject_file(run=run, reading=right, language=language)


@transaction.atomic
def leave_out_all(*, run: ImportRun, code: str, reason: str, by: User) -> int:
    """Every open line of the run with this code stays out, for this reason; returns how many.

    Raises:
        NotAllowed, Refused: as ``leave_out``.
    """
    rejects = list(Reject.objects.filter(run=run, code=code, decision=Reject.Decision.OPEN).order_by("line"))
    if not rejects:
        raise Refused("import.no_open_rejects")
    for reject in rejects:
        leave_out(reject=reject, reason=reason, by=by)
    return len(rejects)
