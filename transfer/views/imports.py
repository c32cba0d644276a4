"""The list of files and runs, and handing a file in."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from access.policies import may, permission_required
from access.refusals import told
from audit.errors import Refused
from transfer.forms.imports import DeclareForm, ExtractForm, TotalsForm
from transfer.models import Extract, ImportRun, Reject, Transfer
from transfer.services.extracts import declare_totals
from transfer.services.imports import declared_differences
from transfer.services.intake import take_in
from transfer.services.mappings import proposals_for
from transfer.services.policies import declare_field
from transfer.views.data import KIND_ORDER, extracts_of, figure
from transfer.views.frame import find_open_transfer, person, show
from transfer.views.mappings import FOREIGN
from vault.models import FilePurpose, SealedFile


@require_GET
@never_cache
@permission_required("transfer.view_import")
def overview(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Every file with what was declared and found, what is open, and whose move it is."""
    transfer = find_open_transfer(request, pk)
    user = person(request)
    files = sorted(
        extracts_of(transfer, user), key=lambda file: (KIND_ORDER.index(file.kind), file.uploaded_at)
    )
    newest = _newest_runs(files)
    counts = _open_rejects(newest)
    may_load = may(user, "transfer.load_extract", transfer)
    table = {
        "id": "extracts",
        "caption": _("Files and their runs"),
        "columns": _columns(),
        "rows": [_row(file, newest.get(file.pk, {}), counts) for file in files],
        "empty": _empty(transfer, may_load=may_load),
    }
    context = {
        "table": table,
        "sentence": _sentence(files, newest, counts),
        "may_load": may_load,
        "totals_form": TotalsForm(),
        "move": _move(transfer, files, newest, counts),
    }
    return show(request, "transfer/imports.html", transfer, **context)


def _newest_runs(files: list[Extract]) -> dict[UUID, dict[str, ImportRun]]:
    """Per file and mode the newest run."""
    found: dict[UUID, dict[str, ImportRun]] = {}
    for run in ImportRun.objects.filter(extract__in=files).select_related("extract").order_by("asked_at"):
        found.setdefault(run.extract_id, {})[run.mode] = run
    return found


def _open_rejects(newest: dict[UUID, dict[str, ImportRun]]) -> dict[UUID, int]:
    loads = [runs["load"] for runs in newest.values() if "load" in runs]
    rows = (
        Reject.objects.filter(run__in=loads)
        .values("run")
        .annotate(open=Count("id", filter=Q(decision="open")))
    )
    return {row["run"]: row["open"] for row in rows}


def _columns() -> list[dict[str, Any]]:
    return [
        {"title": _("File")},
        {"title": _("Dry run")},
        {"title": _("Load")},
        {"title": _("Rows declared"), "number": True},
        {"title": _("Rows found"), "number": True},
        {"title": _("Compared")},
        {"title": _("Open rejects"), "number": True},
        {"title": _("Handed in")},
    ]


def _row(file: Extract, runs: dict[str, ImportRun], counts: dict[UUID, int]) -> list[object]:
    load, look = runs.get("load"), runs.get("profile")
    done = load if load and load.state == "done" else look if look and look.state == "done" else None
    open_rejects: object = counts.get(load.pk, 0) if load else None
    if load and open_rejects:
        open_rejects = {"value": open_rejects, "url": _url("transfer-rejects", file, load) + "?decision=open"}
    return [
        {"value": _name(file), "url": reverse("transfer-extract", args=[file.transfer_id, file.pk])},
        _state(file, look),
        _state(file, load),
        file.declared_rows,
        done.rows if done else None,
        _compared(file, done),
        open_rejects,
        file.uploaded_at,
    ]


def _name(file: Extract) -> str:
    """What the file holds and, unless it is the full extract, what it is for."""
    kind = file.get_kind_display()
    return kind if file.purpose == Extract.Purpose.FULL else f"{kind} · {file.get_purpose_display()}"


def _url(name: str, file: Extract, run: ImportRun) -> str:
    return reverse(name, args=[file.transfer_id, run.pk])


def _state(file: Extract, run: ImportRun | None) -> object:
    return {"kind": "state", "value": run.state, "url": _url("transfer-import-run", file, run)} if run else ""


def _compared(file: Extract, done: ImportRun | None) -> object:
    if done is None or file.declared_rows is None:
        return ""
    differs = declared_differences(done)
    return {
        "kind": "state",
        "value": "unmet" if differs else "met",
        "word": _("differ") if differs else _("equal"),
    }


def _sentence(files: list[Extract], newest: dict[UUID, dict[str, ImportRun]], counts: dict[UUID, int]) -> str:
    loads = [runs["load"] for runs in newest.values() if "load" in runs and runs["load"].state == "done"]
    words: dict[str, object] = {
        "files": len(files),
        "loaded": len(loads),
        "rows": figure(sum(run.rows for run in loads)),
        "accepted": figure(sum(run.accepted for run in loads)),
        "open": figure(sum(counts.values())),
    }
    if not loads:
        return (
            ngettext(
                "%(files)d file is handed in; none is loaded yet.",
                "%(files)d files are handed in; none is loaded yet.",
                len(files),
            )
            % words
        )
    return (
        _(
            "%(files)d files are handed in, %(loaded)d loaded: %(accepted)s of %(rows)s lines accepted, "
            "%(open)s rejected lines open."
        )
        % words
    )


def _move(
    transfer: Transfer,
    files: list[Extract],
    newest: dict[UUID, dict[str, ImportRun]],
    counts: dict[UUID, int],
) -> dict[str, Any] | None:
    waiting = [file for file in files if "load" not in newest.get(file.pk, {})]
    open_rejects = sum(counts.values())
    if not waiting and not open_rejects:
        return None
    words = {"organisation": transfer.transferor.name, "files": len(waiting), "lines": open_rejects}
    if waiting:
        who = (
            ngettext(
                "%(organisation)s loads %(files)d file (data steward or transfer manager)",
                "%(organisation)s loads %(files)d files (data steward or transfer manager)",
                len(waiting),
            )
            % words
        )
    else:
        who = (
            ngettext(
                "%(organisation)s mends or leaves out %(lines)d line (data steward or transfer manager)",
                "%(organisation)s mends or leaves out %(lines)d lines (data steward or transfer manager)",
                open_rejects,
            )
            % words
        )
    return {"who": who, "since": max(file.uploaded_at for file in files)}


def _empty(transfer: Transfer, *, may_load: bool) -> dict[str, Any]:
    empty: dict[str, Any] = {
        "title": _("No file is handed in yet"),
        "what": _(
            "Here stand the files of the source system: what was declared, what was found, what was refused."
        ),
        "why": _("Hand the clients in first; everything else refers to them."),
        "icon": "upload",
    }
    if may_load:
        empty["act"] = {
            "title": _("Hand in a file"),
            "url": reverse("transfer-import-upload", args=[transfer.pk]),
        }
    return empty


@require_http_methods(["GET", "POST"])
@never_cache
@permission_required("transfer.load_extract")
def upload(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A file is handed in and recognised; nothing is loaded yet."""
    transfer = find_open_transfer(request, pk)
    form = ExtractForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        words = form.cleaned_data
        return _receive(
            request,
            transfer,
            words["file"].sealed_file,
            form,
            purpose=words["purpose"],
            kind=words["kind"] or None,
        )
    return show(request, "transfer/import_upload.html", transfer, form=form)


@require_POST
@never_cache
@permission_required("transfer.load_extract")
def declare(request: HttpRequest, pk: UUID) -> HttpResponse:
    """An unknown heading is declared as never stored, and the file that waited is received."""
    transfer = find_open_transfer(request, pk)
    user = person(request)
    form = DeclareForm(request.POST)
    if not form.is_valid():
        return show(request, "transfer/import_upload.html", transfer, form=ExtractForm(), declare=form)
    words = form.cleaned_data
    waiting = SealedFile.objects.filter(holder=user.organisation_id, purpose=FilePurpose.UPLOAD)
    file = get_object_or_404(waiting, pk=words["upload"])
    try:
        declare_field(transfer=transfer, kind=words["kind"], source_field=words["field"], by=user)
    except Refused as refusal:
        form.add_error(None, told(request, refusal))
        return show(request, "transfer/import_upload.html", transfer, form=ExtractForm(), declare=form)
    return _receive(request, transfer, file, ExtractForm(), purpose=words["purpose"], kind=words["kind"])


def _receive(
    request: HttpRequest, transfer: Transfer, file: SealedFile, form: Form, *, purpose: str, kind: str | None
) -> HttpResponse:
    try:
        extract = take_in(transfer=transfer, file=file, by=person(request), purpose=purpose, kind=kind)
    except Refused as refusal:
        context: dict[str, Any] = {"refusal": None if form.is_bound else told(request, refusal)}
        if form.is_bound:
            form.add_error("file", told(request, refusal))
        if refusal.code == "file.unknown_field":
            context["unknown"] = refusal.params["field"]
            context["declare"] = DeclareForm(
                initial={
                    "kind": kind,
                    "field": refusal.params["field"],
                    "upload": file.pk,
                    "purpose": purpose,
                }
            )
        context |= _foreign(request, transfer, file, refusal, purpose)
        return show(request, "transfer/import_upload.html", transfer, form=form, **context)
    messages.success(
        request, _("The file is recognised. Check what each column means and what becomes of it.")
    )
    return redirect("transfer-extract", pk=transfer.pk, extract=extract.pk)


def _foreign(
    request: HttpRequest, transfer: Transfer, file: SealedFile, refusal: Refused, purpose: str
) -> dict[str, Any]:
    """The way on for a file of a foreign layout: saved mappings that fit it, or declaring one."""
    if refusal.code not in FOREIGN:
        return {}
    user = person(request)
    fitting = proposals_for(transfer=transfer, sealed_file=file, by=user)
    return {
        "foreign": file.pk,
        "foreign_purpose": purpose,
        "proposals": fitting,
        "may_map": may(user, "transfer.set_policy", transfer),
    }


@require_http_methods(["GET", "POST"])
@never_cache
@permission_required("transfer.load_extract")
def totals(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The declared counts and totals stand beside the found ones from now on."""
    transfer = find_open_transfer(request, pk)
    form = TotalsForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            declared = declare_totals(
                transfer=transfer, sealed_file=form.cleaned_data["file"].sealed_file, by=person(request)
            )
        except Refused as refusal:
            form.add_error("file", told(request, refusal))
        else:
            messages.success(
                request,
                ngettext(
                    "Declared totals are known for %(count)d file.",
                    "Declared totals are known for %(count)d files.",
                    len(declared),
                )
                % {"count": len(declared)},
            )
            return redirect("transfer-imports", pk=pk)
    return show(request, "transfer/import_totals.html", transfer, form=form)
