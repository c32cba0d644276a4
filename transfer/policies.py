"""Which transfers a person may see, when the data behind one is open to them, and which side an act belongs to.

Invariants:
- A grant on a transfer lets an outsider look. It never lets anybody act for a firm that is not their own.
- An act by which one firm could harm the other belongs to the firm that answers for it.
"""

from uuid import UUID

from django.db.models import Q, QuerySet

from access.errors import NotAllowed
from access.models import User
from access.policies import granted_ids, holds_grant, may
from audit.errors import Refused
from transfer.bases import data_moves, refuse_unless_data_moves
from transfer.gates.registry import gate
from transfer.models import Transfer

TRANSFEROR, TRANSFEREE = "transferor", "transferee"
BOTH = (TRANSFEROR, TRANSFEREE)


def require_side(user: User, permission: str, transfer: Transfer, *sides: str) -> None:
    """Return only when the person may do this and belongs to one of these sides of the transfer.

    Raises:
        NotAllowed: a duty is missing, or the person is of another side or an outsider with a grant.
    """
    if not may_for_side(user, permission, transfer, *sides):
        raise NotAllowed(permission)


def may_for_side(user: User, permission: str, transfer: Transfer, *sides: str) -> bool:
    """What ``require_side`` would say, for pages that offer only what would go through."""
    return may(user, permission, transfer) and side_of(transfer, user.organisation_id) in sides


def may_from_outside(user: User, permission: str, transfer: Transfer) -> bool:
    """True for a guest with the duty and a grant on this transfer: what ``require_grant`` would say."""
    return may(user, permission, transfer) and holds_grant(user, transfer)


def visible_transfers(user: User) -> QuerySet[Transfer]:
    """The transfers of the person's organisation, and those opened to them by a grant; none without the duty."""
    if not may(user, "transfer.view_transfer"):
        return Transfer.objects.none()
    mine = Q(transferor=user.organisation_id) | Q(transferee=user.organisation_id)
    granted = Q(pk__in=granted_ids(user, Transfer))
    return Transfer.objects.filter(mine | granted).select_related("transferor", "transferee")


def sees_data(user: User, transfer: Transfer) -> bool:
    """True when counts, sums and rows behind the transfer are open to the person.

    The transferor sees its own data from the first day; everybody else from the moment gate 1 is open. Where
    nothing moves the other firm never sees them: it gets figures in which nobody can be singled out.
    """
    if user.organisation_id == transfer.transferor_id:
        return True
    if user.organisation_id == transfer.transferee_id and not data_moves(transfer):
        return False
    return gate(transfer, 1).open


def require_sight(user: User, transfer: Transfer) -> None:
    """Return only when the data behind the transfer is open to the person.

    Raises:
        Refused: gate 1 is closed, or nothing moves to the person's firm.
    """
    if user.organisation_id == transfer.transferee_id:
        refuse_unless_data_moves(transfer)
    if not sees_data(user, transfer):
        raise Refused("gate.sight_closed")


def side_of(transfer: Transfer, organisation: UUID) -> str:
    """transferor, transferee, or the empty string for anybody else."""
    sides = {transfer.transferor_id: TRANSFEROR, transfer.transferee_id: TRANSFEREE}
    return sides.get(organisation, "")
