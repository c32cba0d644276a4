"""Field policies: every field of the source has exactly one."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from access.models import User
from access.policies import may, permission_required
from access.refusals import told
from access.visibility import field_class
from audit.errors import Refused
from clients.labels import label_of
from transfer.forms.imports import PolicyForm
from transfer.models import Extract, FieldPolicy
from transfer.services.policies import declare_field, set_policy
from transfer.views.data import KIND_ORDER, find_extract
from transfer.views.extracts import extract_page, loaded_kinds, policies_of
from transfer.views.frame import find_open_transfer, person, show


@require_GET
@permission_required("transfer.view_import")
def overview(request: HttpRequest, pk: UUID) -> HttpResponse:
    """All policies of the transfer, by kind of file."""
    transfer = find_open_transfer(request, pk)
    rows = list(FieldPolicy.objects.filter(transfer=transfer).order_by("source_field"))
    form = PolicyForm(rows=rows)
    may_set = may(person(request), "transfer.set_policy", transfer)
    locked = loaded_kinds(transfer)
    kinds = [
        {
            "kind": kind,
            "title": dict(Extract.Kind.choices)[kind],
            "locked": kind in locked,
            "lines": [_line(row, form) for row in rows if row.kind == kind],
        }
        for kind in KIND_ORDER
    ]
    never = sum(row.policy == FieldPolicy.Policy.NEVER for row in rows)
    context = {
        "kinds": [kind for kind in kinds if kind["lines"]],
        "may_set": may_set,
        "sentence": ngettext(
            "%(count)d field has its policy; %(never)d are never stored.",
            "%(count)d fields have their policy; %(never)d are never stored.",
            len(rows),
        )
        % {"count": len(rows), "never": never},
    }
    return show(request, "transfer/policies.html", transfer, **context)


def _line(row: FieldPolicy, form: PolicyForm) -> dict[str, Any]:
    return {
        "row": row,
        "label": label_of(row.target_field) if row.target_field else "",
        "grade": str(field_class(f"{row.kind.removesuffix('s')}.{row.target_field}"))
        if row.target_field
        else "",
        "input": form[str(row.pk)],
    }


@require_POST
@permission_required("transfer.set_policy")
def save(request: HttpRequest, pk: UUID, kind: str) -> HttpResponse:
    """The policies of one kind, all or none."""
    transfer = find_open_transfer(request, pk)
    rows = list(FieldPolicy.objects.filter(transfer=transfer, kind=kind))
    form = PolicyForm(request.POST, rows=rows)
    if form.is_valid():
        changed = _save(rows, form, person(request))
        _tell(request, changed)
    return redirect("transfer-policies", pk=pk)


@require_POST
@permission_required("transfer.set_policy")
def save_of_extract(request: HttpRequest, pk: UUID, extract: UUID) -> HttpResponse:
    """The policies of the fields of one file, from its own page; what was chosen stays when one is refused."""
    file = find_extract(request, pk, extract)
    rows = list(policies_of(file).values())
    form = PolicyForm(request.POST, rows=rows)
    if not form.is_valid():
        return extract_page(request, file, form=form)
    try:
        changed = _save(rows, form, person(request))
    except Refused as refusal:
        return extract_page(request, file, form=form, refusal=told(request, refusal))
    _tell(request, changed)
    return redirect("transfer-extract", pk=pk, extract=extract)


@require_POST
@permission_required("transfer.set_policy")
def declare_of_extract(request: HttpRequest, pk: UUID, extract: UUID) -> HttpResponse:
    """A heading of the file that is none of ours is declared as never stored."""
    file = find_extract(request, pk, extract)
    heading = request.POST.get("field", "")
    if heading in file.header:
        try:
            declare_field(transfer=file.transfer, kind=file.kind, source_field=heading, by=person(request))
        except Refused as refusal:
            return extract_page(request, file, refusal=told(request, refusal))
    return redirect("transfer-extract", pk=pk, extract=extract)


@transaction.atomic
def _save(rows: list[FieldPolicy], form: PolicyForm, by: User) -> int:
    changed = [row for row in rows if form.cleaned_data[str(row.pk)] != row.policy]
    for row in changed:
        set_policy(policy_row=row, policy=form.cleaned_data[str(row.pk)], by=by)
    return len(changed)


def _tell(request: HttpRequest, changed: int) -> None:
    messages.success(
        request,
        ngettext("%(count)d policy is changed.", "%(count)d policies are changed.", changed)
        % {"count": changed},
    )
