"""What each duty permits in this room."""

from typing import Final

from access.duties import Duty

PERMISSIONS: Final[dict[str, set[Duty]]] = {
    "access.create_organisation": {Duty.ADMINISTRATOR},
    "access.manage_users": {Duty.ADMINISTRATOR},
    "access.view_users": {Duty.ADMINISTRATOR, Duty.COMPLIANCE_OFFICER, Duty.SUPERVISOR, Duty.AUDITOR},
    "access.manage_programs": {Duty.ADMINISTRATOR},
    "access.grant_object": {Duty.ADMINISTRATOR, Duty.COMPLIANCE_OFFICER, Duty.TRANSFER_MANAGER},
}
