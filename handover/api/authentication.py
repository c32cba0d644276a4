"""Programs, for the framework of the API; it is loaded while the framework is, so it stands by itself."""

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request


class ProgramAuthentication(BaseAuthentication):
    """What the middleware found in the header. Stands before sessions, and wants no form token."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """The service user of the program; None when a person asks."""
        bearer = getattr(request._request, "bearer", None)  # noqa: SLF001 - Django's own request
        return (bearer.program.user, bearer) if bearer else None
