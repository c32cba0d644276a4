"""Which duties may do what in the governance room."""

from access.duties import Duty

_OFFICER = {Duty.COMPLIANCE_OFFICER}

PERMISSIONS: dict[str, set[Duty]] = {
    "governance.view_assessment": _OFFICER
    | {Duty.TRANSFER_MANAGER, Duty.COUNSEL, Duty.AUDITOR, Duty.SUPERVISOR},
    "governance.draft_assessment": _OFFICER,
    "governance.approve_assessment": _OFFICER,
    "governance.view_disposal": _OFFICER
    | {Duty.TRANSFER_MANAGER, Duty.COUNSEL, Duty.AUDITOR, Duty.SUPERVISOR},
    "governance.draft_disposal": _OFFICER,
    "governance.approve_disposal": _OFFICER,
    "governance.report_disposal": _OFFICER,
    "governance.view_log": _OFFICER | {Duty.AUDITOR, Duty.SUPERVISOR, Duty.ADMINISTRATOR},
}
