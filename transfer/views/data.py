"""Finding what the pages of a transfer's data show: extracts and runs within the reader's sight.

Invariants:
- The transferor's files are shown, as figures, to everybody with sight; the transferee's own files, which
  serve the matching only, to the transferee alone.
- What must be opened (samples, cells, lines) is opened by people of the file's own side only.
"""

from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from access.models import User
from access.policies import may
from transfer.models import Extract, ImportRun, Transfer
from transfer.views.frame import find_open_transfer, person

KIND_ORDER = list(Extract.Kind.values)

FORMATS: dict[str, str | Promise] = {
    "csv": _("text with separators (CSV)"),
    "xlsx": _("workbook (XLSX)"),
    "xls": _("old workbook (XLS)"),
    "dbf": _("dBase table (DBF)"),
    "dbf.zip": _("dBase table with its memo (DBF in ZIP)"),
    "jsonl": _("JSON Lines"),
    "zip": _("archive of documents (ZIP)"),
}


def figure(count: int) -> str:
    """A count for a sentence, grouped by three."""
    return number_format(count, force_grouping=True)


def extracts_of(transfer: Transfer, user: User) -> QuerySet[Extract]:
    """The files the person may know of, in the order they are loaded."""
    sides = [transfer.transferor_id, user.organisation_id]
    return Extract.objects.filter(transfer=transfer, side__in=sides).select_related(
        "side", "uploaded_by", "transfer"
    )


def find_extract(request: HttpRequest, pk: UUID, extract: UUID) -> Extract:
    """One file of the transfer, or 404."""
    transfer = find_open_transfer(request, pk)
    return get_object_or_404(extracts_of(transfer, person(request)), pk=extract)


def find_run(request: HttpRequest, pk: UUID, run: UUID) -> ImportRun:
    """One run of one of those files, or 404."""
    transfer = find_open_transfer(request, pk)
    within = ImportRun.objects.filter(extract__in=extracts_of(transfer, person(request)))
    return get_object_or_404(within.select_related("extract__transfer", "extract__side", "asked_by"), pk=run)


def works_on(user: User, extract: Extract) -> bool:
    """True when the person loads files of this side."""
    return user.organisation_id == extract.side_id and may(user, "transfer.load_extract", extract)


def decides_rejects(user: User, extract: Extract) -> bool:
    """True when the person decides about refused lines of this side."""
    return user.organisation_id == extract.side_id and may(user, "transfer.decide_reject", extract)
