"""Checks that stop an unsafe start."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 - Django's own name
from django.db import connection

from stand.errors import StandError
from stand.serving import refuse_unsafe_bind

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
def others_come_over_tls(**_kwargs: Any) -> list[CheckMessage]:
    """Whoever can be reached by others says under which https address, and for which names."""
    found: list[CheckMessage] = []
    public = urlsplit(settings.PUBLIC_URL)
    elsewhere = not set(settings.ALLOWED_HOSTS) <= LOOPBACK
    if (elsewhere or settings.PUBLISHED) and public.scheme != "https":
        found.append(
            Error(
                "Other hosts are allowed, but PUBLIC_URL is no https address.",
                hint="Set PUBLIC_URL to the address people open, such as https://handover.example.com",
                id="handover.E005",
            )
        )
    if any(host.startswith(("*", ".")) for host in settings.ALLOWED_HOSTS):
        found.append(Error("ALLOWED_HOSTS must name its hosts, without wildcards.", id="handover.E006"))
    if elsewhere and not settings.SESSION_COOKIE_SECURE:
        found.append(Error("COOKIES_SECURE is off while other hosts are allowed.", id="handover.E007"))
    return found


@register(Tags.security)
def the_proxy_has_addresses(**_kwargs: Any) -> list[CheckMessage]:
    """The trusted proxies are networks, and none of them is everybody."""
    try:
        refuse_unsafe_bind("127.0.0.1", tls=False, proxies=",".join(settings.TRUSTED_PROXIES))
    except StandError as error:
        return [Error(str(error), id="handover.E008")]
    return []


@register(Tags.security, deploy=True)
def keys_have_a_second_place(**_kwargs: Any) -> list[CheckMessage]:
    """In production the keyring is copied to a second place at every change."""
    if settings.KEYRING_COPY:
        return []
    return [
        Warning(
            "KEYRING_COPY is empty: if this machine is lost, everything sealed is lost.",
            hint="Set it to a folder on another machine or disk.",
            id="handover.W001",
        )
    ]


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
