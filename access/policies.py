"""Who may do what. Everything is refused unless a duty in force and the object's parties allow it.

Invariants:
- No actor, an anonymous or a switched-off one, and a permission nobody declared are refused.
- A duty counts only on the days it is in force, and for a program only as far as its token's scopes go.
- An object that names its parties is open to their people alone, and beyond them only to somebody
  with a grant in force on this object (or on the object it is reached through).
- Every page and API door says which permission it asks for, or that it is public; a test walks the routes.
"""

import functools
from collections.abc import Callable
from typing import Any, Protocol, cast, runtime_checkable
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.db import models
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from guardian.core import ObjectPermissionChecker

from access.asking import once
from access.duties import Duty
from access.errors import NotAllowed, OutsideScope
from access.models import Grant, RoleAssignment, User
from access.narrowing import outside_scope
from access.registry import duties_for

PUBLIC = "public"
SIGNED_IN = "signed_in"

View = Callable[..., HttpResponseBase]


@runtime_checkable
class HasParties(Protocol):
    """An object that belongs to certain organisations. May also have ``granted_through()``, the object
    (a transfer, say) a grant on which opens this one.
    """

    def parties(self) -> set[UUID]: ...


def duties_in_force(user: object) -> frozenset[Duty]:
    """The duties this person holds today; none for a stranger or a switched-off account."""
    if not isinstance(user, User) or not user.is_active:
        return frozenset()
    held = RoleAssignment.objects.in_force().filter(user=user).values_list("duty", flat=True)
    return once(("duties", user.pk), lambda: frozenset(Duty(duty) for duty in held))


def may(user: object, permission: str, obj: object | None = None) -> bool:
    """True when a duty in force carries the permission and the object, if any, is within reach."""
    if outside_scope(user, permission) or not _carried(user, permission):
        return False
    return obj is None or within_reach(cast("User", user), obj)


def _carried(user: object, permission: str) -> bool:
    allowed = duties_for(permission)
    return bool(allowed) and bool(allowed & duties_in_force(user))


def require(user: object, permission: str, obj: object | None = None) -> None:
    """Return only when ``may`` says yes.

    Raises:
        OutsideScope: a program whose duties would do, but whose token's scopes do not.
        NotAllowed: in every other case.
    """
    if outside_scope(user, permission) and _carried(user, permission):
        raise OutsideScope(permission)
    if not may(user, permission, obj):
        raise NotAllowed(permission)


def require_grant(user: object, permission: str, obj: object | None) -> None:
    """Return only when the person's duty carries the permission and a grant in force opens this very object.

    For acts that want an eye from outside: belonging to one of the object's parties is not enough.

    Raises:
        NotAllowed: in every other case.
    """
    if obj is None or not may(user, permission, obj) or not holds_grant(cast("User", user), obj):
        raise NotAllowed(permission)


def within_reach(user: User, obj: object) -> bool:
    """True when the person's organisation is a party to the object or a grant in force opens it.

    An object without parties belongs to the installation as a whole (the law register, say): there
    duty alone decides.
    """
    parties = parties_of(obj)
    if parties is None or user.organisation_id in parties:
        return True
    through = getattr(obj, "granted_through", None)
    return holds_grant(user, through() if callable(through) else obj)


def parties_of(obj: object) -> set[UUID] | None:
    """The organisations the object belongs to, or None when it names none at all."""
    if isinstance(obj, HasParties):
        return obj.parties()
    organisation = getattr(obj, "organisation_id", None)
    return {organisation} if isinstance(organisation, UUID) else None


def holds_grant(user: User, obj: object, codename: str | None = None) -> bool:
    """True when the person was let see this very object and the time has not run out."""
    if not isinstance(obj, models.Model):
        return False
    codename = codename or view_codename(obj)
    in_time = Grant.objects.in_force().filter(user=user, codename=codename, object_id=obj.pk).exists()
    return in_time and bool(ObjectPermissionChecker(user).has_perm(codename, obj))


def view_codename(model: models.Model | type[models.Model]) -> str:
    """The permission that a grant of sight on an object of this model carries."""
    return f"view_{model._meta.model_name}"


def granted_ids(user: User, model: type[models.Model], codename: str | None = None) -> set[UUID]:
    """The ids of this model's objects opened to the person by grants in force, to scope a queryset."""
    codename = codename or view_codename(model)
    grants = Grant.objects.in_force().filter(
        user=user,
        codename=codename,
        object_label=model._meta.label_lower,
    )
    return set(grants.values_list("object_id", flat=True))


def permission_required(permission: str) -> Callable[[View], View]:
    """Mark a view with the permission it asks for, and ask: a stranger signs in first, others are refused.

    The object itself is the service's or the view's to check: it is not known here.
    """

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            require(request.user, permission)
            return view(request, *args, **kwargs)

        checked.required_permission = permission  # type: ignore[attr-defined]
        return checked

    return decorate


def signed_in(view: View) -> View:
    """Mark a view that every signed-in person may use for themselves (their password, their step-up)."""

    @functools.wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        return view(request, *args, **kwargs)

    checked.required_permission = SIGNED_IN  # type: ignore[attr-defined]
    return checked


def public(view: View) -> View:
    """Mark a view that needs nobody signed in."""

    @functools.wraps(view)
    def open_to_all(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return view(request, *args, **kwargs)

    open_to_all.required_permission = PUBLIC  # type: ignore[attr-defined]
    return open_to_all


def declares(permission: str) -> type:
    """A mixin for class-based views, to stand first: the same promise as ``permission_required``."""

    class Declares:
        required_permission = permission

        def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            require(request.user, permission)
            answer: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
            return answer

    return Declares
