"""A later end of the mandate's window while the cutover is under way: signed by two people of each side again.

The organisation's custody key signs each person's go, as for the mandate itself; nothing else of the
mandate changes, least of all the set of clients.
"""

import datetime
import hashlib

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from access.models import User
from audit.errors import Refused
from audit.services import record
from transfer.events import MandateEvent
from transfer.gates.decision import SIGNATURES_PER_SIDE
from transfer.models import ExtensionSignature, Mandate, MandateExtension, Run, Transfer
from transfer.policies import BOTH, TRANSFEROR, require_side
from transfer.services.locking import lock_transfer
from transfer.services.mandates import canonical_bytes, live_mandate
from vault.signing import signer

REASON_AT_MOST = 300
OUTSIDE = "mandate.outside_window"


@transaction.atomic
def draft_extension(
    *, transfer: Transfer, not_after: datetime.datetime, reason: str, by: User
) -> MandateExtension:
    """A later end of the window waits for two people of each side; one that waited before is withdrawn.

    Raises:
        NotAllowed: ``by`` may not run the cutover of this transfer for the transferor.
        Refused: the transfer is not cutting over, there is no mandate, the new end is not later than the
            present one and than now, or no reason is given.
    """
    transfer = lock_transfer(transfer, states={Transfer.State.CUTTING_OVER})
    require_side(by, "transfer.run_cutover", transfer, TRANSFEROR)
    mandate = live_mandate(transfer)
    if mandate is None:
        raise Refused("mandate.not_live")
    if not_after <= max(window_end(mandate), timezone.now()):
        raise Refused("mandate.extends_nothing")
    if not reason.strip():
        raise Refused("gate.reason_missing")
    mandate.extensions.filter(complete_at=None, withdrawn_at=None).update(withdrawn_at=timezone.now())
    last = mandate.extensions.aggregate(last=Max("number"))["last"] or 0
    extension = MandateExtension(
        mandate=mandate,
        number=last + 1,
        not_after=not_after,
        reason=reason.strip()[:REASON_AT_MOST],
        created_by=by,
    )
    extension.digest = hashlib.sha256(extension_bytes(extension)).digest()
    extension.save(force_insert=True)
    record(
        MandateEvent.EXTENSION_DRAFTED,
        actor=by,
        subject=extension,
        transfer=str(transfer.pk),
        digest=extension.digest.hex(),
    )
    return extension


@transaction.atomic
def sign_extension(*, extension: MandateExtension, by: User) -> ExtensionSignature:
    """One more person of one side says go to the later end; with the fourth it counts and work goes on.

    Raises:
        NotAllowed: ``by`` may not sign mandates of this transfer, or is of neither side.
        Refused: the extension is withdrawn, complete or over, or ``by`` has signed.
    """
    transfer = lock_transfer(extension.mandate.transfer_id, states={Transfer.State.CUTTING_OVER})
    extension = MandateExtension.objects.select_for_update(of=("self",)).get(pk=extension.pk)
    require_side(by, "transfer.sign_mandate", transfer, *BOTH)
    over = extension.not_after <= timezone.now()
    if over or extension.withdrawn_at is not None or extension.complete_at is not None:
        raise Refused("mandate.not_live")
    if extension.signatures.filter(signed_by=by).exists():
        raise Refused("mandate.signed_already")
    key = signer("custody", by.organisation_id)
    signature = ExtensionSignature(
        extension=extension,
        organisation=by.organisation,
        signed_by=by,
        signed_at=timezone.now(),
        fingerprint=key.fingerprint,
    )
    signature.signature = key.sign(extension_go_bytes(signature))
    signature.save(force_insert=True)
    record(
        MandateEvent.EXTENSION_SIGNED,
        actor=by,
        subject=extension,
        transfer=str(transfer.pk),
        organisation=by.organisation_id,
        digest=bytes(extension.digest).hex(),
        key=key.fingerprint,
    )
    if _both_sides(extension, transfer):
        _complete(extension, transfer, by)
    return signature


def waiting_extension(mandate: Mandate) -> MandateExtension | None:
    """The extension that waits for signatures, if there is one."""
    return mandate.extensions.filter(complete_at=None, withdrawn_at=None).first()


def window_end(mandate: Mandate) -> datetime.datetime:
    """Until when releases are permitted: the mandate's own end, or the latest that both sides agreed to."""
    agreed = mandate.extensions.exclude(complete_at=None)
    latest: datetime.datetime | None = agreed.aggregate(last=Max("not_after"))["last"]
    return max(filter(None, (mandate.not_after, latest)))


def extension_bytes(extension: MandateExtension) -> bytes:
    """What people say go to: JSON with sorted keys, UTF-8. Described in ``docs/formats/certificate.md``."""
    return canonical_bytes(
        {
            "type": "handover/mandate-extension/v1",
            "mandate": bytes(extension.mandate.digest).hex(),
            "number": extension.number,
            "not_after": extension.not_after.astimezone(datetime.UTC).isoformat(),
            "reason": extension.reason,
        }
    )


def extension_go_bytes(signature: ExtensionSignature) -> bytes:
    """One person's go, which the organisation signs: to this extension, by this person, at this moment."""
    return canonical_bytes(
        {
            "type": "handover/extension-go/v1",
            "extension": bytes(signature.extension.digest).hex(),
            "organisation": str(signature.organisation_id),
            "person": str(signature.signed_by_id),
            "at": signature.signed_at.astimezone(datetime.UTC).isoformat(),
        }
    )


def _both_sides(extension: MandateExtension, transfer: Transfer) -> bool:
    said = extension.signatures.values_list("organisation", flat=True)
    return all(list(said).count(party) >= SIGNATURES_PER_SIDE for party in transfer.parties())


def _complete(extension: MandateExtension, transfer: Transfer, by: User) -> None:
    extension.complete_at = timezone.now()
    extension.save(update_fields=["complete_at"])
    record(MandateEvent.EXTENDED, actor=by, subject=extension, transfer=str(transfer.pk))
    # Work that stopped at the old end goes on by itself: the reaper finds it without a problem again.
    stopped = Run.objects.filter(transfer=transfer, kind=Run.Kind.CUTOVER, problem=OUTSIDE)
    stopped.update(problem="", lease_until=None)
