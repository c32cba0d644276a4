"""Tokens of programs: whose one is, and what the log hears of those that are refused."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from oauth2_provider.models import AccessToken

from access.events import Event
from access.models import Program
from audit.services import record
from vault.ids import INSTALLATION

NOTE_USE_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class Bearer:
    """The program a token stands for, and how far it goes."""

    program: Program
    scopes: frozenset[str]


def bearer_of(token: str) -> Bearer | None:
    """Whose token this is; None when nobody's: unknown, run out, or its program is revoked or switched off.

    A program's scopes can shrink after the token was issued; the token shrinks with them.
    """
    digest = hashlib.sha256(token.encode()).hexdigest()
    found = (
        AccessToken.objects.select_related("application__program__user__organisation")
        .filter(token_checksum=digest, expires__gt=timezone.now())
        .filter(application__program__revoked_at=None, application__program__user__is_active=True)
        .first()
    )
    if found is None:
        return None
    program: Program = found.application.program
    return Bearer(program, frozenset(found.scope.split()) & frozenset(program.scopes))


def note_use(program: Program) -> None:
    """The program's page says to the minute when it was last used."""
    now = timezone.now()
    before = now - NOTE_USE_EVERY
    if program.last_used_at is None or program.last_used_at < before:
        due = Q(last_used_at=None) | Q(last_used_at__lt=before)
        Program.objects.filter(due, pk=program.pk).update(last_used_at=now)


@transaction.atomic
def note_refusal(reason: str, *, client_id: str = "") -> None:
    """The log says that no token was issued, or that one was not taken, and why."""
    program = Program.objects.filter(application__client_id=client_id).first() if client_id else None
    record(
        Event.TOKEN_REFUSED,
        actor=None,
        subject=program or ("access.program", INSTALLATION),
        organisation=program.organisation_id if program else None,
        reason=reason,
    )
