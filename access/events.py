"""What this room writes into the log."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.registry import register_events


@register_events
class Event(models.TextChoices):
    """Acts on organisations, people, duties and sign-in. Facts are codes and ids, never names."""

    ORGANISATION_CREATED = "access.organisation_created", _("Organisation registered")
    BRANCH_CREATED = "access.branch_created", _("Branch added")
    USER_CREATED = "access.user_created", _("Account opened")
    USER_SWITCHED_OFF = "access.user_switched_off", _("Account switched off")
    USER_SWITCHED_ON = "access.user_switched_on", _("Account switched on")
    DUTY_ASSIGNED = "access.duty_assigned", _("Duty given")
    DUTY_ENDED = "access.duty_ended", _("Duty ended")
    GRANT_GIVEN = "access.grant_given", _("Object opened to a person")
    GRANT_ENDED = "access.grant_ended", _("Object closed to a person")
    SIGNED_IN = "access.signed_in", _("Signed in")
    SIGN_IN_FAILED = "access.sign_in_failed", _("Sign-in failed")
    SIGNED_OUT = "access.signed_out", _("Signed out")
    LOCKED_OUT = "access.locked_out", _("User name locked after wrong passwords")
    PASSWORD_CHANGED = "access.password_changed", _("Password changed")
    STEP_UP_PASSED = "access.step_up_passed", _("Password confirmed before an act")
    STEP_UP_FAILED = "access.step_up_failed", _("Password confirmation failed")
    PROGRAM_REGISTERED = "access.program_registered", _("Program registered")
    PROGRAM_SECRET_CHANGED = "access.program_secret_changed", _("Program's secret changed")
    PROGRAM_REVOKED = "access.program_revoked", _("Program revoked")
    TOKEN_ISSUED = "access.token_issued", _("Token issued to a program")
    TOKEN_REFUSED = "access.token_refused", _("Token refused")
