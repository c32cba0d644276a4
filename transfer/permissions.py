"""Which duties may do what in the transfer room."""

from access.duties import Duty

_OFFICER = {Duty.COMPLIANCE_OFFICER}
_MANAGERS = {Duty.COMPLIANCE_OFFICER, Duty.TRANSFER_MANAGER}
_DATA = {Duty.DATA_STEWARD, Duty.TRANSFER_MANAGER}
_READERS = {
    Duty.COMPLIANCE_OFFICER,
    Duty.TRANSFER_MANAGER,
    Duty.DATA_STEWARD,
    Duty.RETENTION_OFFICER,
    Duty.SUPERVISOR,
    Duty.AUDITOR,
    Duty.COUNSEL,
    Duty.INTEGRATOR,
}

PERMISSIONS: dict[str, set[Duty]] = {
    "transfer.view_transfer": _READERS,
    "transfer.draft_transfer": _MANAGERS,
    "transfer.advance_transfer": _MANAGERS,
    "transfer.abort_transfer": _OFFICER,
    "transfer.give_counsel_word": {Duty.COUNSEL},
    "transfer.record_approval": _OFFICER,
    "transfer.draft_agreement": _MANAGERS,
    "transfer.sign_agreement": _OFFICER,
    "transfer.decide_breach": _OFFICER,
    "transfer.ask_exception": _MANAGERS,
    "transfer.grant_exception": _OFFICER,
    "transfer.view_import": _READERS,
    "transfer.load_extract": _DATA,
    "transfer.decide_reject": _DATA,
    "transfer.set_policy": _DATA | _OFFICER,
    "transfer.assess_cases": _MANAGERS,
    "transfer.run_rehearsal": {Duty.TRANSFER_MANAGER},
    "transfer.download_delivery": {Duty.TRANSFER_MANAGER},
    "transfer.receive_return": _DATA,
    "transfer.work_break": _DATA,
    "transfer.reveal_break": _DATA | _OFFICER,
    "transfer.decide_write_off": _OFFICER,
    "transfer.run_runbook": {Duty.TRANSFER_MANAGER},
    "transfer.sign_mandate": _MANAGERS,
    "transfer.run_cutover": {Duty.TRANSFER_MANAGER},
    "transfer.issue_certificate": _OFFICER,
    "transfer.decide_recall": _OFFICER,
    "transfer.close_transfer": _OFFICER,
    "transfer.release_profile": _OFFICER,
    "transfer.view_profile": _MANAGERS | {Duty.AUDITOR, Duty.COUNSEL, Duty.SUPERVISOR},
    "transfer.draw_proof": _MANAGERS | {Duty.AUDITOR},
    "transfer.make_pack": _OFFICER,
    "transfer.download_pack": _MANAGERS | {Duty.AUDITOR, Duty.COUNSEL, Duty.SUPERVISOR},
}
