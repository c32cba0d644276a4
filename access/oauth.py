"""How django-oauth-toolkit serves programs: client credentials, scopes of the program, nothing of it unrecorded.

Invariants:
- A token belongs to a program that is neither revoked nor switched off, and carries scopes of that program only.
- Token and secret are kept as digests; what stands here in clear is handed out once.
- A token that is not in the log was not issued: both happen in one transaction.
"""

import secrets
from typing import Any, Final

from django.utils import timezone
from oauth2_provider.models import AccessToken, Application
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.scopes import BaseScopes

from access.events import Event
from access.models import Program
from access.scopes import SCOPES
from audit.services import record

# So that a scanner of leaked secrets knows ours.
TOKEN_MARK: Final = "hot_"  # noqa: S105 - a prefix, not a token
SECRET_MARK: Final = "hos_"  # noqa: S105 - a prefix, not a secret


def new_token(_request: Any = None) -> str:
    """256 random bits."""
    return TOKEN_MARK + secrets.token_urlsafe(32)


def new_secret() -> str:
    """256 random bits."""
    return SECRET_MARK + secrets.token_urlsafe(32)


class ProgramScopes(BaseScopes):  # type: ignore[misc]  # the library is untyped
    """The scopes of the product, and those of one program."""

    def get_all_scopes(self) -> dict[str, str]:
        """Every scope with its words."""
        return {name: str(scope.words) for name, scope in SCOPES.items()}

    def get_available_scopes(
        self, application: Application | None = None, *_arguments: Any, **_options: Any
    ) -> list[str]:
        """What this program may ask for."""
        program = Program.objects.filter(application=application).first() if application else None
        return [name for name in (program.scopes if program else ()) if name in SCOPES]

    def get_default_scopes(
        self, application: Application | None = None, *_arguments: Any, **_options: Any
    ) -> list[str]:
        """A program that names no scope gets all of its own."""
        return self.get_available_scopes(application)


class ProgramValidator(OAuth2Validator):  # type: ignore[misc]  # the library is untyped
    """The library's rules, and ours on top."""

    def authenticate_client(self, request: Any, *arguments: Any, **options: Any) -> bool:
        """True when the secret is right and the program may still act."""
        if not super().authenticate_client(request, *arguments, **options):
            return False
        program = Program.objects.filter(application=request.client).select_related("user").first()
        return program is not None and program.revoked_at is None and program.user.is_active

    def _save_bearer_token(
        self, token: dict[str, Any], request: Any, *arguments: Any, **options: Any
    ) -> None:
        AccessToken.objects.filter(application=request.client, expires__lt=timezone.now()).delete()
        super()._save_bearer_token(token, request, *arguments, **options)
        program = Program.objects.get(application=request.client)
        record(
            Event.TOKEN_ISSUED,
            actor=program.user_id,
            subject=program,
            organisation=program.organisation_id,
            scopes=sorted(token["scope"].split()),
            seconds=token["expires_in"],
        )
