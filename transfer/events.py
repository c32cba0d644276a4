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
    APPROVAL_CORRECTED = "transfer.approval_corrected"
    CLOSED = "transfer.closed"


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
class RecallEvent(StrEnum):
    """Clients whose consent ended after their data had been handed over."""

    OPENED = "recall.opened"
    RETURNED = "recall.returned"
    KEPT = "recall.kept"


@register_events
class DiligenceEvent(StrEnum):
    """What a buyer was shown in a share transfer."""

    RELEASED = "diligence.profile_released"
    READ = "diligence.profile_read"


@register_events
class MandateEvent(StrEnum):
    """Go or no-go."""

    DRAFTED = "mandate.drafted"
    SIGNED = "mandate.signed"
    EXTENSION_DRAFTED = "mandate.extension_drafted"
    EXTENSION_SIGNED = "mandate.extension_signed"
    EXTENDED = "mandate.extended"


@register_events
class CutoverEvent(StrEnum):
    """The run with effect."""

    BEGUN = "cutover.begun"
    FINISHED = "cutover.finished"


@register_events
class ImportEvent(StrEnum):
    """Extracts and their loading."""

    EXTRACT_RECEIVED = "import.extract_received"
    TOTALS_DECLARED = "import.totals_declared"
    POLICY_SET = "import.policy_set"
    MAPPING_DECLARED = "import.mapping_declared"
    RUN_STARTED = "import.run_started"
    RUN_STOPPED = "import.run_stopped"
    RUN_REFUSED = "import.run_refused"
    RUN_PLANNED = "import.run_planned"
    RUN_FINISHED = "import.run_finished"
    CHUNK_LOADED = "import.chunk_loaded"
    CHUNK_PROFILED = "import.chunk_profiled"
    CHUNK_UNDONE = "import.chunk_undone"
    CHUNK_PARKED = "import.chunk_parked"
    CHUNK_RETRIED = "import.chunk_retried"
    ROW_CHANGED = "import.row_changed"
    REJECT_LEFT_OUT = "import.reject_left_out"
    REJECTS_DOWNLOADED = "import.rejects_downloaded"
    FIRMS_MATCHED = "import.firms_matched"


@register_events
class RunEvent(StrEnum):
    """Rehearsals, deliveries and what came back."""

    REHEARSAL_STARTED = "run.rehearsal_started"
    DELIVERED = "run.delivered"
    DELIVERY_DOWNLOADED = "run.delivery_downloaded"
    RETURN_RECEIVED = "run.return_received"
    RECONCILIATION_ASKED = "run.reconciliation_asked"
    RECONCILED = "run.reconciled"
    TRIED_AGAIN = "run.tried_again"


@register_events
class BreakEvent(StrEnum):
    """What becomes of a difference."""

    EXPLAINED = "break.explained"
    CORRECTED = "break.corrected"
    FOUND_AGAIN = "break.found_again"
    REVEALED = "break.revealed"
    WRITE_OFF_ASKED = "break.write_off_asked"
    WRITTEN_OFF = "break.written_off"
    WRITE_OFF_REFUSED = "break.write_off_refused"


@register_events
class RunbookEvent(StrEnum):
    """The runbook of the cutover."""

    DRAFTED = "runbook.drafted"
    PARTY_READY = "runbook.party_ready"
    STEP_STARTED = "runbook.step_started"
    STEP_FINISHED = "runbook.step_finished"


@register_events
class CertificateEvent(StrEnum):
    """The certificate and the regulator's pack."""

    DRAFTED = "certificate.drafted"
    SIGNED = "certificate.signed"
    ISSUED = "certificate.issued"
    DOWNLOADED = "certificate.downloaded"
    CLIENT_SEARCHED = "certificate.client_searched"
    PROOF_DRAWN = "certificate.proof_drawn"
    PACK_MADE = "certificate.pack_made"
    PACK_DOWNLOADED = "certificate.pack_downloaded"
