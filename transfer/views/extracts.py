"""One file: what was recognised, what each column means and becomes, a sample, and starting a run."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from access.models import User
from access.policies import may, permission_required
from access.refusals import told
from access.visibility import field_class
from audit.errors import Refused
from clients.fields import LAYOUTS, LINE_HEADINGS
from clients.labels import label_of
from transfer.forms.imports import PolicyForm
from transfer.importing.recognise import Column, columns_of
from transfer.models import Extract, FieldPolicy, ImportRun, Transfer
from transfer.services.imports import start_run
from transfer.services.peek import Line, first_lines
from transfer.tasks.imports import plan_run
from transfer.views.data import FORMATS, find_extract, works_on
from transfer.views.frame import person, show


@require_GET
@never_cache
@permission_required("transfer.view_import")
def one_extract(request: HttpRequest, pk: UUID, extract: UUID) -> HttpResponse:
    """What we recognised, the mapping with its policies, and ten masked lines for the file's own people."""
    return extract_page(request, find_extract(request, pk, extract))


def extract_page(
    request: HttpRequest, file: Extract, *, form: PolicyForm | None = None, refusal: str | None = None
) -> HttpResponse:
    """The page of one file; with ``form`` or ``refusal`` after something was refused on it."""
    user = person(request)
    rows = policies_of(file)
    form = form or PolicyForm(rows=list(rows.values()))
    mine = works_on(user, file)
    sample, problem = _sample(file, user) if mine else ([], None)
    runs = list(ImportRun.objects.filter(extract=file).order_by("-asked_at"))
    begun = {run.mode for run in runs if run.state not in {ImportRun.State.REFUSED, ImportRun.State.STOPPED}}
    context = {
        "file": file,
        "form": form,
        "looked": ImportRun.Mode.PROFILE in begun,
        "loaded": ImportRun.Mode.LOAD in begun,
        "refusal": refusal,
        "facts": _facts(file),
        "mapping": mapping(file, rows, form),
        "unknown": [item["heading"] for item in mapping(file, rows, form) if item["unknown"]],
        "preview": preview_table(file, sample, _chosen(rows)) if sample else None,
        "sample_problem": problem,
        "works_on": mine,
        "may_set": mine
        and may(user, "transfer.set_policy", file)
        and file.kind not in loaded_kinds(file.transfer),
        "runs": runs,
    }
    return show(request, "transfer/extract.html", file.transfer, **context)


def loaded_kinds(transfer: Transfer) -> set[str]:
    """The kinds of which rows are loaded or being loaded; their policies stand."""
    loads = ImportRun.objects.filter(extract__transfer=transfer, mode=ImportRun.Mode.LOAD)
    return set(loads.exclude(state=ImportRun.State.REFUSED).values_list("extract__kind", flat=True))


def policies_of(file: Extract) -> dict[str, FieldPolicy]:
    """The policy rows of the file's kind by heading, for the headings it has."""
    rows = FieldPolicy.objects.filter(transfer=file.transfer_id, kind=file.kind, source_field__in=file.header)
    return {row.source_field: row for row in rows}


def _chosen(rows: dict[str, FieldPolicy]) -> dict[str, str]:
    return {heading: row.policy for heading, row in rows.items()}


def _facts(file: Extract) -> list[dict[str, Any]]:
    return [
        {"term": _("What it holds"), "value": file.get_kind_display()},
        {"term": _("What it is for"), "value": file.get_purpose_display()},
        {"term": _("Format"), "value": FORMATS.get(file.format, file.format)},
        {"term": _("Encoding"), "value": file.encoding.upper() or _("none, cells are text already")},
        *([{"term": _("Read by the mapping"), "value": file.mapping.name or "—"}] if file.mapping else []),
        {"term": _("Columns"), "value": len(file.header)},
        {"term": _("Rows declared"), "value": file.declared_rows},
        {"term": _("Handed in by"), "value": f"{file.uploaded_by.name} · {file.side.name}"},
        {"term": _("Handed in"), "value": file.uploaded_at},
    ]


def mapping(file: Extract, rows: dict[str, FieldPolicy], form: PolicyForm) -> list[dict[str, Any]]:
    """Per heading: our field, its class, whether it is needed, and its policy's input."""
    return [
        _mapped(file, column, rows.get(column.heading), form)
        for column in columns_of(file.kind, file.header, file.how.get("fields"))
    ]


def _mapped(file: Extract, column: Column, row: FieldPolicy | None, form: PolicyForm) -> dict[str, Any]:
    item = LAYOUTS[file.kind].by_name.get(column.field)
    own = column.heading in LINE_HEADINGS
    return {
        "heading": column.heading,
        "label": label_of(column.field) if item else "",
        "grade": str(field_class(f"{file.kind.removesuffix('s')}.{column.field}")) if item else "",
        "required": bool(item and item.required),
        "own": own,
        "unknown": row is None and not own,
        "row": row,
        "input": form[str(row.pk)] if row is not None else None,
    }


def _sample(file: Extract, user: User) -> tuple[list[Line], str | None]:
    try:
        return first_lines(extract=file, by=user), None
    except Refused as refusal:
        return [], refusal.message


def preview_table(file: Extract, sample: list[Line], policies: dict[str, str]) -> dict[str, Any]:
    """Ten masked lines as they would be stored under these policies."""
    columns = [heading for heading in file.header if heading not in LINE_HEADINGS]
    places = [file.header.index(heading) for heading in columns]
    return {
        "caption": _("The first lines, masked"),
        "columns": [{"title": _("Line"), "number": True}, *({"title": heading} for heading in columns)],
        "rows": [
            [
                line.number,
                *(
                    _cell(line.cells[place] if place < len(line.cells) else "", policies.get(heading, ""))
                    for place, heading in zip(places, columns, strict=True)
                ),
            ]
            for line in sample
        ],
    }


def _cell(value: str, policy: str) -> object:
    if policy == FieldPolicy.Policy.NEVER:
        return {"kind": "state", "value": "left_out", "word": _("not stored")}
    if not policy:
        return {"kind": "state", "value": "unmet", "word": _("no policy")}
    if policy == FieldPolicy.Policy.REGENERATE:
        return {"kind": "state", "value": "waiting", "word": _("made anew")}
    return {"kind": "masked", "value": value} if "*" in value else value


@require_POST
@never_cache
@permission_required("transfer.load_extract")
def preview(request: HttpRequest, pk: UUID, extract: UUID) -> HttpResponse:
    """The sample under the policies chosen on the page but not saved yet."""
    file = find_extract(request, pk, extract)
    rows = policies_of(file)
    chosen = {heading: request.POST.get(str(row.pk), row.policy) for heading, row in rows.items()}
    sample, problem = _sample(file, person(request))
    context = {"preview": preview_table(file, sample, chosen), "sample_problem": problem}
    return render(request, "transfer/parts/preview.html", context)


@require_POST
@permission_required("transfer.load_extract")
def start(request: HttpRequest, pk: UUID, extract: UUID) -> HttpResponse:
    """A look or a load begins; the worker goes on with it whether or not somebody watches."""
    file = find_extract(request, pk, extract)
    mode = request.POST.get("mode", "")
    if mode not in ImportRun.Mode.values:
        return extract_page(request, file)
    try:
        run = start_run(extract=file, mode=mode, by=person(request))
    except Refused as refusal:
        return extract_page(request, file, refusal=told(request, refusal))
    plan_run.delay_on_commit(str(run.pk))
    return redirect("transfer-import-run", pk=pk, run=run.pk)
