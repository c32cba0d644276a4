"""What this room proves to the gates of a transfer."""

from django.urls import reverse

from governance.models import ImpactAssessment
from governance.services.disposal import newest_plan
from transfer.gates.duties import register_proof
from transfer.models import Transfer


@register_proof("impact_assessment_done", whose="transferor")
def impact_assessment_done(transfer: Transfer) -> tuple[bool, str]:
    """The newest version is approved by a second person and lets the transfer go on."""
    newest = ImpactAssessment.objects.filter(transfer=transfer).order_by("-version").first()
    done = (
        newest is not None
        and newest.approved_at is not None
        and newest.conclusion == ImpactAssessment.Conclusion.ACCEPT
    )
    return done, reverse("governance-assessments", args=[transfer.pk])


@register_proof("disposal_plan_reported", whose="transferor")
def disposal_plan_reported(transfer: Transfer) -> tuple[bool, str]:
    """The newest version is reported to the authority."""
    newest = newest_plan(transfer)
    done = newest is not None and newest.reported_on is not None
    return done, reverse("governance-disposal", args=[transfer.pk])
