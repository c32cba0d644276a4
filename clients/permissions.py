"""Which duties may do what in the clients room."""

from access.duties import Duty

_OFFICER = {Duty.COMPLIANCE_OFFICER}
_STAFF = {Duty.COMPLIANCE_OFFICER, Duty.CLIENT_SERVICE, Duty.DATA_STEWARD, Duty.TRANSFER_MANAGER}

PERMISSIONS: dict[str, set[Duty]] = {
    "clients.view_client": _STAFF | {Duty.AUDITOR, Duty.SUPERVISOR},
    "clients.reveal_field": {Duty.COMPLIANCE_OFFICER, Duty.CLIENT_SERVICE},
    "clients.view_notice": _OFFICER | {Duty.TRANSFER_MANAGER, Duty.COUNSEL, Duty.AUDITOR, Duty.SUPERVISOR},
    "clients.draft_notice": _OFFICER,
    "clients.approve_notice": _OFFICER,
    "clients.load_evidence": _OFFICER | {Duty.DATA_STEWARD},
    "clients.sign_off_announcement": {Duty.COUNSEL},
    "clients.enter_consent": _OFFICER | {Duty.CLIENT_SERVICE},
    "clients.view_archive": _OFFICER | {Duty.RETENTION_OFFICER, Duty.AUDITOR},
    "clients.open_archive": {Duty.RETENTION_OFFICER},
    "clients.enter_objection": _OFFICER | {Duty.CLIENT_SERVICE},
    "clients.decide_objection": _OFFICER,
}
