"""Whom a run is about, and whose wraps open its rows."""

from typing import cast
from uuid import UUID

from django.db.models import QuerySet

from clients.models import Client
from transfer.bases import BY_CONSENT
from transfer.models import ClientCase, Run

STAYING = (ClientCase.State.LEFT, ClientCase.State.EXCLUDED)


def delivered_clients(run: Run) -> QuerySet[Client]:
    """The clients a run is about: who would move now, or who was accepted; in the order of their ids."""
    transfer = run.transfer
    if run.kind == Run.Kind.CUTOVER:
        accepted = ClientCase.objects.filter(transfer=transfer, state=ClientCase.State.ACCEPTED)
        return Client.objects.filter(pk__in=accepted.values("client_id")).order_by("pk")
    if transfer.basis in BY_CONSENT:
        # Even disguised, the rows of whoever has not consented are not the other firm's to have.
        cleared = ClientCase.objects.filter(transfer=transfer, state=ClientCase.State.CLEARED)
        return Client.objects.filter(pk__in=cleared.values("client_id")).order_by("pk")
    staying = ClientCase.objects.filter(transfer=transfer, state__in=STAYING)
    mine = Client.objects.filter(book=transfer.book_id, custodian=transfer.transferor_id)
    return mine.exclude(pk__in=staying.values("client_id")).order_by("pk")


def organisation_of(run: Run) -> UUID:
    """Who opens the rows: the transferor before acceptance, the transferee after."""
    transfer = run.transfer
    rehearsal = run.kind == Run.Kind.REHEARSAL or transfer.transferee_id is None
    return transfer.transferor_id if rehearsal else cast("UUID", transfer.transferee_id)
