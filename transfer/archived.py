"""How far the transferor's sealed archive covers the clients it has handed over."""

from clients.models import ArchivedRow
from transfer.bases import keeps_archive
from transfer.models import ClientCase, Transfer

MOVED = (ClientCase.State.RELEASED, ClientCase.State.ACCEPTED)


def unarchived(transfer: Transfer) -> int:
    """How many clients have moved without lying in the archive that the law makes the transferor keep."""
    if not keeps_archive(transfer):
        return 0
    archived = ArchivedRow.objects.filter(
        archive__occasion=transfer.pk, archive__holder=transfer.transferor_id
    )
    moved = ClientCase.objects.filter(transfer=transfer, state__in=MOVED)
    return moved.exclude(client__in=archived.values("client")).count()
