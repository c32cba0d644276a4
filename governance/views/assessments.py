"""The impact assessment of one transfer: its versions, a new one, and the second person's approval."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access.actors import acting_user
from access.policies import may, permission_required, require
from access.refusals import told
from audit.errors import Refused
from governance.forms import AssessmentForm
from governance.models import ImpactAssessment
from governance.services.assessments import approve_assessment, draft_assessment
from transfer.models import Transfer
from transfer.policies import visible_transfers


@require_safe
@permission_required("governance.view_assessment")
def assessments(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Every version, newest first."""
    transfer = _transfer(request, pk)
    versions = list(
        ImpactAssessment.objects.filter(transfer=transfer)
        .select_related("author", "approved_by")
        .order_by("-version")
    )
    newest = versions[0] if versions else None
    waiting = newest if newest is not None and newest.approved_at is None else None
    context = {
        "transfer": transfer,
        "versions": versions,
        "waiting": waiting,
        "may_draft": may(request.user, "governance.draft_assessment", transfer),
        "may_approve": waiting is not None
        and waiting.author_id != acting_user(request).pk
        and may(request.user, "governance.approve_assessment", transfer),
        "empty": {
            "title": _("Not assessed yet"),
            "what": _(
                "The assessment says why the data must move, what could go wrong, and what is done about it."
            ),
            "why": _("Gate 1 asks for it, written by one person and approved by another."),
            "icon": "clipboard-check",
        },
    }
    return render(request, "governance/assessments.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("governance.draft_assessment")
def draft(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A new version; what the last one said stands in the form to begin with."""
    transfer = _transfer(request, pk)
    require(request.user, "governance.draft_assessment", transfer)
    last = ImpactAssessment.objects.filter(transfer=transfer).order_by("-version").first()
    form = AssessmentForm(request.POST or None, initial=_initial(last))
    if request.method == "POST" and form.is_valid():
        try:
            draft_assessment(transfer=transfer, by=acting_user(request), **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, told(request, refusal))
        else:
            messages.success(request, _("The assessment waits for a second person."))
            return redirect("governance-assessments", transfer.pk)
    back = reverse("governance-assessments", args=[transfer.pk])
    return render(
        request, "governance/assessment_draft.html", {"transfer": transfer, "form": form, "back": back}
    )


@require_POST
@permission_required("governance.approve_assessment")
def approve(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The second person approves the newest version."""
    assessment = get_object_or_404(ImpactAssessment, pk=pk)
    transfer = _transfer(request, assessment.transfer_id)
    try:
        approve_assessment(assessment=assessment, by=acting_user(request))
    except Refused as refusal:
        messages.error(request, told(request, refusal))
    else:
        messages.success(request, _("The assessment is approved."))
    return redirect("governance-assessments", transfer.pk)


def _transfer(request: HttpRequest, pk: UUID) -> Transfer:
    return get_object_or_404(visible_transfers(acting_user(request)), pk=pk)


def _initial(last: ImpactAssessment | None) -> dict[str, str]:
    if last is None:
        return {}
    return {name: getattr(last, name) for name in AssessmentForm.base_fields}
