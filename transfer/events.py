"""What the transfer room writes into the log."""

from enum import StrEnum

from audit.registry import register_events


@register_events
class TransferEvent(StrEnum):
    """The transfer and its stages."""

    DRAFTED = "transfer.drafted"
    TRANSFEREE_NAMED = "transfer.transferee_named"
    CUTOVER_PLANNED = "transfer.cutover_planned"
    COUNSEL_SPOKE = "transfer.counsel_spoke"
    ADVANCED = "transfer.advanced"
    ABORTED = "transfer.aborted"
    APPROVAL_RECORDED = "transfer.approval_recorded"
    EXCEPTION_ASKED = "transfer.exception_asked"
    EXCEPTION_GRANTED = "transfer.exception_granted"


@register_events
class AgreementEvent(StrEnum):
    """The agreement and its clauses."""

    DRAFTED = "agreement.drafted"
    EXECUTED_REGISTERED = "agreement.executed_registered"
    SIGNED = "agreement.signed"
    CLAUSE_BREACHED = "agreement.clause_breached"
    BREACH_DECIDED = "agreement.breach_decided"


@register_events
class CaseEvent(StrEnum):
    """What becomes of the clients."""

    OPENED = "cases.opened"
    ASSESSED = "cases.assessed"


@register_events
class MandateEvent(StrEnum):
    """Go or no-go."""

    DRAFTED = "mandate.drafted"
    SIGNED = "mandate.signed"


@register_events
class CutoverEvent(StrEnum):
    """The run with effect."""

    BEGUN = "cutover.begun"
    FINISHED = "cutover.finished"
