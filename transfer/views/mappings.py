"""Declaring what the columns of a foreign file mean, with its first lines masked as they would be read."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from access.policies import permission_required
from access.refusals import told
from audit.errors import Refused
from transfer.forms.mappings import ColumnsForm, LayoutForm
from transfer.models import ExtractMapping, Transfer
from transfer.services.intake import take_in
from transfer.services.mappings import Beginning, Wanted, declare_mapping, look_at_foreign, refuse_incomplete
from transfer.views.frame import find_open_transfer, person, show
from vault.models import FilePurpose, SealedFile

#: Refusals after which a file may still be read once somebody has said what its columns mean.
FOREIGN = frozenset(
    {
        "file.unknown_field",
        "file.header_missing",
        "file.duplicate_header",
        "file.header_too_long",
        "file.code_page",
        "file.encoding",
        "file.truncated",
    }
)


@require_http_methods(["GET", "POST"])
@never_cache
@permission_required("transfer.set_policy")
def declare(request: HttpRequest, pk: UUID, upload: UUID) -> HttpResponse:
    """The file that waits, its headings with a decision each, and its first lines under these decisions."""
    transfer = find_open_transfer(request, pk)
    file = waiting_file(request, upload)
    first = {"kind": "clients", "purpose": request.GET.get("purpose", "full")}
    layout = LayoutForm(request.POST or None, initial=first)
    if request.method == "POST" and not layout.is_valid():
        return show(request, "transfer/mapping.html", transfer, form=layout, upload=upload)
    return _looked_at(request, transfer, file, layout)


def _looked_at(
    request: HttpRequest, transfer: Transfer, file: SealedFile, layout: LayoutForm
) -> HttpResponse:
    words = layout.cleaned_data if layout.is_bound else {"kind": "clients"}
    context: dict[str, Any] = {"form": layout, "upload": file.pk}
    try:
        bare = _look(request, transfer, file, layout, words)
    except Refused as refusal:
        return show(request, "transfer/mapping.html", transfer, refusal=told(request, refusal), **context)
    is_same = layout.is_bound and request.POST.get("seen") == _signature(bare, words["kind"])
    columns = ColumnsForm(
        request.POST if is_same else None, kind=words["kind"], headings=bare.headings, decided=bare.guesses
    )
    if request.POST.get("act") == "save" and is_same:
        answer = _save(request, transfer, file, layout, columns, bare)
        if isinstance(answer, HttpResponse):
            return answer
        context["refusal"] = answer
    seen = _look(request, transfer, file, layout, words, columns)
    context |= {
        "columns": columns,
        "found": seen,
        "seen": _signature(bare, words["kind"]),
        "choices": [(columns[f"c{place}"], columns[f"r{place}"]) for place in range(len(bare.headings))],
        "constants": [columns[name] for name in columns.fields if name.startswith("k_")],
        "open": _still_open(columns, layout, bare, words["kind"]),
        "preview": _preview(seen, columns),
    }
    return show(request, "transfer/mapping.html", transfer, **context)


def _signature(found: Beginning, kind: str) -> str:
    """By this a sent form is known to be about these headings."""
    return f"{kind}:{found.header_line}:{found.delimiter!r}:{len(found.headings)}"


def _look(
    request: HttpRequest,
    transfer: Transfer,
    file: SealedFile,
    layout: LayoutForm,
    words: dict[str, Any],
    columns: ColumnsForm | None = None,
) -> Beginning:
    wanted = Wanted(
        kind=words["kind"],
        encoding=words.get("encoding", ""),
        delimiter=layout.separator() if layout.is_bound else "",
        header_line=words.get("header_line"),
        footer_lines=words.get("footer_lines") or 0,
        fields=columns.decisions() if columns else (),
        constants=columns.constants() if columns else {},
        rules=columns.rules() if columns else {},
    )
    return look_at_foreign(transfer=transfer, sealed_file=file, wanted=wanted, by=person(request))


def _still_open(columns: ColumnsForm, layout: LayoutForm, found: Beginning, kind: str) -> str:
    """The first thing that is not decided yet, in words; empty when the mapping is whole."""
    if not layout.is_bound:
        return ""
    declared = columns.declaration(layout, found.header_line, found.delimiter)
    try:
        refuse_incomplete(found.headings, declared)
    except Refused as refusal:
        return refusal.message
    return "" if kind == declared.kind else kind


def _preview(found: Beginning, columns: ColumnsForm) -> dict[str, Any]:
    layout = columns.constants()
    headings = found.headings + list(layout)
    return {
        "caption": _("The first lines, masked, as they would be read"),
        "columns": [{"title": _("Line"), "number": True}, *({"title": heading} for heading in headings)],
        "rows": [
            [
                line.number,
                *({"kind": "masked", "value": cell} if "*" in cell else cell for cell in line.cells),
            ]
            for line in found.lines
        ],
    }


def _save(
    request: HttpRequest,
    transfer: Transfer,
    file: SealedFile,
    layout: LayoutForm,
    columns: ColumnsForm,
    found: Beginning,
) -> HttpResponse | str:
    user = person(request)
    try:
        mapping = declare_mapping(
            transfer=transfer,
            side=user.organisation,
            name=layout.cleaned_data["name"],
            headings=found.headings,
            declaration=columns.declaration(layout, found.header_line, found.delimiter),
            by=user,
        )
        extract = take_in(
            transfer=transfer, file=file, purpose=layout.cleaned_data["purpose"], mapping=mapping, by=user
        )
    except Refused as refusal:
        return told(request, refusal)
    messages.success(
        request, _("The mapping is saved and the file is handed in. Check what becomes of each column.")
    )
    return redirect("transfer-extract", pk=transfer.pk, extract=extract.pk)


@require_POST
@never_cache
@permission_required("transfer.load_extract")
def apply(request: HttpRequest, pk: UUID, upload: UUID) -> HttpResponse:
    """A mapping that was saved before is used for the file that waits."""
    transfer = find_open_transfer(request, pk)
    file = waiting_file(request, upload)
    user = person(request)
    try:
        mapping = ExtractMapping.objects.filter(side=user.organisation).get(
            pk=request.POST.get("mapping", "")
        )
    except (ExtractMapping.DoesNotExist, ValidationError, ValueError):
        return redirect("transfer-mapping", pk=pk, upload=upload)
    try:
        extract = take_in(
            transfer=transfer,
            file=file,
            purpose=request.POST.get("purpose", "full"),
            mapping=mapping,
            by=user,
        )
    except Refused as refusal:
        messages.error(request, told(request, refusal))
        return redirect("transfer-mapping", pk=pk, upload=upload)
    messages.success(
        request, _("The file is recognised. Check what each column means and what becomes of it.")
    )
    return redirect("transfer-extract", pk=pk, extract=extract.pk)


def waiting_file(request: HttpRequest, upload: UUID) -> SealedFile:
    """A file of the person's own firm that nothing has claimed yet, or 404."""
    waiting = SealedFile.objects.filter(holder=person(request).organisation_id, purpose=FilePurpose.UPLOAD)
    return get_object_or_404(waiting, pk=upload)
