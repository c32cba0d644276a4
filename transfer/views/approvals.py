"""Approvals on a transfer: recorded, and corrected by an entry of their own."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from access.policies import permission_required
from transfer.forms.transfers import ApprovalForm, CorrectionForm
from transfer.models import Approval
from transfer.services.transfers import correct_approval, record_approval
from transfer.views.acts import Act, perform
from transfer.views.agreement import back_of
from transfer.views.frame import find_transfer, person


@require_http_methods(["GET", "POST"])
@permission_required("transfer.record_approval")
def approval(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Put an approval on record."""
    transfer = find_transfer(request, pk)
    act = Act(
        title=gettext_lazy("Record an approval"),
        sentence=gettext_lazy(
            "Approvals of the regulator and resolutions of the shareholders, with their references."
        ),
        submit=gettext_lazy("Record the approval"),
        back=back_of(transfer),
        done=gettext_lazy("The approval is on record."),
    )
    form = ApprovalForm(request.POST or None)
    return perform(
        request,
        transfer,
        form,
        act,
        lambda words: record_approval(transfer=transfer, by=person(request), **words),
    )


@require_http_methods(["GET", "POST"])
@permission_required("transfer.record_approval")
def correct(request: HttpRequest, pk: UUID, approval: UUID) -> HttpResponse:
    """Correct an approval that was entered wrongly; both entries stay."""
    transfer = find_transfer(request, pk)
    row = get_object_or_404(Approval, pk=approval, transfer=transfer)
    act = Act(
        title=_("Correct: %(kind)s") % {"kind": row.get_kind_display()},
        sentence=_(
            "On record: %(reference)s, granted on %(day)s. The wrong entry stays beside the correction."
        )
        % {"reference": row.reference, "day": row.granted_on.isoformat()},
        submit=gettext_lazy("Record the correction"),
        back=back_of(transfer),
        done=gettext_lazy("The correction counts from now on; the entry before stays to be seen."),
    )
    form = CorrectionForm(
        request.POST or None, initial={"reference": row.reference, "granted_on": row.granted_on}
    )
    return perform(
        request,
        transfer,
        form,
        act,
        lambda words: correct_approval(approval=row, by=person(request), **words),
    )
