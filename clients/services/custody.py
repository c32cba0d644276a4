"""Custody of clients passes from one organisation to another: released, then accepted, both signed.

Handing over adds the taker's wrap of each client's data key and withdraws the giver's; the data itself
does not move. Each half is one transaction: a batch is released and waits, or accepted, never between.
A released batch whose records no longer are what the giver signed for cannot be accepted, only recalled.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from access.models import Organisation
from audit.errors import Refused
from audit.services import record
from audit.tree import leaf_hash, root_of
from clients.events import CustodyEvent
from clients.models import CustodyMember, CustodyMove, SealedArchive
from clients.records import Versions, digests_and_versions, untouched
from clients.services.archives import drop_archive, seal_archive
from clients.statements import acceptance_statement, release_statement
from vault.fixed import as_array, fetch_fixed, fixed_row, send_fixed
from vault.signing import signer
from vault.versions import next_key_version
from vault.wraps import add_wraps, raw_commitments, withdraw_wraps

Members = list[tuple[bytes, bytes, bytes]]

# A batch has thousands of clients: every statement takes their ids once, and no row becomes an object.
_LOCK: Final = (
    "SELECT count(*) FROM (SELECT 1 FROM clients_client WHERE id = ANY(%s::uuid[]) AND custodian = %s"
    " ORDER BY id FOR UPDATE) locked"
)
_WAITING: Final = (
    "SELECT count(*) FROM clients_custodymember member JOIN clients_custodymove move ON move.id = member.move_id"
    " WHERE member.client_id = ANY(%s::uuid[]) AND move.state = %s"
)
_CLIENTS_OF: Final = "SELECT client_id FROM clients_custodymember WHERE move_id = %s ORDER BY position"
_NEW_CUSTODIAN: Final = "UPDATE clients_client SET custodian = %s WHERE id = ANY(%s::uuid[])"


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
    ordered = sorted(set(clients), key=_bytes_of)
    if not ordered:
        raise Refused("custody.empty_batch")
    ids = as_array(ordered)
    held = _lock_clients(ids, giver.pk)
    if held != len(ordered):
        raise Refused("custody.not_the_custodian", count=len(ordered) - held)
    waiting = _waiting_already(ids)
    if waiting:
        raise Refused("custody.released_already", count=waiting)
    members, versions = _members(ids)
    last = CustodyMove.objects.filter(occasion=occasion).aggregate(last=Max("number"))["last"] or 0
    move = CustodyMove(
        occasion=occasion,
        number=last + 1,
        giver=giver,
        taker=taker,
        mandate_digest=mandate_digest,
        client_count=len(members),
        members_root=_root(members),
        released_at=timezone.now(),
    )
    move.release_signature = signer("custody", giver.pk).sign(release_bytes(move))
    move.save(force_insert=True)
    _write_members(move, members)
    if keeps_archive:
        seal_archive(occasion=occasion, move=move.pk, holder=giver, clients=ordered, by=by)
    _record(CustodyEvent.RELEASED, move, by, giver)
    _remember(move, _Released(bytes(move.members_root), {who: key for who, _, key in members}, versions))
    return move


@transaction.atomic
def accept_batch(*, move: CustodyMove, by: object | None) -> CustodyMove:
    """The taker has signed; it holds a wrap of each client's key, the giver none; the custodian is the taker.

    The rows of the clients are locked, and their records are proved to be those that were digested at the
    release, or digested anew: what is accepted is what was released.

    Raises:
        Refused: the batch does not wait for acceptance, or its clients' records, keys or custodian have
            changed since the release.
        VaultError: a wrap is missing or does not open; nothing has changed then.
    """
    move = _lock_released(move)
    with connection.cursor() as cursor:
        clients = [row[0] for row in fetch_fixed(cursor, _CLIENTS_OF, [move.pk], "16s")]
    ids = as_array(clients)
    _refuse_changed(move, ids)
    add_wraps(clients, holder_from=move.giver_id, holder_to=move.taker_id)
    withdraw_wraps(clients, holder=move.giver_id)
    if SealedArchive.objects.filter(move=move.pk).exists():
        # The giver still holds these versions in its archive: what the taker writes is sealed beyond them.
        next_key_version([UUID(bytes=client) for client in clients], holder=move.taker_id)
    with connection.cursor() as cursor:
        cursor.execute(_NEW_CUSTODIAN, [move.taker_id, ids])
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


def _refuse_changed(move: CustodyMove, ids: str) -> None:
    if _lock_clients(ids, move.giver_id) != move.client_count or not _is_as_released(move, ids):
        raise Refused("custody.changed_since_release")


def _is_as_released(move: CustodyMove, ids: str) -> bool:
    """True when records and keys give the root that was signed.

    The process that released the batch knows which versions of the rows it read; while they stand there
    untouched, their digests need not be computed again.
    """
    known = _released.pop(move.pk, None)
    root = bytes(move.members_root)
    if known and known.root == root and untouched(ids, known.versions) and raw_commitments(ids) == known.keys:
        return True
    members, _versions = _members(ids)
    return _root(members) == root


@dataclass(frozen=True)
class _Released:
    """What this process knows of a batch it has released: root, commitments, and the versions it read."""

    root: bytes
    keys: dict[bytes, bytes]
    versions: Versions


_released: dict[UUID, _Released] = {}
_REMEMBERED: Final = 2


def _remember(move: CustodyMove, released: _Released) -> None:
    """For the next acceptance in this process; of more than a few batches the oldest is forgotten."""
    _released[move.pk] = released
    for oldest in list(_released)[:-_REMEMBERED]:
        del _released[oldest]


def _lock_clients(ids: str, custodian: UUID) -> int:
    """How many of the clients are in this custody; their rows are locked."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [ids, custodian])
        return int(cursor.fetchone()[0])


def _waiting_already(ids: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [ids, CustodyMove.State.RELEASED])
        return int(cursor.fetchone()[0])


def _members(ids: str) -> tuple[Members, Versions]:
    """Each client's id, record digest and key commitment, in the order of ids; and what they were read from."""
    keys = raw_commitments(ids)
    digests, versions = digests_and_versions(ids)
    if len(keys) != len(digests):
        raise Refused("custody.without_key", count=len(digests) - len(keys))
    return [(client, digest, keys[client]) for client, digest in digests], versions


def _root(members: Members) -> bytes:
    """``clients.statements.members_root`` over members that are in order already."""
    return root_of(leaf_hash(b"".join(member)) for member in members)


def _write_members(move: CustodyMove, members: Members) -> None:
    template = fixed_row(move.pk.bytes, 16, 4, 32, 32)
    rows = [
        template % (client, place.to_bytes(4, "big"), digest, commitment)
        for place, (client, digest, commitment) in enumerate(members)
    ]
    columns = ("move_id", "client_id", "position", "record_digest", "key_commitment")
    with connection.cursor() as cursor:
        send_fixed(cursor, CustodyMember._meta.db_table, columns, rows)


def _bytes_of(client: UUID) -> bytes:
    return client.bytes


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
