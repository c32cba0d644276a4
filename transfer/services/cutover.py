"""The cutover: begun under a mandate, carried out batch by batch, finished when nobody is in between.

Each batch is two transactions: released (the giver signed) and accepted (the taker signed). A crash
between them leaves a released batch, which the next call accepts; nothing is moved twice.
"""

from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from access.models import User
from access.policies import require
from audit.errors import Refused
from audit.services import record
from clients.models import Client, CustodyMove
from clients.services.custody import accept_batch, release_batch
from rules.verdicts import at_cutover
from transfer.events import CutoverEvent
from transfer.gates.registry import gate
from transfer.models import ClientCase, Mandate, Run, Transfer
from transfer.services.cases import assess_cases
from transfer.services.locking import lock_transfer
from transfer.services.mandates import clients_root, live_mandate, movable_clients, movable_states


@transaction.atomic
def begin_cutover(*, transfer: Transfer, by: User) -> Run:
    """The point of no return has passed: the transfer is cutting over, on the mandate's facts.

    Raises:
        NotAllowed: ``by`` may not run the cutover of this transfer.
        Refused: gate 8 is closed, or the clients who may move are not those of the mandate.
    """
    transfer = lock_transfer(transfer, states={Transfer.State.READY})
    require(by, "transfer.run_cutover", transfer)
    assess_cases(transfer=transfer)
    decision = gate(transfer, 8)
    if not decision.open:
        raise Refused("gate.closed", gate=8, facts=len(decision.missing))
    mandate = live_mandate(transfer)
    if mandate is None or clients_root(movable_clients(transfer)) != bytes(mandate.clients_root):
        raise Refused("mandate.clients_changed")
    run = Run.objects.create(
        transfer=transfer, kind=Run.Kind.CUTOVER, number=1, asked_by=by, client_count=mandate.client_count
    )
    transfer.state = Transfer.State.CUTTING_OVER
    transfer.no_return_at = timezone.now()
    transfer.save(update_fields=["state", "no_return_at"])
    record(
        CutoverEvent.BEGUN, actor=by, subject=run, transfer=str(transfer.pk), mandate=bytes(mandate.digest).hex(),
        count=mandate.client_count,
    )
    return run


def move_next_batch(*, transfer: Transfer) -> int:
    """One more batch has passed from release to acceptance, or a batch left half-way has; returns its size.

    Zero means that nobody is left to move. Safe to call from several workers at once.

    Raises:
        Refused: the transfer is not cutting over, or the mandate's window is not open.
    """
    waiting = CustodyMove.objects.filter(occasion=transfer.pk, state=CustodyMove.State.RELEASED).first()
    move = waiting or _release_next(transfer)
    if move is None:
        return 0
    _accept(transfer, move)
    return move.client_count


@transaction.atomic
def finish_cutover(*, transfer: Transfer, by: User | None = None) -> Transfer:
    """Nobody is in between any more: the transfer is reconciling.

    Raises:
        NotAllowed: ``by`` may not run the cutover of this transfer.
        Refused: a batch waits for acceptance, or somebody is still to be moved.
    """
    transfer = lock_transfer(transfer, states={Transfer.State.CUTTING_OVER})
    if by is not None:
        require(by, "transfer.run_cutover", transfer)
    cases = ClientCase.objects.filter(transfer=transfer)
    if cases.filter(Q(state=ClientCase.State.RELEASED) | Q(state__in=movable_states(transfer))).exists():
        raise Refused("cutover.batch_waiting")
    transfer.state = Transfer.State.RECONCILING
    transfer.save(update_fields=["state"])
    accepted = cases.filter(state=ClientCase.State.ACCEPTED).count()
    record(CutoverEvent.FINISHED, actor=by, subject=transfer, accepted=accepted)
    return transfer


@transaction.atomic
def _release_next(transfer: Transfer) -> CustodyMove | None:
    transfer = lock_transfer(transfer, states={Transfer.State.CUTTING_OVER})
    mandate = _mandate_in_window(transfer)
    cases = ClientCase.objects.select_for_update().filter(transfer=transfer, state__in=movable_states(transfer))
    batch = list(cases.order_by("client_id")[: settings.CUSTODY_BATCH_ROWS])
    if not batch or transfer.transferee is None:
        return None
    clients = [case.client_id for case in batch]
    _suspend_reveal(transfer, batch)
    move = release_batch(
        occasion=transfer.pk, giver=transfer.transferor, taker=transfer.transferee, clients=clients,
        mandate_digest=bytes(mandate.digest), by=None,
    )
    _mark(transfer, clients, ClientCase.State.RELEASED)
    return move


@transaction.atomic
def _accept(transfer: Transfer, move: CustodyMove) -> None:
    transfer = lock_transfer(transfer, states={Transfer.State.CUTTING_OVER})
    if not CustodyMove.objects.filter(pk=move.pk, state=CustodyMove.State.RELEASED).exists():
        return  # Another worker accepted it while this one waited for the lock.
    accept_batch(move=move, by=None)
    clients = list(move.members.values_list("client_id", flat=True))
    _mark(transfer, clients, ClientCase.State.ACCEPTED)


def _mandate_in_window(transfer: Transfer) -> Mandate:
    mandate = live_mandate(transfer)
    now = timezone.now()
    if mandate is None or not mandate.not_before <= now <= mandate.not_after:
        raise Refused("mandate.outside_window")
    return mandate


def _suspend_reveal(transfer: Transfer, batch: list[ClientCase]) -> None:
    suspended = [case.client_id for case in batch if at_cutover(transfer.basis, case.state) == "moves_suspended"]
    if suspended:
        Client.objects.filter(pk__in=suspended).update(reveal_suspended=True)


def _mark(transfer: Transfer, clients: list[UUID], state: str) -> None:
    ClientCase.objects.filter(transfer=transfer, client_id__in=clients).update(state=state, since=timezone.now())
