"""Letting a person of another organisation see one object, for a time."""

from datetime import date
from typing import cast
from uuid import UUID

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from guardian.shortcuts import assign_perm, remove_perm

from access.errors import NotAllowed
from access.events import Event
from access.models import Grant, User
from access.policies import HasParties, require
from audit.errors import Refused
from audit.services import record
from vault import clock


@transaction.atomic
def grant_object(
    user: User,
    codename: str,
    obj: models.Model,
    *,
    by: User | None,
    ends_on: date | None = None,
) -> Grant:
    """Let a person see one object until the day before ``ends_on``; their duty must still permit the act.

    Raises:
        NotAllowed: ``by`` may not grant, or the object is not their organisation's.
        Refused: to oneself, twice, with reversed dates, or a permission this kind of object lacks.
    """
    user = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    require(by, "access.grant_object", obj)
    if by is None or by.pk == user.pk:
        raise Refused("access.own_grant")
    today = clock.today()
    if ends_on is not None and ends_on < today:
        raise Refused("access.dates_reversed")
    kind = ContentType.objects.get_for_model(obj)
    if not Permission.objects.filter(content_type=kind, codename=codename).exists():
        raise Refused("access.grant_unknown")
    if Grant.objects.in_force().filter(user=user, codename=codename, object_id=obj.pk).exists():
        raise Refused("access.grant_held", name=user.username)

    grant = Grant.objects.create(
        user=user,
        codename=codename,
        object_label=obj._meta.label_lower,
        object_id=obj.pk,
        ends_on=ends_on,
        given_by=by,
    )
    assign_perm(codename, user, obj)
    record(
        Event.GRANT_GIVEN,
        actor=by,
        subject=obj,
        organisation=by.organisation_id,
        to=str(user.pk),
        codename=codename,
        ends_on=ends_on.isoformat() if ends_on else None,
    )
    return grant


@transaction.atomic
def end_grant(grant_id: UUID, *, by: User | None) -> Grant:
    """Take the sight away now.

    Raises:
        NotAllowed: ``by`` may not grant, or is of another organisation than the giver.
        Refused: the grant is over.
    """
    grant: Grant = (
        Grant.objects.select_for_update(of=("self",)).select_related("given_by", "user").get(pk=grant_id)
    )
    require(by, "access.grant_object", grant)
    today = clock.today()
    if grant.ends_on is not None and grant.ends_on <= today:
        raise Refused("access.grant_over")
    grant.ends_on = today
    grant.save(update_fields=["ends_on"])
    _take_back(grant)
    record(
        Event.GRANT_ENDED,
        actor=by,
        subject=(grant.object_label, grant.object_id),
        organisation=grant.given_by.organisation_id,
        to=str(grant.user_id),
        codename=grant.codename,
    )
    return grant


def _take_back(grant: Grant) -> None:
    obj = granted_object(grant)
    if obj is not None:
        remove_perm(grant.codename, grant.user, obj)


def granted_object(grant: Grant) -> models.Model | None:
    """The object a grant opens, or None when it is gone."""
    return _find(grant.object_label, grant.object_id)


def grantable_object(label: str, object_id: UUID) -> models.Model:
    """The object named by model and id, to grant sight of; whether one may is asked when granting.

    Raises:
        NotAllowed: there is no such object, or nothing belongs to parties there.
    """
    obj = _find(label, object_id)
    if not isinstance(obj, HasParties):
        raise NotAllowed("access.grant_object")
    return cast("models.Model", obj)


def _find(label: str, object_id: UUID) -> models.Model | None:
    try:
        model = apps.get_model(label)
    except (LookupError, ValueError):
        return None
    found: models.Model | None = model._base_manager.filter(pk=object_id).first()
    return found
