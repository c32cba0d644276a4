"""Which duties may do what in the continuity room."""

from access.duties import Duty

_ACTORS = {Duty.COMPLIANCE_OFFICER, Duty.TRANSFER_MANAGER, Duty.ADMINISTRATOR}

PERMISSIONS: dict[str, set[Duty]] = {
    "continuity.take_backup": _ACTORS,
    "continuity.run_drill": _ACTORS,
    "continuity.view_backup": _ACTORS | {Duty.AUDITOR, Duty.SUPERVISOR},
}
