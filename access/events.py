"""What this room writes into the log."""

from enum import StrEnum

from audit.registry import register_events


@register_events
class Event(StrEnum):
    """Acts on organisations, people, duties and sign-in. Facts are codes and ids, never names."""

    ORGANISATION_CREATED = "access.organisation_created"
    BRANCH_CREATED = "access.branch_created"
    USER_CREATED = "access.user_created"
    USER_SWITCHED_OFF = "access.user_switched_off"
    USER_SWITCHED_ON = "access.user_switched_on"
    DUTY_ASSIGNED = "access.duty_assigned"
    DUTY_ENDED = "access.duty_ended"
    GRANT_GIVEN = "access.grant_given"
    GRANT_ENDED = "access.grant_ended"
    SIGNED_IN = "access.signed_in"
    SIGN_IN_FAILED = "access.sign_in_failed"
    SIGNED_OUT = "access.signed_out"
    LOCKED_OUT = "access.locked_out"
    PASSWORD_CHANGED = "access.password_changed"  # noqa: S105 - the name of an event
    STEP_UP_PASSED = "access.step_up_passed"
    STEP_UP_FAILED = "access.step_up_failed"
