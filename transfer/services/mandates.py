"""The mandate: which clients may be handed over, when, on which facts; complete with two people's go per side.

The organisation's custody key signs each person's go separately: who, for whom, when and over which
mandate is in the signed bytes, so that one go cannot be shown as two.
"""

import datetime
import hashlib
import json

from django.db import transaction
from django.utils import timezone

from access.models import User
from audit.errors import Refused
from audit.services import record
from audit.tree import Frontier, leaf_hash
from rules.verdicts import at_cutover
from transfer.bases import refuse_unless_data_moves
from transfer.events import MandateEvent
from transfer.gates.registry import gate
from transfer.models import ClientCase, Mandate, MandateSignature, Transfer
from transfer.policies import BOTH, TRANSFEROR, require_side
from transfer.services.cases import assess_cases
from transfer.services.locking import lock_transfer
from vault import clock
from vault.signing import signer

BEFORE_DECISION = range(1, 8)


@transaction.atomic
def draft_mandate(
    *, transfer: Transfer, not_before: datetime.datetime, not_after: datetime.datetime, by: User
) -> Mandate:
    """A mandate over exactly the clients who may move now, on the gates' facts as they stand.

    An earlier mandate that was not used is withdrawn: its signatures count for nothing any more.

    Raises:
        NotAllowed: ``by`` may not run the cutover of this transfer for the transferor.
        Refused: the transfer is not ready, nobody may move, or the window is empty or over.
    """
    refuse_unless_data_moves(transfer)
    transfer = lock_transfer(transfer, states={Transfer.State.READY})
    require_side(by, "transfer.run_cutover", transfer, TRANSFEROR)
    if not_after <= not_before or not_after <= clock.now():
        raise Refused("mandate.window_empty")
    assess_cases(transfer=transfer)
    count, root = movable_clients(transfer)
    if not count:
        raise Refused("mandate.nobody_moves")
    Mandate.objects.filter(transfer=transfer, withdrawn_at=None).update(withdrawn_at=timezone.now())
    mandate = Mandate(
        transfer=transfer,
        client_count=count,
        clients_root=root,
        not_before=not_before,
        not_after=not_after,
        facts=gate_facts(transfer),
        created_by=by,
    )
    mandate.digest = hashlib.sha256(mandate_bytes(mandate)).digest()
    mandate.save(force_insert=True)
    record(
        MandateEvent.DRAFTED,
        actor=by,
        subject=mandate,
        transfer=str(transfer.pk),
        count=count,
        root=bytes(mandate.clients_root).hex(),
        digest=mandate.digest.hex(),
    )
    return mandate


@transaction.atomic
def sign_mandate(*, mandate: Mandate, by: User) -> MandateSignature:
    """One more person of one side says go; the organisation's custody key signs who it was and when.

    Raises:
        NotAllowed: ``by`` may not sign mandates of this transfer, or is of neither side.
        Refused: the mandate is withdrawn or over, or ``by`` has signed.
    """
    transfer = lock_transfer(mandate.transfer_id, states={Transfer.State.READY})
    mandate = Mandate.objects.select_for_update(of=("self",)).get(pk=mandate.pk)
    require_side(by, "transfer.sign_mandate", transfer, *BOTH)
    if mandate.withdrawn_at is not None or mandate.not_after <= clock.now():
        raise Refused("mandate.not_live")
    if mandate.signatures.filter(signed_by=by).exists():
        raise Refused("mandate.signed_already")
    key = signer("custody", by.organisation_id)
    signature = MandateSignature(
        mandate=mandate,
        organisation=by.organisation,
        signed_by=by,
        signed_at=timezone.now(),
        fingerprint=key.fingerprint,
    )
    signature.signature = key.sign(go_bytes(signature))
    signature.save(force_insert=True)
    record(
        MandateEvent.SIGNED,
        actor=by,
        subject=mandate,
        organisation=by.organisation_id,
        digest=bytes(mandate.digest).hex(),
        key=key.fingerprint,
    )
    return signature


def live_mandate(transfer: Transfer) -> Mandate | None:
    """The mandate that was not withdrawn, if there is one."""
    return Mandate.objects.filter(transfer=transfer, withdrawn_at=None).first()


def mandate_bytes(mandate: Mandate) -> bytes:
    """What people say go to: JSON with sorted keys, UTF-8. Described in ``docs/formats/certificate.md``."""
    return canonical_bytes(
        {
            "type": "handover/mandate/v1",
            "transfer": str(mandate.transfer_id),
            "clients": mandate.client_count,
            "root": bytes(mandate.clients_root).hex(),
            "not_before": mandate.not_before.astimezone(datetime.UTC).isoformat(),
            "not_after": mandate.not_after.astimezone(datetime.UTC).isoformat(),
            "facts": mandate.facts,
        }
    )


def go_bytes(signature: MandateSignature) -> bytes:
    """One person's go, which the organisation signs: over this mandate, by this person, at this moment."""
    return canonical_bytes(
        {
            "type": "handover/go/v1",
            "mandate": bytes(signature.mandate.digest).hex(),
            "organisation": str(signature.organisation_id),
            "person": str(signature.signed_by_id),
            "at": signature.signed_at.astimezone(datetime.UTC).isoformat(),
        }
    )


def movable_states(transfer: Transfer) -> set[str]:
    """The states from which cutover moves a client, under the law of this transfer's basis."""
    states = set()
    for state in ClientCase.State:
        if state in {ClientCase.State.RELEASED, ClientCase.State.ACCEPTED, ClientCase.State.RECALLED}:
            continue
        if at_cutover(transfer.basis, state.value).startswith("moves"):
            states.add(state.value)
    return states


def movable_clients(transfer: Transfer) -> tuple[int, bytes]:
    """How many clients may move now, and the root over them: what "exactly these clients" means in a mandate.

    The Merkle root over their ids in order, each as a leaf; computed while they are read, none is kept.
    """
    cases = ClientCase.objects.filter(transfer=transfer, state__in=movable_states(transfer))
    tree = Frontier()
    for client in cases.order_by("client_id").values_list("client_id", flat=True).iterator(chunk_size=10_000):
        tree.append(leaf_hash(client.bytes))
    return tree.size, tree.root()


def gate_facts(transfer: Transfer) -> list[list[object]]:
    """The facts of gates 1 to 7 as they stand: gate, code, whether it holds, and by exception or not."""
    found: list[list[object]] = []
    for number in BEFORE_DECISION:
        computed = gate(transfer, number)
        found += [[number, fact.code, bool(fact.ok), computed.excepted] for fact in computed.facts]
    return found


def canonical_bytes(statement: dict[str, object]) -> bytes:
    """A statement as it is signed: JSON with sorted keys and no spaces, UTF-8."""
    return json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
