"""Reads of clients, scoped by the reader."""

from collections.abc import Mapping
from typing import Final

from django.db.models import QuerySet

from access.duties import Duty
from access.models import Branch, User
from access.policies import duties_in_force, may
from access.registry import duties_for
from clients.labels import FLAGS
from clients.models import Client

VIEW: Final = "clients.view_client"


def sees_own_only(user: User) -> bool:
    """True for somebody whose only sight of clients is being their client manager."""
    return duties_in_force(user) & duties_for(VIEW) == {Duty.CLIENT_SERVICE}


def visible_clients(user: User) -> QuerySet[Client]:
    """The clients in the custody of the reader's organisation; of client service only their own."""
    if not may(user, VIEW):
        return Client.objects.none()
    clients = Client.objects.in_custody_of(user.organisation_id)
    if not sees_own_only(user):
        return clients
    return clients.filter(staff_no=user.staff_no) if user.staff_no else clients.none()


def narrowed(clients: QuerySet[Client], wanted: Mapping[str, str]) -> QuerySet[Client]:
    """The clients of this kind, status, branch and flag; what is left out does not narrow."""
    for name in ("kind", "status"):
        if wanted.get(name):
            clients = clients.filter(**{name: wanted[name]})
    if wanted.get("branch"):
        clients = clients.filter(branch__code=wanted["branch"])
    if wanted.get("flag") in FLAGS:
        clients = clients.filter(**{wanted["flag"]: True})
    return clients


def count_up_to(clients: QuerySet[Client], most: int) -> int:
    """How many there are, or ``most`` + 1 for any more: nobody waits for a million rows to be counted."""
    return clients.order_by()[: most + 1].count()


def branches_of(user: User) -> list[Branch]:
    """The branches of the reader's organisation."""
    return list(Branch.objects.filter(organisation=user.organisation_id))
