"""Reads scoped by reader."""

from django.db.models import Count, F, Prefetch, Q, QuerySet

from access.models import Grant, InForceQuerySet, Organisation, Program, RoleAssignment, User
from access.policies import may


def users_visible_to(user: User) -> QuerySet[User]:
    """The people of the reader's organisation; an administrator also sees those they look after.

    Each comes with ``duties_now``, the assignments in force today.
    """
    reach = Q(organisation=user.organisation_id)
    if may(user, "access.manage_users"):
        reach |= ~Q(organisation__kind=Organisation.Kind.BROKER)
        # A broker whose only account has never held a duty: somebody has to name its first administrator.
        alone = Organisation.objects.annotate(
            people=Count("users", distinct=True), duties=Count("users__assignments")
        ).filter(people=1, duties=0)
        reach |= Q(organisation__in=alone.values("pk"))
    in_force = Prefetch("assignments", queryset=RoleAssignment.objects.in_force(), to_attr="duties_now")
    return User.objects.filter(reach).select_related("organisation", "branch").prefetch_related(in_force)


def organisations_administered_by(user: User) -> QuerySet[Organisation]:
    """Where this administrator may open accounts: their own, guests, and brokers that have nobody yet."""
    if not may(user, "access.manage_users"):
        return Organisation.objects.none()
    empty = Organisation.objects.annotate(people=Count("users")).filter(people=0)
    return Organisation.objects.filter(
        Q(pk=user.organisation_id) | ~Q(kind=Organisation.Kind.BROKER) | Q(pk__in=empty.values("pk"))
    )


def grants_visible_to(user: User) -> InForceQuerySet:
    """The grants that people of the reader's organisation gave, newest first."""
    given = Grant.objects.filter(given_by__organisation=user.organisation_id)
    found: InForceQuerySet = given.select_related("user__organisation", "given_by").order_by("-id")
    return found


def people_to_grant_to(user: User) -> QuerySet[User]:
    """Whom an object may be opened to: people of guest organisations, whose accounts are on."""
    guests = User.objects.filter(is_active=True).exclude(organisation__kind=Organisation.Kind.BROKER)
    return guests.exclude(pk=user.pk).select_related("organisation")


def organisations_with_programs(user: User) -> QuerySet[Organisation]:
    """For whom this administrator may register programs: their own organisation and guests."""
    if not may(user, "access.manage_programs"):
        return Organisation.objects.none()
    return Organisation.objects.filter(Q(pk=user.organisation_id) | ~Q(kind=Organisation.Kind.BROKER))


def programs_visible_to(user: User) -> QuerySet[Program]:
    """The programs this administrator looks after; those that may act come first."""
    found = Program.objects.filter(organisation__in=organisations_with_programs(user))
    return found.select_related(
        "organisation", "user", "application", "registered_by", "revoked_by"
    ).order_by(F("revoked_at").asc(nulls_first=True), "name", "id")
