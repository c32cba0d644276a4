"""The mandate: which clients may be handed over, when, on which facts; complete with two people's go per side."""

import datetime
import hashlib
import json
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from access.models import User
from access.policies import require
from audit.errors import Refused
from audit.services import record
from audit.tree import root_of_set
from rules.verdicts import at_cutover
from transfer.events import MandateEvent
from transfer.gates.registry import gate
from transfer.models import ClientCase, Mandate, MandateSignature, Transfer
from transfer.services.cases import assess_cases
from transfer.services.locking import lock_transfer
from vault.signing import signer

BEFORE_DECISION = range(1, 8)


@transaction.atomic
def draft_mandate(
    *, transfer: Transfer, not_before: datetime.datetime, not_after: datetime.datetime, by: User
) -> Mandate:
    """A mandate over exactly the clients who may move now, on the gates' facts as they stand.

    An earlier mandate that was not used is withdrawn: its signatures count for nothing any more.

    Raises:
        NotAllowed: ``by`` may not run the cutover of this transfer.
        Refused: the transfer is not ready, nobody may move, or the window is empty or over.
    """
    transfer = lock_transfer(transfer, states={Transfer.State.READY})
    require(by, "transfer.run_cutover", transfer)
    if not_after <= not_before or not_after <= timezone.now():
        raise Refused("mandate.window_empty")
    assess_cases(transfer=transfer)
    clients = movable_clients(transfer)
    if not clients:
        raise Refused("mandate.nobody_moves")
    Mandate.objects.filter(transfer=transfer, withdrawn_at=None).update(withdrawn_at=timezone.now())
    mandate = Mandate(
        transfer=transfer,
        client_count=len(clients),
        clients_root=clients_root(clients),
        not_before=not_before,
        not_after=not_after,
        facts=gate_facts(transfer),
        created_by=by,
    )
    mandate.digest = hashlib.sha256(mandate_bytes(mandate)).digest()
    mandate.save(force_insert=True)
    record(
        MandateEvent.DRAFTED, actor=by, subject=mandate, transfer=str(transfer.pk), count=len(clients),
        root=bytes(mandate.clients_root).hex(), digest=mandate.digest.hex(),
    )
    return mandate


@transaction.atomic
def sign_mandate(*, mandate: Mandate, by: User) -> MandateSignature:
    """One more person of one side says go; made with the organisation's custody key over the mandate.

    Raises:
        NotAllowed: ``by`` may not sign mandates of this transfer.
        Refused: the mandate is withdrawn or over, ``by`` is of neither side, or has signed.
    """
    transfer = lock_transfer(mandate.transfer_id, states={Transfer.State.READY})
    mandate = Mandate.objects.select_for_update(of=("self",)).get(pk=mandate.pk)
    require(by, "transfer.sign_mandate", transfer)
    if mandate.withdrawn_at is not None or mandate.not_after <= timezone.now():
        raise Refused("mandate.not_live")
    if by.organisation_id not in transfer.parties():
        raise Refused("agreement.not_a_party")
    if mandate.signatures.filter(signed_by=by).exists():
        raise Refused("mandate.signed_already")
    key = signer("custody", by.organisation_id)
    signature = MandateSignature.objects.create(
        mandate=mandate,
        organisation=by.organisation,
        signed_by=by,
        signed_at=timezone.now(),
        signature=key.sign(mandate_bytes(mandate)),
        fingerprint=key.fingerprint,
    )
    record(
        MandateEvent.SIGNED, actor=by, subject=mandate, organisation=by.organisation_id,
        digest=bytes(mandate.digest).hex(), key=key.fingerprint,
    )
    return signature


def live_mandate(transfer: Transfer) -> Mandate | None:
    """The mandate that was not withdrawn, if there is one."""
    return Mandate.objects.filter(transfer=transfer, withdrawn_at=None).first()


def mandate_bytes(mandate: Mandate) -> bytes:
    """What people sign: JSON with sorted keys, UTF-8. Described in ``docs/formats/certificate.md``."""
    statement = {
        "type": "handover/mandate/v1",
        "transfer": str(mandate.transfer_id),
        "clients": mandate.client_count,
        "root": bytes(mandate.clients_root).hex(),
        "not_before": mandate.not_before.astimezone(datetime.UTC).isoformat(),
        "not_after": mandate.not_after.astimezone(datetime.UTC).isoformat(),
        "facts": mandate.facts,
    }
    return json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def movable_states(transfer: Transfer) -> set[str]:
    """The states from which cutover moves a client, under the law of this transfer's basis."""
    states = set()
    for state in ClientCase.State:
        if state in {ClientCase.State.RELEASED, ClientCase.State.ACCEPTED, ClientCase.State.RECALLED}:
            continue
        if at_cutover(transfer.basis, state.value).startswith("moves"):
            states.add(state.value)
    return states


def movable_clients(transfer: Transfer) -> list[UUID]:
    """The clients who may move now, in the order of their ids."""
    cases = ClientCase.objects.filter(transfer=transfer, state__in=movable_states(transfer))
    return list(cases.order_by("client_id").values_list("client_id", flat=True))


def clients_root(clients: list[UUID]) -> bytes:
    """The Merkle root over a set of client ids: what "exactly these clients" means in a mandate."""
    return root_of_set(client.bytes for client in clients)


def gate_facts(transfer: Transfer) -> list[list[object]]:
    """The facts of gates 1 to 7 as they stand: gate, code, whether it holds, and by exception or not."""
    found: list[list[object]] = []
    for number in BEFORE_DECISION:
        computed = gate(transfer, number)
        found += [[number, fact.code, fact.ok, computed.excepted] for fact in computed.facts]
    return found
