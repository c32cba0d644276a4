"""The cutover: begun under a mandate, carried out batch by batch, finished when nobody is in between.

Each batch is two transactions: released (the giver signed) and accepted (the taker signed). A crash
between them leaves a released batch, which the next call accepts; nothing is moved twice.

Invariants:
- Cutover begins on the very facts and clients that people said go to.
- Before each release the clients' rows are locked and their facts checked again. Whoever may no longer
  move stays behind; nobody who was not in the mandate can come in.
- What is accepted is what was released: a batch whose records changed in between is recalled.
"""

from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from access.models import User
from audit.errors import Refused
from audit.services import record
from clients.models import Client, CustodyMove
from clients.services.custody import accept_batch, recall_batch, release_batch
from rules.verdicts import at_cutover
from transfer.bases import keeps_archive, refuse_unless_data_moves
from transfer.events import CutoverEvent
from transfer.gates.registry import gate
from transfer.models import ClientCase, Mandate, Run, Transfer
from transfer.policies import BOTH, TRANSFEROR, require_side
from transfer.services.cases import assess_cases, recheck_cases
from transfer.services.extensions import window_end
from transfer.services.locking import lock_transfer
from transfer.services.mandates import gate_facts, live_mandate, movable_clients, movable_states
from vault import clock


@transaction.atomic
def begin_cutover(*, transfer: Transfer, by: User) -> Run:
    """The point of no return has passed: the transfer is cutting over, on the mandate's facts.

    Raises:
        NotAllowed: ``by`` may not run the cutover of this transfer for the transferor.
        Refused: gate 8 is closed, or the clients who may move or the gates' facts are not those of the mandate.
    """
    refuse_unless_data_moves(transfer)
    transfer = lock_transfer(transfer, states={Transfer.State.READY})
    require_side(by, "transfer.run_cutover", transfer, TRANSFEROR)
    assess_cases(transfer=transfer)
    decision = gate(transfer, 8)
    if not decision.open:
        raise Refused("gate.closed", gate=8, facts=len(decision.missing))
    mandate = live_mandate(transfer)
    if mandate is None or movable_clients(transfer)[1] != bytes(mandate.clients_root):
        raise Refused("mandate.clients_changed")
    if gate_facts(transfer) != mandate.facts:
        raise Refused("mandate.facts_changed")
    run = Run.objects.create(
        transfer=transfer, kind=Run.Kind.CUTOVER, number=1, asked_by=by, client_count=mandate.client_count
    )
    transfer.state = Transfer.State.CUTTING_OVER
    transfer.no_return_at = timezone.now()
    transfer.save(update_fields=["state", "no_return_at"])
    record(
        CutoverEvent.BEGUN,
        actor=by,
        subject=run,
        transfer=str(transfer.pk),
        mandate=bytes(mandate.digest).hex(),
        count=mandate.client_count,
    )
    return run


def move_next_batch(*, transfer: Transfer) -> int:
    """One more batch has passed from release to acceptance, or a batch left half-way has; returns its size.

    A batch whose records have changed since its release is recalled, and its clients are released anew.
    Zero means that nobody is left to move. Safe to call from several workers at once.

    Raises:
        Refused: the transfer is not cutting over, or the mandate's window is not open.
    """
    move = waiting_batch(transfer) or _release_next(transfer)
    while move is not None:
        try:
            _accept(transfer, move)
        except Refused as refusal:
            if refusal.code != "custody.changed_since_release":
                raise
            _recall(transfer, move)
            move = _release_next(transfer)
        else:
            return move.client_count
    return 0


def waiting_batch(transfer: Transfer) -> CustodyMove | None:
    """The batch that the transferor has released and the transferee not yet accepted, if there is one."""
    return CustodyMove.objects.filter(occasion=transfer.pk, state=CustodyMove.State.RELEASED).first()


@transaction.atomic
def finish_cutover(*, transfer: Transfer, by: User | None = None) -> Transfer:
    """Nobody is in between any more: the transfer is reconciling.

    Raises:
        NotAllowed: ``by`` may not run the cutover of this transfer.
        Refused: a batch waits for acceptance, or somebody is still to be moved.
    """
    transfer = lock_transfer(transfer, states={Transfer.State.CUTTING_OVER})
    if by is not None:
        require_side(by, "transfer.run_cutover", transfer, *BOTH)
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
    refuse_unless_data_moves(transfer)
    transfer = lock_transfer(transfer, states={Transfer.State.CUTTING_OVER})
    mandate = _mandate_in_window(transfer)
    batch = _next_clients(transfer)
    if not batch or transfer.transferee is None:
        return None
    clients = [case.client_id for case in batch]
    _suspend_reveal(transfer, batch)
    move = release_batch(
        occasion=transfer.pk,
        giver=transfer.transferor,
        taker=transfer.transferee,
        clients=clients,
        mandate_digest=bytes(mandate.digest),
        by=None,
        keeps_archive=keeps_archive(transfer),
    )
    _mark(transfer, clients, ClientCase.State.RELEASED)
    return move


def _next_clients(transfer: Transfer) -> list[ClientCase]:
    """The cases of the next clients who may move on the facts of this moment; their rows are locked."""
    movable = movable_states(transfer)
    cases = ClientCase.objects.filter(transfer=transfer, state__in=movable).order_by("client_id")
    while batch := list(cases.values_list("client_id", flat=True)[: settings.CUSTODY_BATCH_ROWS]):
        # An answer on its way holds the client's row: wait for it first, then read the facts.
        list(Client.objects.select_for_update().filter(pk__in=batch).order_by("pk").values_list("pk"))
        recheck_cases(transfer=transfer, clients=batch)
        if still := list(cases.select_for_update().filter(client_id__in=batch)):
            return still
    return []


@transaction.atomic
def _accept(transfer: Transfer, move: CustodyMove) -> None:
    transfer = lock_transfer(transfer, states={Transfer.State.CUTTING_OVER})
    if not CustodyMove.objects.filter(pk=move.pk, state=CustodyMove.State.RELEASED).exists():
        return  # Another worker accepted it while this one waited for the lock.
    accept_batch(move=move, by=None)
    clients = list(move.members.values_list("client_id", flat=True))
    _mark(transfer, clients, ClientCase.State.ACCEPTED)


@transaction.atomic
def _recall(transfer: Transfer, move: CustodyMove) -> None:
    transfer = lock_transfer(transfer, states={Transfer.State.CUTTING_OVER})
    if not CustodyMove.objects.filter(pk=move.pk, state=CustodyMove.State.RELEASED).exists():
        return  # Another worker has settled it while this one waited for the lock.
    recall_batch(move=move, by=None)
    clients = list(move.members.values_list("client_id", flat=True))
    _mark(transfer, clients, ClientCase.State.IN_SCOPE)
    recheck_cases(transfer=transfer, clients=clients)


def _mandate_in_window(transfer: Transfer) -> Mandate:
    mandate = live_mandate(transfer)
    now = clock.now()
    if mandate is None or not mandate.not_before <= now <= window_end(mandate):
        raise Refused("mandate.outside_window")
    return mandate


def _suspend_reveal(transfer: Transfer, batch: list[ClientCase]) -> None:
    suspended = [
        case.client_id for case in batch if at_cutover(transfer.basis, case.state) == "moves_suspended"
    ]
    if suspended:
        Client.objects.filter(pk__in=suspended).update(reveal_suspended=True)


def _mark(transfer: Transfer, clients: list[UUID], state: str) -> None:
    ClientCase.objects.filter(transfer=transfer, client_id__in=clients).update(
        state=state, since=timezone.now()
    )
