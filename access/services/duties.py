"""Giving and ending duties. A change of duty changes what a person may do at once."""

from datetime import date
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from access.duties import Duty, conflicts
from access.events import Event
from access.models import RoleAssignment, User
from access.policies import require
from access.scopes import DUTIES_FOR_PROGRAMS
from access.services.people import require_administration
from audit.errors import Refused
from audit.services import record
from vault import clock


@transaction.atomic
def assign_duty(
    *,
    by: User | None,
    user: User,
    duty: Duty | str,
    starts_on: date | None = None,
    ends_on: date | None = None,
) -> RoleAssignment:
    """Give a person a duty from ``starts_on`` (today) until the day before ``ends_on`` (open).

    Raises:
        NotAllowed: ``by`` does not look after this person's organisation.
        Refused: it is their own account, a switched-off one or a program's that may not hold it; the dates are
            reversed; or in that time the person holds the duty already or one that may not go with it.
    """
    wanted = Duty(duty)
    starts_on = starts_on or clock.today()
    user = User.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=user.pk)
    _require_administration_of_duty(by, user, wanted)
    if by is not None and by.pk == user.pk:
        raise Refused("access.own_duty")
    if not user.is_active:
        raise Refused("access.duty_of_inactive")
    if user.is_program and wanted not in DUTIES_FOR_PROGRAMS:
        raise Refused("access.program_duty", duty=wanted.label)
    if ends_on is not None and ends_on < starts_on:
        raise Refused("access.dates_reversed")
    _refuse_clash(user, wanted, starts_on, ends_on)

    held = RoleAssignment.objects.create(
        user=user, duty=wanted, starts_on=starts_on, ends_on=ends_on, granted_by=by
    )
    record(
        Event.DUTY_ASSIGNED,
        actor=by,
        subject=user,
        organisation=user.organisation_id,
        duty=wanted.value,
        starts_on=starts_on.isoformat(),
        ends_on=ends_on.isoformat() if ends_on else None,
    )
    return held


def _require_administration_of_duty(by: User | None, user: User, wanted: Duty) -> None:
    """A broker's first administrator is named by whoever opened the account; all others by its own people."""
    organisation = user.organisation
    untouched = not RoleAssignment.objects.filter(user__organisation=organisation).exists()
    if wanted == Duty.ADMINISTRATOR and untouched and organisation.users.count() == 1:
        require(by, "access.manage_users")
    else:
        require_administration(by, organisation)


def _refuse_clash(user: User, wanted: Duty, starts_on: date, ends_on: date | None) -> None:
    overlapping = user.assignments.filter(Q(ends_on=None) | Q(ends_on__gt=starts_on))
    if ends_on is not None:
        overlapping = overlapping.filter(starts_on__lt=ends_on)
    for assignment in overlapping:
        held = Duty(assignment.duty)
        if held == wanted:
            raise Refused("access.duty_held", name=user.username)
        if conflicts(held, wanted):
            raise Refused("access.duties_conflict", held=held.label, wanted=wanted.label)


@transaction.atomic
def end_duty(assignment_id: UUID, *, by: User | None) -> RoleAssignment:
    """End a duty now: from this moment it permits nothing. One that has not begun never begins.

    Raises:
        NotAllowed: ``by`` does not look after this person's organisation.
        Refused: it is ``by``'s own duty, or it is over.
    """
    held: RoleAssignment = (
        RoleAssignment.objects.select_for_update(of=("self",))
        .select_related("user__organisation")
        .get(pk=assignment_id)
    )
    require_administration(by, held.user.organisation)
    if by is not None and by.pk == held.user_id:
        raise Refused("access.own_duty")
    today = clock.today()
    if held.ends_on is not None and held.ends_on <= today:
        raise Refused("access.duty_over")
    held.ends_on = max(today, held.starts_on)
    held.save(update_fields=["ends_on"])
    record(
        Event.DUTY_ENDED,
        actor=by,
        subject=held.user,
        organisation=held.user.organisation_id,
        duty=held.duty,
        ends_on=held.ends_on.isoformat(),
    )
    return held
