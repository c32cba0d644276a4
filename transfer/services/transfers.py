"""Acts on a transfer as a whole: draft, name the other side, go to the next stage, abort."""

import datetime

from django.db import connection, transaction
from django.utils import timezone

from access.models import Organisation, User
from access.policies import require, require_grant
from audit.errors import Refused
from audit.services import record
from clients.models import Book
from rules.errors import PackError
from rules.packs import load_pack
from transfer.bases import refuse_basis_not_led, refuse_unless_data_moves
from transfer.events import TransferEvent
from transfer.gates.registry import gate
from transfer.models import Approval, Transfer
from transfer.policies import BOTH, TRANSFEROR, require_side
from transfer.services.locking import lock_transfer

# The stage each stage leads to, and the gates that must be open for it (design: "The flow").
NEXT_STAGE: dict[str, tuple[str, tuple[int, ...]]] = {
    Transfer.State.DRAFT: (Transfer.State.LOADING, ()),
    Transfer.State.LOADING: (Transfer.State.REVIEWING, (1, 2)),
    Transfer.State.REVIEWING: (Transfer.State.NOTIFYING, (3,)),
    Transfer.State.NOTIFYING: (Transfer.State.READY, (4, 5, 6, 7)),
}


@transaction.atomic
def draft_transfer(
    *,
    by: User,
    basis: str = Transfer.Basis.MERGER,
    jurisdiction: str = "CN",
    planned_cutover: datetime.datetime | None = None,
) -> Transfer:
    """A new transfer of the clients of ``by``'s firm, with an empty book, under the rule pack of today.

    Raises:
        NotAllowed: ``by`` may not draft transfers.
        Refused: there is no rule pack for the jurisdiction, or the product does not lead this basis.
    """
    require(by, "transfer.draft_transfer")
    refuse_basis_not_led(basis)
    owner = by.organisation
    try:
        pack = load_pack(jurisdiction.lower())
    except PackError as error:
        raise Refused("transfer.pack_unknown", jurisdiction=jurisdiction) from error
    number = _next_number()
    transfer = Transfer.objects.create(
        number=number,
        transferor=owner,
        basis=Transfer.Basis(basis),
        jurisdiction=jurisdiction,
        book=Book.objects.create(owner=owner, name=number),
        planned_cutover=planned_cutover,
        pack_name=jurisdiction.lower(),
        pack_digest=pack.digest,
        created_by=by,
    )
    record(TransferEvent.DRAFTED, actor=by, subject=transfer, basis=transfer.basis, pack=pack.digest)
    return transfer


@transaction.atomic
def name_transferee(*, transfer: Transfer, transferee: Organisation, by: User) -> Transfer:
    """The transferee is known; it sees the transfer, and its clients stay hidden until gate 1 opens.

    Raises:
        NotAllowed: ``by`` may not draft this transfer.
        Refused: a transferee is named already, or it is the transferor itself.
    """
    transfer = lock_transfer(transfer, states={Transfer.State.DRAFT, Transfer.State.LOADING})
    require_side(by, "transfer.draft_transfer", transfer, TRANSFEROR)
    if transfer.transferee_id is not None:
        raise Refused("transfer.transferee_named_already")
    if transferee.pk == transfer.transferor_id:
        raise Refused("transfer.same_firm")
    transfer.transferee = transferee
    transfer.taker_book = Book.objects.create(owner=transferee, name=transfer.number)
    transfer.save(update_fields=["transferee", "taker_book"])
    record(TransferEvent.TRANSFEREE_NAMED, actor=by, subject=transfer, transferee=str(transferee.pk))
    return transfer


@transaction.atomic
def plan_cutover(*, transfer: Transfer, at: datetime.datetime, by: User) -> Transfer:
    """The cutover is planned for ``at``; possible until the point of no return."""
    transfer = lock_transfer(transfer)
    require_side(by, "transfer.draft_transfer", transfer, TRANSFEROR)
    if transfer.no_return_at is not None:
        raise Refused("transfer.past_no_return")
    transfer.planned_cutover = at
    transfer.save(update_fields=["planned_cutover"])
    record(TransferEvent.CUTOVER_PLANNED, actor=by, subject=transfer, at=at.isoformat())
    return transfer


@transaction.atomic
def give_counsel_word(*, transfer: Transfer, by: User) -> Transfer:
    """Counsel says that the chosen legal basis fits (PIPL 22 against 23); gate 1 asks for it.

    Raises:
        NotAllowed: ``by`` is not counsel with a grant on this transfer.
        Refused: counsel has spoken already.
    """
    transfer = lock_transfer(transfer)
    require_grant(by, "transfer.give_counsel_word", transfer)
    if transfer.counsel_word_at is not None:
        raise Refused("transfer.counsel_spoke_already")
    transfer.counsel_word_by = by
    transfer.counsel_word_at = timezone.now()
    transfer.save(update_fields=["counsel_word_by", "counsel_word_at"])
    record(TransferEvent.COUNSEL_SPOKE, actor=by, subject=transfer, basis=transfer.basis)
    return transfer


@transaction.atomic
def record_approval(
    *, transfer: Transfer, kind: str, reference: str, granted_on: datetime.date, by: User
) -> Approval:
    """A regulator's or shareholders' approval is on record (Securities Law 122; PIPL leaves it to sector law).

    Raises:
        NotAllowed: ``by`` may not record approvals on this transfer.
        Refused: recorded already, or dated in the future.
    """
    transfer = lock_transfer(transfer)
    require_side(by, "transfer.record_approval", transfer, *BOTH)
    if granted_on > timezone.localdate():
        raise Refused("transfer.date_in_future", date=granted_on.isoformat())
    approval, created = Approval.objects.get_or_create(
        transfer=transfer,
        kind=Approval.Kind(kind),
        corrects=None,
        defaults={"reference": reference, "granted_on": granted_on, "entered_by": by},
    )
    if not created:
        raise Refused("transfer.approval_recorded_already")
    record(TransferEvent.APPROVAL_RECORDED, actor=by, subject=transfer, kind=kind, granted_on=str(granted_on))
    return approval


@transaction.atomic
def correct_approval(
    *, approval: Approval, reference: str, granted_on: datetime.date, reason: str, by: User
) -> Approval:
    """Another entry counts from now on and says what was wrong; the wrong one stays, and so does its log entry.

    Raises:
        NotAllowed: ``by`` may not record approvals on this transfer.
        Refused: corrected already, nothing differs, no reason is given, or the date lies in the future.
    """
    transfer = lock_transfer(approval.transfer_id)
    approval = Approval.objects.select_for_update(of=("self",)).get(pk=approval.pk)
    require_side(by, "transfer.record_approval", transfer, *BOTH)
    if Approval.objects.filter(corrects=approval).exists():
        raise Refused("transfer.approval_corrected_already")
    if not reason.strip():
        raise Refused("gate.reason_missing")
    if granted_on > timezone.localdate():
        raise Refused("transfer.date_in_future", date=granted_on.isoformat())
    if (approval.reference, approval.granted_on) == (reference, granted_on):
        raise Refused("transfer.correction_says_nothing")
    correction = Approval.objects.create(
        transfer=transfer,
        kind=approval.kind,
        reference=reference,
        granted_on=granted_on,
        corrects=approval,
        reason=reason.strip(),
        entered_by=by,
    )
    record(
        TransferEvent.APPROVAL_CORRECTED,
        actor=by,
        subject=transfer,
        kind=approval.kind,
        granted_on=str(granted_on),
        corrects=str(approval.pk),
    )
    return correction


@transaction.atomic
def advance(*, transfer: Transfer, by: User) -> Transfer:
    """The transfer is one stage further; its gates were computed anew inside this transaction.

    Raises:
        NotAllowed: ``by`` may not advance this transfer.
        Refused: the stage is left by another act (cutover, certificate, statement), or a gate is closed.
    """
    transfer = lock_transfer(transfer, states=set(NEXT_STAGE))
    require_side(by, "transfer.advance_transfer", transfer, TRANSFEROR)
    if transfer.state == Transfer.State.REVIEWING:
        refuse_unless_data_moves(transfer)
    target, needed = NEXT_STAGE[transfer.state]
    for number in needed:
        computed = gate(transfer, number)
        if not computed.open:
            missing = sum(not fact.ok for fact in computed.facts)
            raise Refused("gate.closed", gate=number, facts=missing)
    source, transfer.state = transfer.state, target
    transfer.save(update_fields=["state"])
    record(TransferEvent.ADVANCED, actor=by, subject=transfer, source=source, target=target)
    return transfer


@transaction.atomic
def abort(*, transfer: Transfer, by: User) -> Transfer:
    """The transfer is over before anything was handed over; data and custody stay where they are.

    Raises:
        NotAllowed: ``by`` may not abort this transfer.
        Refused: it has ended, or the point of no return has passed.
    """
    transfer = lock_transfer(transfer)
    require_side(by, "transfer.abort_transfer", transfer, *BOTH)
    if transfer.no_return_at is not None:
        raise Refused("transfer.past_no_return")
    source, transfer.state = transfer.state, Transfer.State.ABORTED
    transfer.save(update_fields=["state"])
    record(TransferEvent.ABORTED, actor=by, subject=transfer, source=source)
    return transfer


def _next_number() -> str:
    year = timezone.localdate().year
    with connection.cursor() as cursor:
        # Two drafts at once must not take the same number.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('transfer.number'))")
    count = Transfer.objects.filter(number__startswith=f"TR-{year}-").count()
    return f"TR-{year}-{count + 1:04d}"
