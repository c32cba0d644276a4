"""Checks that stop an unsafe start."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connection

LOOPBACK = {"localhost", "127.0.0.1", "[::1]", "testserver"}


@register(Tags.security)
def secrets_are_real(**_kwargs: Any) -> list[CheckMessage]:
    """The session key is long, and debugging is off wherever others can reach the pages."""
    found: list[CheckMessage] = []
    if len(settings.SECRET_KEY) < 32:
        found.append(Error("SECRET_KEY has fewer than 32 characters.", id="handover.E001"))
    if settings.DEBUG and not set(settings.ALLOWED_HOSTS) <= LOOPBACK:
        found.append(Error("DEBUG is on while other hosts are allowed.", id="handover.E002"))
    return found


@register(Tags.security)
def uploads_are_sealed(**_kwargs: Any) -> list[CheckMessage]:
    """No upload handler that would write to memory or disk in clear."""
    if settings.FILE_UPLOAD_HANDLERS == ["vault.uploads.SealingUploadHandler"]:
        return []
    return [Error("FILE_UPLOAD_HANDLERS must hold the sealing handler alone.", id="handover.E003")]


@register(Tags.database)
def database_role_is_small(**kwargs: Any) -> list[CheckMessage]:
    """The process is no superuser, which the log's triggers could not stop."""
    databases = kwargs.get("databases")
    if not databases or "default" not in databases:
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        row = cursor.fetchone()
    if row and row[0]:
        return [Error("The application connects as a database superuser.", id="handover.E004")]
    return []
