"""The last act on a transfer: it is closed when nobody is in limbo and the law's remainder is kept."""

from django.db import transaction

from access.models import User
from audit.errors import Refused
from audit.services import record
from transfer.archived import unarchived
from transfer.events import TransferEvent
from transfer.models import ClientCase, Transfer
from transfer.policies import TRANSFEROR, require_side
from transfer.services.locking import lock_transfer
from transfer.services.recalls import open_recalls


@transaction.atomic
def close_transfer(*, transfer: Transfer, by: User) -> Transfer:
    """Nothing more happens in this transfer.

    Raises:
        NotAllowed: ``by`` may not close this transfer for the transferor.
        Refused: it is not settled, a client waits between the firms or for a decision on its recall, or the
            transferor's archive lacks somebody who moved.
    """
    transfer = lock_transfer(transfer)
    require_side(by, "transfer.close_transfer", transfer, TRANSFEROR)
    if transfer.state != Transfer.State.SETTLED:
        raise Refused("transfer.not_settled")
    between = ClientCase.objects.filter(transfer=transfer, state=ClientCase.State.RELEASED).count()
    if limbo := between + open_recalls(transfer):
        raise Refused("transfer.clients_in_limbo", count=limbo)
    if missing := unarchived(transfer):
        raise Refused("transfer.archive_missing", count=missing)
    transfer.state = Transfer.State.CLOSED
    transfer.save(update_fields=["state"])
    record(TransferEvent.CLOSED, actor=by, subject=transfer)
    return transfer
