"""Exceptions to gates: asked by one person, granted by another with the duty, printed on the certificate.

An exception covers the facts that failed when it was granted. When another one fails later, the gate is closed
again until somebody asks anew.

The gates protect the transferor's clients: the transferee alone, by however many people, never opens one.
"""

from django.db import transaction
from django.utils import timezone

from access.models import User
from audit.errors import Refused
from audit.services import record
from transfer.events import TransferEvent
from transfer.gates.registry import WITHOUT_EXCEPTION
from transfer.gates.registry import gate as gate_of
from transfer.models import GateException, Transfer
from transfer.policies import BOTH, require_side
from transfer.services.locking import lock_transfer


@transaction.atomic
def ask_exception(*, transfer: Transfer, gate: int, reason: str, by: User) -> GateException:
    """An exception to one gate waits for a second person; the gate stays closed meanwhile.

    Raises:
        NotAllowed: ``by`` may not ask for exceptions on this transfer.
        Refused: no reason, the gate takes none, does not apply or is open, or one waits already.
    """
    transfer = lock_transfer(transfer)
    require_side(by, "transfer.ask_exception", transfer, *BOTH)
    if gate in WITHOUT_EXCEPTION:
        raise Refused("gate.no_exception_possible", gate=gate)
    if not reason.strip():
        raise Refused("gate.reason_missing")
    if GateException.objects.filter(transfer=transfer, gate=gate, granted_at=None).exists():
        raise Refused("gate.exception_asked_already", gate=gate)
    computed = gate_of(transfer, gate)
    if not computed.applies:
        raise Refused("gate.does_not_apply", gate=gate, why=computed.why_not)
    if computed.open:
        raise Refused("gate.open_already", gate=gate)
    exception = GateException.objects.create(transfer=transfer, gate=gate, reason=reason.strip(), asked_by=by)
    record(TransferEvent.EXCEPTION_ASKED, actor=by, subject=exception, transfer=str(transfer.pk), gate=gate)
    return exception


@transaction.atomic
def grant_exception(*, exception: GateException, by: User) -> GateException:
    """The gate is open by exception over exactly the facts that fail now; the certificate will print it first.

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
    exception.facts = [fact.code for fact in gate_of(transfer, exception.gate).missing]
    exception.save(update_fields=["granted_by", "granted_at", "facts"])
    record(
        TransferEvent.EXCEPTION_GRANTED,
        actor=by,
        subject=exception,
        transfer=str(transfer.pk),
        gate=exception.gate,
        facts=exception.facts,
    )
    return exception
