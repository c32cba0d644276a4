"""The disposal plan of one transfer: its versions, a new one, the second person, and the report."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access.actors import acting_user
from access.policies import may, permission_required, require
from access.refusals import told
from audit.errors import Refused
from governance.downloads import attached
from governance.forms import DisposalForm, ReportForm
from governance.models import DisposalPlan
from governance.papers import plan_is_due
from governance.services.disposal import approve_plan, draft_plan, newest_plan, report_plan
from governance.services.plan_paper import take_plan
from transfer.models import Transfer
from transfer.policies import visible_transfers


@require_safe
@permission_required("governance.view_disposal")
def plans(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Every version, newest first, and whether the law asks for one."""
    transfer = _transfer(request, pk)
    versions = list(
        DisposalPlan.objects.filter(transfer=transfer)
        .select_related("author", "approved_by", "reported_by")
        .order_by("-version")
    )
    newest = versions[0] if versions else None
    waiting = newest is not None and newest.approved_at is None
    reported = newest is not None and newest.reported_on is not None
    due = plan_is_due(transfer)
    context = {
        "transfer": transfer,
        "versions": versions,
        "newest": newest,
        "reported": reported,
        "due": due,
        "may_draft": not reported and may(request.user, "governance.draft_disposal", transfer),
        "may_approve": waiting
        and newest is not None
        and newest.author_id != acting_user(request).pk
        and may(request.user, "governance.approve_disposal", transfer),
        "may_report": newest is not None
        and not waiting
        and not reported
        and may(request.user, "governance.report_disposal", transfer),
        "empty": {
            "title": _("No disposal plan"),
            "what": _(
                "The plan says which data go where, how they are protected and when, and is reported to the authority."
            ),
            "why": _("The law asks this transfer for one: gate 3 waits for it.")
            if due
            else _("The law does not ask this transfer for one."),
            "icon": "clipboard-check",
        },
    }
    return render(request, "governance/disposal.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("governance.draft_disposal")
def draft(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A new version; what the last one said stands in the form to begin with."""
    transfer = _transfer(request, pk)
    require(request.user, "governance.draft_disposal", transfer)
    last = newest_plan(transfer)
    initial = {} if last is None else {name: getattr(last, name) for name in DisposalForm.base_fields}
    form = DisposalForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            draft_plan(transfer=transfer, by=acting_user(request), **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, told(request, refusal))
        else:
            messages.success(request, _("The plan waits for a second person."))
            return redirect("governance-disposal", transfer.pk)
    words = {
        "title": _("Write the plan"),
        "sentence": _("Another person approves it. Do not name clients here."),
    }
    return _form(request, transfer, form, words)


@require_POST
@permission_required("governance.approve_disposal")
def approve(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The second person approves the newest version."""
    plan = get_object_or_404(DisposalPlan, pk=pk)
    transfer = _transfer(request, plan.transfer_id)
    try:
        approve_plan(plan=plan, by=acting_user(request))
    except Refused as refusal:
        messages.error(request, told(request, refusal))
    else:
        messages.success(request, _("The plan is approved and can be reported."))
    return redirect("governance-disposal", transfer.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("governance.report_disposal")
def report(request: HttpRequest, pk: UUID) -> HttpResponse:
    """To which authority it was reported, under which reference, on which day."""
    plan = get_object_or_404(DisposalPlan, pk=pk)
    transfer = _transfer(request, plan.transfer_id)
    require(request.user, "governance.report_disposal", transfer)
    form = ReportForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            report_plan(plan=plan, by=acting_user(request), **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, told(request, refusal))
        else:
            messages.success(request, _("The report is entered."))
            return redirect("governance-disposal", transfer.pk)
    words = {
        "title": _("Enter the report to the authority"),
        "sentence": _("What is entered here stands and cannot be changed."),
    }
    return _form(request, transfer, form, words)


@require_safe
@permission_required("governance.view_disposal")
def paper(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The plan as PDF."""
    plan = get_object_or_404(DisposalPlan.objects.select_related("transfer", "author", "approved_by"), pk=pk)
    transfer = _transfer(request, plan.transfer_id)
    pdf = take_plan(plan=plan, language=get_language() or "en", by=acting_user(request))
    answer = HttpResponse(pdf, content_type="application/pdf")
    return attached(answer, f"{transfer.number}-disposal-{plan.version}.pdf")


def _form(
    request: HttpRequest, transfer: Transfer, form: DisposalForm | ReportForm, words: dict[str, str]
) -> HttpResponse:
    back = reverse("governance-disposal", args=[transfer.pk])
    context = {"transfer": transfer, "form": form, "back": back, **words}
    return render(request, "governance/disposal_form.html", context)


def _transfer(request: HttpRequest, pk: UUID) -> Transfer:
    return get_object_or_404(visible_transfers(acting_user(request)), pk=pk)
