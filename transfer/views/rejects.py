"""Refused lines: the table, one masked cell, the file to mend, the mended file, and leaving out."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from access.policies import permission_required
from access.refusals import told
from access.stepup import step_up_required
from audit.errors import Refused
from transfer.forms.imports import LeaveOutForm, MendedForm, RejectFilter
from transfer.models import Extract, ImportRun, Reject
from transfer.services.imports import start_run
from transfer.services.intake import take_in
from transfer.services.peek import export_rejects, leave_out_all, refused_cell
from transfer.services.rejects import REASONS, leave_out
from transfer.tasks.imports import plan_run
from transfer.views.data import decides_rejects, find_run
from transfer.views.frame import person, show


@require_GET
@never_cache
@permission_required("transfer.view_import")
def rejects(request: HttpRequest, pk: UUID, run: UUID) -> HttpResponse:
    """Every refused line: where, why, and what was decided."""
    found = find_run(request, pk, run)
    decides = decides_rejects(person(request), found.extract)
    rows = Reject.objects.filter(run=found)
    form = RejectFilter(
        request.GET or None,
        codes=[(code, REASONS.get(code, code)) for code in sorted(set(rows.values_list("code", flat=True)))],
        decisions=list(Reject.Decision.choices),
    )
    wanted = (
        {name: value for name, value in form.cleaned_data.items() if value}
        if form.is_bound and form.is_valid()
        else {}
    )
    narrowed = rows.filter(**wanted)
    after = request.GET.get("after", "")
    page = narrowed.filter(line__gt=int(after)) if after.isdecimal() else narrowed
    lines = list(page.select_related("decided_by").order_by("line")[: settings.PAGE_ROWS + 1])
    shown = lines[: settings.PAGE_ROWS]
    open_count = rows.filter(decision=Reject.Decision.OPEN).count()
    context = {
        "run": found,
        "lines": [_line(found, reject, decides=decides) for reject in shown],
        "filters": form,
        "pager": {
            "shown": len(shown),
            "total": narrowed.count(),
            "first_url": f"?{urlencode(wanted)}" if after else "",
            "next_url": f"?{urlencode({**wanted, 'after': shown[-1].line})}"
            if len(lines) > len(shown)
            else "",
        },
        "decides": decides,
        "open_count": open_count,
        "one_code": wanted.get("code", ""),
        "open_of_code": rows.filter(code=wanted.get("code", ""), decision=Reject.Decision.OPEN).count(),
        "sentence": _sentence(rows.count(), open_count),
    }
    return show(request, "transfer/rejects.html", found.extract.transfer, **context)


def _sentence(total: int, open_count: int) -> str:
    if not total:
        return _("No line was rejected.")
    return ngettext(
        "%(open)d of %(total)d rejected line is still open.",
        "%(open)d of %(total)d rejected lines are still open.",
        total,
    ) % {"open": open_count, "total": total}


def _line(run: ImportRun, reject: Reject, *, decides: bool) -> dict[str, Any]:
    here = [run.extract.transfer_id, run.pk, reject.pk]
    is_open = reject.decision == Reject.Decision.OPEN
    return {
        "reject": reject,
        "reason": REASONS.get(reject.code, reject.code),
        "cell_url": reverse("transfer-reject-cell", args=here) if decides else "",
        "leave_out_url": reverse("transfer-reject-leave-out", args=here) if decides and is_open else "",
    }


@require_POST
@never_cache
@permission_required("transfer.decide_reject")
def cell(request: HttpRequest, pk: UUID, run: UUID, reject: int) -> HttpResponse:
    """The refused cell, masked, on demand; that it was looked at is recorded."""
    found = find_run(request, pk, run)
    line = get_object_or_404(Reject.objects.select_related("run__extract__transfer"), pk=reject, run=found)
    context = {
        "reject": line,
        "run": found,
        "reason": REASONS.get(line.code, line.code),
        "value": refused_cell(reject=line, by=person(request)),
    }
    if request.headers.get("HX-Request"):
        return render(request, "transfer/parts/cell.html", context)
    return show(request, "transfer/reject_cell.html", found.extract.transfer, **context)


@require_POST
@never_cache
@permission_required("transfer.decide_reject")
@step_up_required
def download(request: HttpRequest, pk: UUID, run: UUID) -> HttpResponseBase:
    """The open rejects in the clear, as a file to mend; the export is recorded before the first byte."""
    found = find_run(request, pk, run)
    pieces = export_rejects(run=found, by=person(request), language=get_language() or "en")
    answer = StreamingHttpResponse(pieces, content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = (
        f'attachment; filename="rejects-{found.extract.kind}-{found.pk.hex[-8:]}.csv"'
    )
    return answer


@require_http_methods(["GET", "POST"])
@never_cache
@permission_required("transfer.load_extract")
def mended(request: HttpRequest, pk: UUID, run: UUID) -> HttpResponse:
    """The mended file is handed in and loaded at once; lines it mends are marked as mended."""
    found = find_run(request, pk, run)
    form = MendedForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            extract = take_in(
                transfer=found.extract.transfer,
                file=form.cleaned_data["file"].sealed_file,
                by=person(request),
                purpose=Extract.Purpose.MENDED,
                kind=found.extract.kind,
            )
            loading = start_run(extract=extract, mode=ImportRun.Mode.LOAD, by=person(request))
        except Refused as refusal:
            form.add_error("file", told(request, refusal))
        else:
            plan_run.delay_on_commit(str(loading.pk))
            messages.success(request, _("The mended file is being loaded."))
            return redirect("transfer-import-run", pk=pk, run=loading.pk)
    return show(request, "transfer/reject_mended.html", found.extract.transfer, run=found, form=form)


@require_http_methods(["GET", "POST"])
@never_cache
@permission_required("transfer.decide_reject")
def leave_one_out(request: HttpRequest, pk: UUID, run: UUID, reject: int) -> HttpResponse:
    """One line stays out for good, for a reason."""
    found = find_run(request, pk, run)
    line = get_object_or_404(Reject, pk=reject, run=found)
    return _leave(
        request,
        found,
        1,
        [line.code],
        lambda reason: int(bool(leave_out(reject=line, reason=reason, by=person(request)))),
    )


@require_http_methods(["GET", "POST"])
@never_cache
@permission_required("transfer.decide_reject")
def leave_code_out(request: HttpRequest, pk: UUID, run: UUID, code: str) -> HttpResponse:
    """Every open line with this reason stays out."""
    found = find_run(request, pk, run)
    count = Reject.objects.filter(run=found, code=code, decision=Reject.Decision.OPEN).count()
    return _leave(
        request,
        found,
        count,
        [code],
        lambda reason: leave_out_all(run=found, code=code, reason=reason, by=person(request)),
    )


def _leave(request: HttpRequest, run: ImportRun, count: int, codes: list[str], act: Any) -> HttpResponse:
    back = reverse("transfer-rejects", args=[run.extract.transfer_id, run.pk])
    form = LeaveOutForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            left = act(form.cleaned_data["reason"])
        except Refused as refusal:
            form.add_error(None, told(request, refusal))
        else:
            messages.success(
                request,
                ngettext("%(count)d line is left out.", "%(count)d lines are left out.", left)
                % {"count": left},
            )
            return redirect(back)
    reasons = ", ".join(str(REASONS.get(code, code)) for code in codes)
    confirm = {
        "sentence": reasons,
        "consequences": [
            {
                "count": count,
                "text": ngettext(
                    "line stays out of the transfer; the certificate counts it.",
                    "lines stay out of the transfer; the certificate counts them.",
                    count,
                ),
            }
        ],
        "irreversible": [_("A line left out can no longer be mended.")],
        "action": request.path,
        "submit": _("Leave out"),
        "cancel_url": back,
        "danger": True,
    }
    return show(
        request, "transfer/reject_leave_out.html", run.extract.transfer, run=run, form=form, confirm=confirm
    )
