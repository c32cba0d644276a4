"""Exceptions to gates: asked by one person, granted by another with the duty, printed on the certificate.

The gates protect the transferor's clients: the transferee alone, by however many people, never opens one.
"""

from django.db import transaction
from django.utils import timezone

from access.models import User
from audit.errors import Refused
from audit.services import record
from transfer.events import TransferEvent
from transfer.gates.registry import WITHOUT_EXCEPTION
from transfer.models import GateException, Transfer
from transfer.policies import BOTH, require_side
from transfer.services.locking import lock_transfer


@transaction.atomic
def ask_exception(*, transfer: Transfer, gate: int, reason: str, by: User) -> GateException:
    """An exception to one gate waits for a second person; the gate stays closed meanwhile.

    Raises:
        NotAllowed: ``by`` may not ask for exceptions on this transfer.
        Refused: no reason, the gate takes none, or one was asked for already.
    """
    transfer = lock_transfer(transfer)
    require_side(by, "transfer.ask_exception", transfer, *BOTH)
    if gate in WITHOUT_EXCEPTION:
        raise Refused("gate.no_exception_possible", gate=gate)
    if not reason.strip():
        raise Refused("gate.reason_missing")
    if GateException.objects.filter(transfer=transfer, gate=gate).exists():
        raise Refused("gate.exception_asked_already", gate=gate)
    exception = GateException.objects.create(transfer=transfer, gate=gate, reason=reason.strip(), asked_by=by)
    record(TransferEvent.EXCEPTION_ASKED, actor=by, subject=exception, transfer=str(transfer.pk), gate=gate)
    return exception


@transaction.atomic
def grant_exception(*, exception: GateException, by: User) -> GateException:
    """The gate is open by exception; the certificate will print it first.

    Raises:
        NotAllowed: ``by`` may not grant exceptions on this transfer.
        Refused: ``by`` asked for it, nobody of the transferor has asked or grants, or it is granted already.
    """
    transfer = lock_transfer(exception.transfer_id)
    exception = GateException.objects.select_for_update(of=("self",)).get(pk=exception.pk)
    require_side(by, "transfer.grant_exception", transfer, *BOTH)
    if exception.asked_by_id == by.pk:
        raise Refused("gate.four_eyes")
    if transfer.transferor_id not in {exception.asked_by.organisation_id, by.organisation_id}:
        raise Refused("gate.transferor_decides")
    if exception.granted_at is not None:
        raise Refused("gate.exception_granted_already")
    exception.granted_by = by
    exception.granted_at = timezone.now()
    exception.save(update_fields=["granted_by", "granted_at"])
    record(
        TransferEvent.EXCEPTION_GRANTED,
        actor=by,
        subject=exception,
        transfer=str(transfer.pk),
        gate=exception.gate,
    )
    return exception
