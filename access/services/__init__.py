"""The acts of this room. Each is one transaction that ends in the log, or changes nothing."""

from access.services.duties import assign_duty, end_duty
from access.services.grants import end_grant, grant_object, grantable_object
from access.services.passwords import change_password, check_credentials, confirm_password, note_sign_out
from access.services.people import (
    create_branch,
    create_organisation,
    create_user,
    found_installation,
    switch_user,
)
from access.services.programs import Credentials, change_secret, register_program, revoke_program
from access.services.tokens import note_refusal, note_use

__all__ = [
    "Credentials",
    "assign_duty",
    "change_password",
    "change_secret",
    "check_credentials",
    "confirm_password",
    "create_branch",
    "create_organisation",
    "create_user",
    "end_duty",
    "end_grant",
    "found_installation",
    "grant_object",
    "grantable_object",
    "note_refusal",
    "note_sign_out",
    "note_use",
    "register_program",
    "revoke_program",
    "switch_user",
]
