"""Assessing a transfer's impact: one person writes, another approves."""

from django.db import transaction
from django.utils import timezone

from access.models import User
from access.policies import require
from audit.errors import Refused
from audit.services import record
from governance.events import AssessmentEvent
from governance.models import ImpactAssessment
from rules.minimums import Minimum, longest_minimum
from rules.packs import load_pack
from transfer.models import Transfer
from transfer.services.locking import lock_transfer


@transaction.atomic
def draft_assessment(
    *, transfer: Transfer, necessity: str, risks: str, measures: str, conclusion: str, by: User
) -> ImpactAssessment:
    """A new version of the transfer's assessment waits for a second person; earlier ones are kept.

    It is kept for the longest time that the transfer's rule pack asks for (PIPL article 56: at least
    three years).

    Raises:
        NotAllowed: ``by`` may not draft for this transfer.
        Refused: the transfer has ended, a text is missing (``assessment.text_missing``), or the pack
            has no retention for assessments (``assessment.not_retained``).
    """
    transfer = lock_transfer(transfer)
    require(by, "governance.draft_assessment", transfer)
    texts = {"necessity": necessity.strip(), "risks": risks.strip(), "measures": measures.strip()}
    if not all(texts.values()):
        raise Refused("assessment.text_missing")
    minimum = _minimum(transfer)
    if minimum is None or minimum.until is None:
        raise Refused("assessment.not_retained")

    assessment = ImpactAssessment.objects.create(
        transfer=transfer,
        version=ImpactAssessment.objects.filter(transfer=transfer).count() + 1,
        conclusion=ImpactAssessment.Conclusion(conclusion),
        author=by,
        created_at=timezone.now(),
        kept_until=minimum.until,
        kept_by=minimum.rule_id,
        **texts,
    )
    record(
        AssessmentEvent.DRAFTED,
        actor=by,
        subject=assessment,
        organisation=by.organisation_id,
        transfer=transfer.pk,
        version=assessment.version,
        conclusion=assessment.conclusion,
    )
    return assessment


@transaction.atomic
def approve_assessment(*, assessment: ImpactAssessment, by: User) -> ImpactAssessment:
    """The newest version is approved; from now on it proves the duty if it lets the transfer go on.

    Raises:
        NotAllowed: ``by`` may not approve for this transfer.
        Refused: the transfer has ended, ``by`` wrote it, it is approved already, or a later version
            replaced it.
    """
    transfer = lock_transfer(assessment.transfer_id)
    assessment = ImpactAssessment.objects.select_for_update(of=("self",)).get(pk=assessment.pk)
    require(by, "governance.approve_assessment", transfer)
    if assessment.approved_at is not None:
        raise Refused("assessment.approved_already")
    if ImpactAssessment.objects.filter(transfer=transfer, version__gt=assessment.version).exists():
        raise Refused("assessment.superseded", version=assessment.version)
    if assessment.author_id == by.pk:
        raise Refused("assessment.four_eyes")

    assessment.approved_by, assessment.approved_at = by, timezone.now()
    assessment.save(update_fields=["approved_by", "approved_at"])
    record(
        AssessmentEvent.APPROVED,
        actor=by,
        subject=assessment,
        organisation=by.organisation_id,
        transfer=transfer.pk,
        version=assessment.version,
        conclusion=assessment.conclusion,
    )
    return assessment


def _minimum(transfer: Transfer) -> Minimum | None:
    today = timezone.localdate()
    pack = load_pack(transfer.pack_name)
    return longest_minimum(pack, "impact_assessments", {"record_created": today}, on=today)
