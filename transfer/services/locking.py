"""The one way in which an act takes hold of its transfer."""

from collections.abc import Collection
from uuid import UUID

from audit.errors import Refused
from transfer.models import Transfer

ENDED = {Transfer.State.CLOSED, Transfer.State.ABORTED}


def lock_transfer(transfer: Transfer | UUID, *, states: Collection[str] | None = None) -> Transfer:
    """The transfer as it stands now, locked until the transaction ends.

    Raises:
        Refused: the transfer has ended, or is at none of ``states``.
    """
    key = transfer if isinstance(transfer, UUID) else transfer.pk
    locked = (
        Transfer.objects.select_for_update(of=("self",))
        .select_related("transferor", "transferee")
        .get(pk=key)
    )
    if states is None and locked.state in ENDED:
        raise Refused("transfer.has_ended")
    if states is not None and locked.state not in states:
        wanted = ", ".join(str(Transfer.State(state).label) for state in sorted(states))
        raise Refused("transfer.not_in_state", wanted=wanted, state=str(Transfer.State(locked.state).label))
    return locked
