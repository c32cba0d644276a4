"""The same client at both firms."""

from django.db import transaction

from access.models import User
from access.policies import require
from audit.errors import Refused
from audit.services import record
from transfer.bases import refuse_unless_data_moves
from transfer.events import ImportEvent
from transfer.figures import lock_figures
from transfer.importing.matching import find_across
from transfer.models import Transfer
from transfer.services.health import keep_health


@transaction.atomic
def match_other_book(*, transfer: Transfer, by: User) -> int:
    """Every client of the transferor whose identity number the transferee's own book holds too carries
    the finding ``duplicate_across``; returns how many. Repeating it gives the same.

    Raises:
        NotAllowed: ``by`` may not load extracts of this transfer.
        Refused: the transferee has not loaded its own clients.
    """
    transfer = Transfer.objects.select_for_update().get(pk=transfer.pk)
    require(by, "transfer.load_extract", transfer)
    refuse_unless_data_moves(transfer)
    if transfer.taker_book_id is None:
        raise Refused("import.no_other_book")
    lock_figures(transfer.pk)
    found = find_across(transfer, by=by.pk)
    keep_health(transfer, transfer.transferor_id)
    record(
        ImportEvent.FIRMS_MATCHED, actor=by, subject=transfer, organisation=by.organisation_id, count=found
    )
    return found
