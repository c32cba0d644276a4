"""Refused lines: the file in which they are mended, and the decision to leave one out."""

import csv
import io
import re
from collections.abc import Iterator
from typing import Final

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from access.models import User
from access.policies import require
from audit.errors import Refused
from audit.services import record
from clients.fields import LINE_HEADINGS
from transfer.events import ImportEvent
from transfer.importing.batch import cells_by_line, cells_of
from transfer.importing.job import Job, open_job
from transfer.importing.parse import read_records
from transfer.models import ImportChunk, ImportRun, Reject
from vault.files import read_slice
from vault.rows import Reading

REASONS: Final = {
    "required_missing": _("A required value is missing."),
    "id_checksum": _("The check character of the identity number is wrong."),
    "uscc_checksum": _("The check character of the unified social credit code is wrong."),
    "date_invalid": _("There is no such date."),
    "leading_zero_lost": _("The code is too short: zeros at its front were lost."),
    "duplicate_key": _("An earlier line has this key."),
    "unknown_client": _("The client of this line is not loaded."),
    "unknown_account": _("The client has no such account."),
    "value_unknown": _("The value is none of those this column may hold."),
    "number_invalid": _("This is not a number."),
    "scientific_notation": _("The code was turned into scientific notation by a spreadsheet."),
    "number_cell": _("The cell holds a number where text is needed: digits may be lost."),
    "formula_cell": _("The cell holds a formula; put its value in."),
    "ragged_row": _("The line has more or fewer cells than the header."),
    "control_character": _("The value holds a control character or one that changes the writing direction."),
    "too_long": _("The value is too long."),
    "document_missing": _("The archive holds no such file."),
    "document_digest": _("The file is not the one the index describes."),
}

_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")


def defused(cell: str) -> str:
    """A cell that no spreadsheet runs as a formula: an apostrophe in front where one could be."""
    return "'" + cell if _FORMULA.match(cell) else cell


def _reason(code: str) -> str:
    return str(REASONS.get(code, code))


def reject_file(*, run: ImportRun, reading: Reading, language: str = "zh-hans") -> Iterator[bytes]:
    """The open rejects of a run as CSV (UTF-8 with mark): line number, column and reason, then the
    extract's own columns. Mended, it loads again with the purpose "mended".

    ``reading`` must cover ``reject_subjects(run)``.
    """
    extract = run.extract
    own = [heading for heading in extract.header if heading not in LINE_HEADINGS]
    yield b"\xef\xbb\xbf" + _line([*LINE_HEADINGS, *map(defused, own)])
    rejects = Reject.objects.filter(run=run, decision=Reject.Decision.OPEN).order_by("line")
    waiting = {reject.line: reject for reject in rejects}
    chunks = ImportChunk.objects.filter(run=run).order_by("number")
    firsts = [*chunks.values_list("first_line", flat=True)[1:], 2**62]
    for chunk, end in zip(chunks, firsts, strict=True):
        lines = [line for line in waiting if chunk.first_line <= line < end]
        if lines:
            yield _slice(open_job(chunk), reading, [waiting[line] for line in lines], language)


def reject_subjects(run: ImportRun) -> list[object]:
    """The sealed files that ``reject_file`` reads."""
    return [file for file in (run.extract.file, run.extract.reading_file) if file is not None]


def _slice(job: Job, reading: Reading, rejects: list[Reject], language: str) -> bytes:
    data = read_slice(job.file, job.chunk.offset, job.chunk.length, reading)
    table = read_records(
        data,
        encoding=job.encoding,
        first_line=job.chunk.first_line,
        width=len(job.columns),
        numbered=job.numbered,
    )
    places = cells_by_line(table)
    own = [place for place, column in enumerate(job.columns) if column.heading not in LINE_HEADINGS]
    out = []
    with translation.override(language):
        for reject in rejects:
            cells = cells_of(table, places, reject.line)
            is_whole = len(cells) == len(job.columns)
            kept = [_shown(job, cells, place) for place in own] if is_whole else _of_ragged(job, cells)
            out.append(_line([str(reject.line), reject.column, _reason(reject.code), *map(defused, kept)]))
    return b"".join(out)


def _of_ragged(job: Job, cells: list[str]) -> list[str]:
    """Of a line whose columns cannot be told: where something is never stored, such as a password, it may stand
    in any cell, so all but the key are blanked; the line is mended from its source.
    """
    if not any(column.field in job.never or not column.field for column in job.columns):
        return cells
    keys = {job.place(name) for name in job.layout.key}
    return [cell if place in keys else "" for place, cell in enumerate(cells)]


def _shown(job: Job, cells: list[str], place: int) -> str:
    """A cell as the reject file gives it: empty where the field is never stored, such as a password."""
    field = job.columns[place].field
    return "" if not field or field in job.never else cells[place]


def _line(cells: list[str]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue().encode()


@transaction.atomic
def leave_out(*, reject: Reject, reason: str, by: User) -> Reject:
    """The line stays out for good, for this reason.

    Raises:
        NotAllowed: ``by`` may not decide rejects.
        Refused: no reason is given, or the line is decided already.
    """
    reject = Reject.objects.select_for_update().select_related("run__extract").get(pk=reject.pk)
    require(by, "transfer.decide_reject", reject.run.extract)
    if by.organisation_id != reject.run.extract.side_id:
        raise Refused("import.other_side")
    if not reason.strip():
        raise Refused("import.reason_missing")
    if reject.decision != Reject.Decision.OPEN:
        raise Refused("import.reject_decided")
    reject.decision = Reject.Decision.LEFT_OUT
    reject.reason, reject.decided_by, reject.decided_at = reason.strip()[:200], by, timezone.now()
    reject.save(update_fields=["decision", "reason", "decided_by", "decided_at"])
    record(
        ImportEvent.REJECT_LEFT_OUT,
        actor=by,
        subject=reject.run,
        organisation=reject.run.extract.side_id,
        line=reject.line,
        code=reject.code,
    )
    return reject
