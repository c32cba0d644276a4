"""The one place that remembers a refusal, for pages and API alike."""

import logging

from django.db import transaction
from django.http import HttpRequest
from django.urls import Resolver404, resolve

from access.errors import NotAllowed
from access.models import User
from audit.errors import Refused
from audit.services import record
from handover.events import Event
from vault.errors import VaultError
from vault.ids import INSTALLATION

logger = logging.getLogger(__name__)

Refusal = Refused | NotAllowed | VaultError


def remember(request: HttpRequest, refusal: Refusal) -> None:
    """Write the refusal into the log in a transaction of its own; the act's is rolled back by now."""
    user = request.user if request.user.is_authenticated else None
    organisation = user.organisation_id if isinstance(user, User) else None
    subject = ("access.user", user.pk if user is not None else INSTALLATION)
    event, reason = _event_of(refusal)
    if event is Event.VAULT_FAILED:
        logger.error("the vault refused: route=%s", route_of(request), exc_info=refusal)
    with transaction.atomic():
        record(
            event,
            actor=user.pk if user is not None else None,
            subject=subject,
            organisation=organisation,
            reason=reason,
            method=request.method or "",
            route=route_of(request),
        )


def _event_of(refusal: Refusal) -> tuple[Event, str]:
    if isinstance(refusal, Refused):
        return Event.ACT_REFUSED, refusal.code
    if isinstance(refusal, NotAllowed):
        return Event.ACCESS_REFUSED, refusal.permission
    return Event.VAULT_FAILED, "vault"


def route_of(request: HttpRequest) -> str:
    """The name of the address, which holds no ids and nothing typed."""
    try:
        match = request.resolver_match or resolve(request.path_info)
    except Resolver404:
        return ""
    return match.url_name or ""
