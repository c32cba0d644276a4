"""Rehearsals and the cutover's delivery: the file for the transferee's system, made from the sealed rows."""

import zipfile
from collections.abc import Iterator
from typing import IO, cast

from django.db import transaction
from django.db.models import Max

from access.models import User
from audit.errors import Refused
from audit.reading import reading
from audit.services import record
from transfer.bases import refuse_unless_data_moves
from transfer.delivery import FILES, csv_bytes
from transfer.events import RunEvent
from transfer.models import DeliveryPiece, Run, Transfer
from transfer.policies import BOTH, TRANSFEROR, require_side
from transfer.services.leases import LeaseLost, renew, try_again
from transfer.services.locking import lock_transfer
from transfer.services.parties import organisation_of
from transfer.services.pieces import destroy_disguise, make_next_piece, plan_pieces
from vault.files import FileSealer, destroy_file, file_sha256, open_file, read_slice
from vault.models import SealedFile
from vault.rows import Reading
from vault.wraps import add_wraps

REHEARSED_IN: set[str] = {Transfer.State.REVIEWING, Transfer.State.NOTIFYING, Transfer.State.READY}


@transaction.atomic
def start_rehearsal(*, transfer: Transfer, by: User) -> Run:
    """A new rehearsal waits for its delivery to be made; nothing moves.

    Raises:
        NotAllowed: ``by`` may not rehearse this transfer for the transferor, whose rows the delivery is made of.
        Refused: the transfer is not between reviewing and ready, or the last rehearsal has not ended.
    """
    refuse_unless_data_moves(transfer)
    transfer = lock_transfer(transfer, states=REHEARSED_IN)
    require_side(by, "transfer.run_rehearsal", transfer, TRANSFEROR)
    runs = Run.objects.filter(transfer=transfer, kind=Run.Kind.REHEARSAL)
    if runs.exclude(state=Run.State.DONE).exists():
        raise Refused("run.not_ended")
    number = (runs.aggregate(last=Max("number"))["last"] or 0) + 1
    run = Run.objects.create(transfer=transfer, kind=Run.Kind.REHEARSAL, number=number, asked_by=by)
    record(RunEvent.REHEARSAL_STARTED, actor=by, subject=run, transfer=str(transfer.pk), number=number)
    return run


@transaction.atomic
def retry_run(*, run: Run, by: User) -> Run:
    """Work that stopped on a refusal is wanted again.

    Raises:
        NotAllowed: ``by`` may not rehearse or cut this transfer over.
        Refused: it has not stopped.
    """
    transfer = lock_transfer(run.transfer_id)
    permission = "transfer.run_rehearsal" if run.kind == Run.Kind.REHEARSAL else "transfer.run_cutover"
    require_side(by, permission, transfer, *BOTH)
    try_again(run)
    record(RunEvent.TRIED_AGAIN, actor=by, subject=run, transfer=str(run.transfer_id), problem=run.problem)
    return run


def make_delivery(*, run: Run) -> SealedFile:
    """The delivery lies sealed for both firms: disguised in a rehearsal, real after acceptance.

    All its steps one after the other, each a transaction of its own; whatever was made before stays.

    Raises:
        Refused: a cutover's clients are not accepted yet.
        LeaseLost: another worker has taken the run over.
    """
    while not deliver_step(run=run):
        pass
    if run.delivery_file is None:
        raise LeaseLost
    return SealedFile.objects.get(pk=run.delivery_file)


def deliver_step(*, run: Run) -> bool:
    """The delivery is one step nearer: planned, one piece more, or put together; True when nothing is left to
    do here: it lies there whole, or somebody else holds the last piece and puts it together.

    Every chunk of clients is opened inside a recorded reading of its own. A crash loses at most the step
    under way; of two makers one file stays.

    Raises:
        Refused: a cutover's clients are not accepted yet.
        LeaseLost: another worker has taken the run over; nothing of this step is kept then.
    """
    if run.delivery_file is not None:
        return True
    transfer = Transfer.objects.get(pk=run.transfer_id)
    refuse_unless_data_moves(transfer)
    if run.kind == Run.Kind.CUTOVER and transfer.state != Transfer.State.RECONCILING:
        raise Refused("run.not_accepted_yet")
    renew(run, reached=run.reached)
    if not run.pieces.exists():
        plan_pieces(run)
        run.refresh_from_db(fields=["disguise_file", "client_count"])
        return False
    done = make_next_piece(run)
    if done is not None:
        run.reached = done
        return False
    if run.pieces.filter(file=None).exists():
        return True
    _put_together(run, transfer)
    return True


@transaction.atomic
def download_delivery(*, run: Run, by: User) -> tuple[SealedFile, Iterator[bytes]]:
    """The delivery file and its bytes, for one of the two firms; the download stands in the log.

    Raises:
        NotAllowed: ``by`` may not download deliveries of this transfer.
        Refused: nothing was delivered yet.
    """
    require_side(by, "transfer.download_delivery", run.transfer, *BOTH)
    if run.delivery_file is None:
        raise Refused("run.not_delivered")
    file = SealedFile.objects.get(pk=run.delivery_file)
    with reading(
        actor=by, organisation=by.organisation_id, purpose="delivery_download", subjects=[file.pk]
    ) as right:
        pieces = open_file(file, right)
    record(
        RunEvent.DELIVERY_DOWNLOADED,
        actor=by,
        subject=run,
        organisation=by.organisation_id,
        sha256=run.delivery_digest,
    )
    return file, pieces


@transaction.atomic
def _put_together(run: Run, transfer: Transfer) -> None:
    """One archive of the pieces, part after part; nothing of it is ever held whole."""
    holder = organisation_of(run)
    pieces = list(run.pieces.order_by("number"))
    with FileSealer(holder=holder) as sealer:
        with (
            reading(
                actor=run.asked_by,
                organisation=holder,
                purpose="delivery",
                subjects=[piece.file for piece in pieces if piece.file is not None],
            ) as right,
            zipfile.ZipFile(
                cast("IO[bytes]", _Writer(sealer)), "w", zipfile.ZIP_DEFLATED, compresslevel=1
            ) as archive,
        ):
            for name, heading in FILES.items():
                with archive.open(name, "w", force_zip64=True) as member:
                    member.write(csv_bytes([heading]))
                    for content in _contents(pieces, name.removesuffix(".csv"), right):
                        member.write(content)
        file = sealer.complete(purpose="delivery", name=f"{transfer.number}-{run.kind}-{run.number}.zip")
    _settle(run, file, sum(piece.clients for piece in pieces))


def _contents(pieces: list[DeliveryPiece], part: str, right: Reading) -> Iterator[bytes]:
    files = SealedFile.objects.in_bulk([piece.file for piece in pieces])
    for piece in pieces:
        begin, length, _rows = piece.sections[part]
        yield read_slice(files[piece.file], begin, length, right)


@transaction.atomic
def _settle(run: Run, file: SealedFile, clients: int) -> None:
    transfer = lock_transfer(run.transfer_id)
    standing = Run.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if standing.delivery_file is not None:
        destroy_file(file)  # Somebody else was faster; theirs is the run's.
        run.delivery_file = standing.delivery_file
        return
    holder = organisation_of(run)
    # Both firms may download it: it is the transferee's to load and the transferor's to answer for.
    for party in transfer.parties() - {holder}:
        add_wraps([file.pk], holder_from=holder, holder_to=party, purpose="file")
    with reading(actor=run.asked_by, organisation=holder, purpose="delivery", subjects=[file.pk]) as right:
        run.delivery_digest = file_sha256(file, right).hex()
    run.delivery_file = file.pk
    run.state = Run.State.DELIVERED
    run.client_count = clients
    run.lease_until = None
    run.save(update_fields=["delivery_file", "delivery_digest", "state", "client_count", "lease_until"])
    record(
        RunEvent.DELIVERED,
        actor=run.asked_by,
        subject=run,
        transfer=str(transfer.pk),
        count=clients,
        sha256=run.delivery_digest,
    )
    destroy_disguise(run)


class _Writer:
    """A sealer as the write-only file that an archive is written to."""

    def __init__(self, sealer: FileSealer) -> None:
        self._sealer = sealer

    def write(self, piece: bytes) -> int:
        self._sealer.write(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing is held back here: the sealer keeps at most one chunk."""
