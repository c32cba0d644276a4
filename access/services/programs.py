"""Programs: registering, changing the secret, revoking. What a program may do changes at once.

Invariants:
- A program has a service user of its own, without password, in the organisation it acts for.
- Its secret is told once, to the administrator who registered it or changed it, and kept as a digest.
- A changed secret and a revocation end every token at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, cast
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from oauth2_provider.models import AccessToken, Application

from access.duties import Duty
from access.events import Event
from access.models import Organisation, Program, User
from access.oauth import new_secret
from access.policies import require
from access.registry import permissions_of
from access.scopes import DUTIES_FOR_PROGRAMS, SCOPES, permissions_in
from access.services.duties import assign_duty
from audit.errors import Refused
from audit.services import record
from vault.ids import new_id

_CLIENT_ID_MARK: Final = "hoc_"


@dataclass(frozen=True)
class Credentials:
    """What the program signs in with; the secret is told here and never again."""

    program: Program
    secret: str = field(repr=False)

    @property
    def client_id(self) -> str:
        return str(self.program.application.client_id)


@transaction.atomic
def register_program(
    *,
    by: User | None,
    organisation: Organisation,
    name: str,
    duties: Iterable[Duty | str],
    scopes: Iterable[str],
    requests_per_minute: int | None = None,
) -> Credentials:
    """A program may act for the organisation: with these duties, as far as these scopes go.

    Raises:
        NotAllowed: ``by`` does not look after this organisation.
        Refused: the name is taken, a duty is not for programs or may not go with another, a scope does
            not exist, or duties and scopes have nothing in common.
    """
    organisation = Organisation.objects.select_for_update().get(pk=organisation.pk)
    _require_administration(by, organisation)
    wanted = [Duty(duty) for duty in duties]
    allowed = sorted(set(scopes))
    _refuse_unfit(organisation, name, wanted, allowed)

    program = _make(by, organisation, name, allowed, requests_per_minute)
    secret = _new_secret(program)
    record(
        Event.PROGRAM_REGISTERED,
        actor=by,
        subject=program,
        organisation=organisation.pk,
        user=program.user_id,
        scopes=allowed,
        requests_per_minute=program.requests_per_minute,
    )
    for duty in wanted:
        assign_duty(by=by, user=program.user, duty=duty)
    return Credentials(program, secret)


def _require_administration(by: User | None, organisation: Organisation) -> None:
    """A broker's programs are its own administrators' alone; guests' are any administrator's, like their people."""
    own = organisation.kind == Organisation.Kind.BROKER
    require(by, "access.manage_programs", organisation if own else None)


def _refuse_unfit(organisation: Organisation, name: str, duties: list[Duty], scopes: list[str]) -> None:
    if organisation.programs.filter(name=name, revoked_at=None).exists():
        raise Refused("access.program_name_taken")
    for duty in duties:
        if duty not in DUTIES_FOR_PROGRAMS:
            raise Refused("access.program_duty", duty=duty.label)
    for scope in scopes:
        if scope not in SCOPES:
            raise Refused("access.program_scope", scope=scope)
    carried = frozenset().union(*(permissions_of(duty) for duty in duties))
    if not carried & permissions_in(scopes):
        raise Refused("access.program_idle")


def _make(
    by: User | None, organisation: Organisation, name: str, scopes: list[str], per_minute: int | None
) -> Program:
    key = new_id()
    user = User(username=f"program-{key.hex[-12:]}", name=name, organisation=organisation, is_program=True)
    user.set_unusable_password()
    user.save()
    application = Application(
        client_id=f"{_CLIENT_ID_MARK}{key.hex}",
        name=name,
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
    )
    application.save()
    return Program.objects.create(
        id=key,
        organisation=organisation,
        user=user,
        application=application,
        name=name,
        scopes=scopes,
        requests_per_minute=per_minute or settings.PROGRAM_REQUESTS_PER_MINUTE,
        registered_by=cast("User", by),
    )


@transaction.atomic
def change_secret(program_id: UUID, *, by: User | None) -> Credentials:
    """The program has a new secret; the old one and every token are dead.

    Raises:
        NotAllowed: ``by`` does not look after the program's organisation.
        Refused: the program is revoked.
    """
    program = _locked(program_id, by)
    secret = _new_secret(program)
    program.secret_changed_at = timezone.now()
    program.save(update_fields=["secret_changed_at"])
    ended = _end_tokens(program)
    record(
        Event.PROGRAM_SECRET_CHANGED,
        actor=by,
        subject=program,
        organisation=program.organisation_id,
        tokens=ended,
    )
    return Credentials(program, secret)


@transaction.atomic
def revoke_program(program_id: UUID, *, by: User | None) -> Program:
    """The program may do nothing any more, from this moment and for ever.

    Raises:
        NotAllowed: ``by`` does not look after the program's organisation.
        Refused: it is revoked already.
    """
    program = _locked(program_id, by)
    program.revoked_at, program.revoked_by = timezone.now(), by
    program.save(update_fields=["revoked_at", "revoked_by"])
    program.user.is_active = False
    program.user.save(update_fields=["is_active"])
    ended = _end_tokens(program)
    record(
        Event.PROGRAM_REVOKED, actor=by, subject=program, organisation=program.organisation_id, tokens=ended
    )
    return program


def _locked(program_id: UUID, by: User | None) -> Program:
    program: Program = (
        Program.objects.select_for_update(of=("self",))
        .select_related("organisation", "user", "application")
        .get(pk=program_id)
    )
    _require_administration(by, program.organisation)
    if program.revoked_at is not None:
        raise Refused("access.program_revoked")
    return program


def _new_secret(program: Program) -> str:
    secret = new_secret()
    program.application.client_secret = secret
    program.application.save(update_fields=["client_secret"])
    return secret


def _end_tokens(program: Program) -> int:
    ended, _by_model = AccessToken.objects.filter(application=program.application).delete()
    return int(ended)
