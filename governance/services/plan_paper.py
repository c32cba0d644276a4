"""The disposal plan as PDF, to be sent to the authority."""

from django.db import transaction

from access.models import User
from access.policies import require
from audit.services import record
from governance.events import DisposalEvent
from governance.models import DisposalPlan
from governance.papers import plan_sheet
from transfer.services.packs import print_paper


@transaction.atomic
def take_plan(*, plan: DisposalPlan, language: str, by: User) -> bytes:
    """The plan on paper, the reader's language first; that it was taken away stands in the log.

    Raises:
        NotAllowed: ``by`` may not see the plans of this transfer.
        PrintingError: it cannot be printed.
    """
    require(by, "governance.view_disposal", plan)
    record(
        DisposalEvent.TAKEN,
        actor=by,
        subject=plan,
        organisation=by.organisation_id,
        transfer=plan.transfer_id,
        version=plan.version,
    )
    return print_paper("table_report", plan_sheet(plan), language)
