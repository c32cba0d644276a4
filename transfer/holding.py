"""Which keys of a transfer's clients the other firm holds."""

from clients.models import Client
from transfer.models import Transfer
from vault.models import Wrap


def wraps_of_other_firm(transfer: Transfer) -> int:
    """How many keys of clients of the transferor's book the other firm can open."""
    if transfer.transferee_id is None:
        return 0
    clients = Client.objects.filter(book=transfer.book_id)
    return Wrap.objects.filter(holder=transfer.transferee_id, subject__in=clients.values("pk")).count()
