"""What this room refuses, in words for people."""

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext_lazy as _


class NotAllowed(PermissionDenied):
    """The person may not do this, or not to this object; the edge answers as if it did not exist."""

    def __init__(self, permission: str) -> None:
        super().__init__(permission)
        self.permission = permission


class OutsideScope(NotAllowed):
    """The program's duties carry the permission, its token's scopes do not; said before any object is looked at."""


MESSAGES = {
    "access.sign_in_failed": _("User name or password is wrong, or too many attempts were made."),
    "access.step_up_needed": _("Confirm your password again before doing this."),
    "access.password_wrong": _("The password is wrong, or too many attempts were made."),
    "access.password_weak": _("The new password is not strong enough: %(reasons)s"),
    "access.own_duty": _("Nobody gives or ends a duty of their own. Ask another administrator."),
    "access.own_grant": _("Nobody gives access to themselves. Ask somebody else who may."),
    "access.own_account": _("Nobody switches their own account off or on."),
    "access.duty_held": _("%(name)s already holds this duty in that time."),
    "access.duty_over": _("This duty has ended already."),
    "access.duties_conflict": _("One person may not hold both duties: %(held)s and %(wanted)s."),
    "access.dates_reversed": _("The end lies before the beginning."),
    "access.duty_of_inactive": _("This account is switched off. Switch it on first."),
    "access.code_taken": _("This code is in use already."),
    "access.username_taken": _("This user name is in use already."),
    "access.branch_elsewhere": _("This branch belongs to another organisation."),
    "access.administrator_exists": _("An administrator exists already. Ask them to create accounts."),
    "access.grant_held": _("%(name)s has this access already."),
    "access.grant_over": _("This access has ended already."),
    "access.grant_unknown": _("This kind of object has no such permission."),
    "access.program_name_taken": _("A program of this name is registered already."),
    "access.program_revoked": _("This program is revoked. Register a new one."),
    "access.program_duty": _("A program may not hold this duty: %(duty)s"),
    "access.program_scope": _("There is no such scope: %(scope)s"),
    "access.program_idle": _(
        "None of these duties carries any of these scopes, so the program could do nothing."
    ),
    "access.person_needed": _("A program may not do this. A person does it, with their password."),
}
