"""The disposal plan: one person writes, another approves, then the report to the authority is entered."""

import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from access.models import User
from access.policies import require
from audit.errors import Refused
from audit.services import record
from governance.events import DisposalEvent
from governance.models import DisposalPlan
from transfer.models import Transfer
from transfer.services.locking import lock_transfer


@transaction.atomic
def draft_plan(
    *, transfer: Transfer, recipient_contact: str, safeguards: str, timetable: str, by: User
) -> DisposalPlan:
    """A new version of the plan waits for a second person; earlier ones are kept.

    Raises:
        NotAllowed: ``by`` may not draft for this transfer.
        Refused: the transfer has ended, a text is missing (``disposal.text_missing``), or the plan is
            reported already (``disposal.reported_already``).
    """
    transfer = lock_transfer(transfer)
    require(by, "governance.draft_disposal", transfer)
    texts = {
        "recipient_contact": recipient_contact.strip(),
        "safeguards": safeguards.strip(),
        "timetable": timetable.strip(),
    }
    if not all(texts.values()):
        raise Refused("disposal.text_missing")
    earlier = DisposalPlan.objects.filter(transfer=transfer)
    if earlier.exclude(reported_on=None).exists():
        raise Refused("disposal.reported_already")

    plan = DisposalPlan.objects.create(
        transfer=transfer, version=earlier.count() + 1, author=by, created_at=timezone.now(), **texts
    )
    _record(DisposalEvent.DRAFTED, plan, by)
    return plan


@transaction.atomic
def approve_plan(*, plan: DisposalPlan, by: User) -> DisposalPlan:
    """The newest version is approved and may be reported.

    Raises:
        NotAllowed: ``by`` may not approve for this transfer.
        Refused: the transfer has ended, ``by`` wrote it, it is approved already, or a later version
            replaced it.
    """
    plan = _newest(plan.pk, by, "governance.approve_disposal")
    if plan.approved_at is not None:
        raise Refused("disposal.approved_already")
    if plan.author_id == by.pk:
        raise Refused("disposal.four_eyes")

    plan.approved_by, plan.approved_at = by, timezone.now()
    plan.save(update_fields=["approved_by", "approved_at"])
    _record(DisposalEvent.APPROVED, plan, by)
    return plan


@transaction.atomic
def report_plan(
    *, plan: DisposalPlan, authority: str, reference: str, reported_on: datetime.date, by: User
) -> DisposalPlan:
    """The approved plan counts as reported: to whom, under which reference, on which day.

    Raises:
        NotAllowed: ``by`` may not report for this transfer.
        Refused: the transfer has ended, the plan is not approved, is reported already or replaced, a text is
            missing, or the day lies in the future (``disposal.day_ahead``) or before the approval
            (``disposal.day_early``).
    """
    plan = _newest(plan.pk, by, "governance.report_disposal")
    if plan.approved_at is None:
        raise Refused("disposal.not_approved")
    if plan.reported_on is not None:
        raise Refused("disposal.reported_already")
    if not authority.strip() or not reference.strip():
        raise Refused("disposal.text_missing")
    if reported_on > timezone.localdate():
        raise Refused("disposal.day_ahead")
    if reported_on < timezone.localdate(plan.approved_at):
        raise Refused("disposal.day_early")

    plan.authority, plan.reference = authority.strip(), reference.strip()
    plan.reported_on, plan.reported_by = reported_on, by
    plan.save(update_fields=["authority", "reference", "reported_on", "reported_by"])
    _record(DisposalEvent.REPORTED, plan, by)
    return plan


def newest_plan(transfer: Transfer) -> DisposalPlan | None:
    """The version that counts."""
    return DisposalPlan.objects.filter(transfer=transfer).order_by("-version").first()


def _newest(pk: UUID, by: User, permission: str) -> DisposalPlan:
    """The plan, locked with its transfer; refused if a later version replaced it."""
    transfer = lock_transfer(DisposalPlan.objects.get(pk=pk).transfer_id)
    plan = DisposalPlan.objects.select_for_update(of=("self",)).get(pk=pk)
    require(by, permission, transfer)
    if DisposalPlan.objects.filter(transfer=transfer, version__gt=plan.version).exists():
        raise Refused("disposal.superseded", version=plan.version)
    return plan


def _record(event: DisposalEvent, plan: DisposalPlan, by: User) -> None:
    record(
        event,
        actor=by,
        subject=plan,
        organisation=by.organisation_id,
        transfer=plan.transfer_id,
        version=plan.version,
    )
