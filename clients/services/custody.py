"""Custody of clients passes from one organisation to another: released, then accepted, both signed.

Handing over adds the taker's wrap of each client's data key and withdraws the giver's; the data itself
does not move. Each half is one transaction: a batch is released and waits, or accepted, never between.
A released batch whose records no longer are what the giver signed for cannot be accepted, only recalled.
"""

from collections.abc import Collection
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from access.models import Organisation
from audit.errors import Refused
from audit.services import record
from clients.events import CustodyEvent
from clients.models import Client, CustodyMember, CustodyMove, SealedArchive
from clients.records import record_digests
from clients.services.archives import drop_archive, seal_archive
from clients.statements import acceptance_statement, members_root, release_statement
from vault.signing import signer
from vault.versions import next_key_version
from vault.wraps import add_wraps, commitments, withdraw_wraps

Members = list[tuple[UUID, bytes, bytes]]


@transaction.atomic
def release_batch(
    *,
    occasion: UUID,
    giver: Organisation,
    taker: Organisation,
    clients: Collection[UUID],
    mandate_digest: bytes,
    by: object | None,
    keeps_archive: bool = False,
) -> CustodyMove:
    """The giver has signed the release of exactly these clients, as their records stand now.

    The giver keeps its wraps until acceptance. The rows of the clients are locked, so nobody changes a
    record between its digest and the end of the transaction. The mandate is the caller's to check.
    A giver that survives ``keeps_archive``: the same rows lie sealed in its archive from then on.

    Raises:
        Refused: no client is given, one of them is not in the giver's custody or without a key, or one
            waits in another released batch.
    """
    ordered = sorted(set(clients))
    if not ordered:
        raise Refused("custody.empty_batch")
    held = list(
        Client.objects.select_for_update()
        .filter(pk__in=ordered, custodian=giver)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    if len(held) != len(ordered):
        raise Refused("custody.not_the_custodian", count=len(ordered) - len(held))
    waiting = CustodyMember.objects.filter(client__in=held, move__state=CustodyMove.State.RELEASED).count()
    if waiting:
        raise Refused("custody.released_already", count=waiting)
    members = _members(held)
    last = CustodyMove.objects.filter(occasion=occasion).aggregate(last=Max("number"))["last"] or 0
    move = CustodyMove(
        occasion=occasion,
        number=last + 1,
        giver=giver,
        taker=taker,
        mandate_digest=mandate_digest,
        client_count=len(members),
        members_root=members_root(members),
        released_at=timezone.now(),
    )
    move.release_signature = signer("custody", giver.pk).sign(release_bytes(move))
    move.save(force_insert=True)
    CustodyMember.objects.bulk_create(
        [
            CustodyMember(
                move=move, client_id=client, position=place, record_digest=digest, key_commitment=commitment
            )
            for place, (client, digest, commitment) in enumerate(members)
        ],
        batch_size=5_000,
    )
    if keeps_archive:
        seal_archive(occasion=occasion, move=move.pk, holder=giver, clients=held, by=by)
    _record(CustodyEvent.RELEASED, move, by, giver)
    return move


@transaction.atomic
def accept_batch(*, move: CustodyMove, by: object | None) -> CustodyMove:
    """The taker has signed; it holds a wrap of each client's key, the giver none; the custodian is the taker.

    The rows of the clients are locked and their records digested anew: what is accepted is what was released.

    Raises:
        Refused: the batch does not wait for acceptance, or its clients' records, keys or custodian have
            changed since the release.
        VaultError: a wrap is missing or does not open; nothing has changed then.
    """
    move = _lock_released(move)
    clients = list(move.members.order_by("position").values_list("client_id", flat=True))
    _refuse_changed(move, clients)
    add_wraps(clients, holder_from=move.giver_id, holder_to=move.taker_id)
    withdraw_wraps(clients, holder=move.giver_id)
    if SealedArchive.objects.filter(move=move.pk).exists():
        # The giver still holds these versions in its archive: what the taker writes is sealed beyond them.
        next_key_version(clients, holder=move.taker_id)
    Client.objects.filter(pk__in=clients).update(custodian=move.taker)
    move.state = CustodyMove.State.ACCEPTED
    move.accepted_at = timezone.now()
    move.acceptance_signature = signer("custody", move.taker_id).sign(acceptance_bytes(move))
    move.save(update_fields=["state", "accepted_at", "acceptance_signature"])
    _record(CustodyEvent.ACCEPTED, move, by, move.taker)
    return move


@transaction.atomic
def recall_batch(*, move: CustodyMove, by: object | None) -> CustodyMove:
    """The release counts for nothing any more: the clients stay with the giver, nobody can accept the batch.

    Raises:
        Refused: the batch does not wait for acceptance.
    """
    move = _lock_released(move)
    move.state = CustodyMove.State.RECALLED
    move.save(update_fields=["state"])
    drop_archive(move=move.pk, by=by)
    _record(CustodyEvent.RECALLED, move, by, move.giver)
    return move


def release_bytes(move: CustodyMove) -> bytes:
    """The statement the giver of this batch signs."""
    return release_statement(
        occasion=move.occasion,
        number=move.number,
        giver=move.giver_id,
        taker=move.taker_id,
        count=move.client_count,
        root=bytes(move.members_root),
        mandate=bytes(move.mandate_digest),
    )


def acceptance_bytes(move: CustodyMove) -> bytes:
    """The statement the taker of this batch signs."""
    return acceptance_statement(release=release_bytes(move), release_signature=bytes(move.release_signature))


def _lock_released(move: CustodyMove) -> CustodyMove:
    move = (
        CustodyMove.objects.select_for_update(of=("self",)).select_related("giver", "taker").get(pk=move.pk)
    )
    if move.state != CustodyMove.State.RELEASED:
        raise Refused("custody.not_released")
    return move


def _refuse_changed(move: CustodyMove, clients: list[UUID]) -> None:
    locked = Client.objects.select_for_update().filter(pk__in=clients, custodian=move.giver).order_by("pk")
    held = list(locked.values_list("pk", flat=True))
    if len(held) != move.client_count or members_root(_members(held)) != bytes(move.members_root):
        raise Refused("custody.changed_since_release")


def _members(clients: list[UUID]) -> Members:
    digests, keys = record_digests(clients), commitments(clients)
    if len(keys) != len(clients):
        raise Refused("custody.without_key", count=len(clients) - len(keys))
    return [(client, digests[client], keys[client]) for client in clients]


def _record(event: CustodyEvent, move: CustodyMove, by: object | None, organisation: Organisation) -> None:
    record(
        event,
        actor=by,
        subject=move,
        organisation=organisation,
        occasion=str(move.occasion),
        batch=move.number,
        count=move.client_count,
        root=bytes(move.members_root).hex(),
        mandate=bytes(move.mandate_digest).hex(),
    )
