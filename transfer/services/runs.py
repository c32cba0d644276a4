"""Rehearsals and the cutover's delivery: the file for the transferee's system, made from the sealed rows."""

import secrets
import zipfile
from collections.abc import Callable, Iterator
from itertools import count, islice
from typing import IO, cast
from uuid import UUID

from django.db import transaction
from django.db.models import Max, QuerySet

from access.models import Branch, User
from audit.errors import Refused
from audit.reading import reading
from audit.services import record
from clients.models import Account, Client, Holding
from transfer.delivery import (
    ACCOUNTS,
    CLIENTS,
    HOLDINGS,
    CsvPart,
    Disguise,
    Numbers,
    Tokens,
    account_row,
    client_row,
    holding_row,
    new_numbers,
    plainly,
)
from transfer.events import RunEvent
from transfer.models import ClientCase, FieldPolicy, Run, Transfer
from transfer.policies import BOTH, TRANSFEROR, require_side
from transfer.services.leases import renew, try_again
from transfer.services.locking import lock_transfer
from vault.files import FileSealer, destroy_file, file_sha256, open_file
from vault.models import SealedFile
from vault.rows import Reading, open_rows
from vault.wraps import add_wraps

CHUNK = 1_000
REHEARSED_IN: set[str] = {Transfer.State.REVIEWING, Transfer.State.NOTIFYING, Transfer.State.READY}
STAYING = (ClientCase.State.LEFT, ClientCase.State.EXCLUDED)
Row = tuple[str, ...]


@transaction.atomic
def start_rehearsal(*, transfer: Transfer, by: User) -> Run:
    """A new rehearsal waits for its delivery to be made; nothing moves.

    Raises:
        NotAllowed: ``by`` may not rehearse this transfer for the transferor, whose rows the delivery is made of.
        Refused: the transfer is not between reviewing and ready, or the last rehearsal has not ended.
    """
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

    Every chunk of clients is opened inside a recorded reading of its own. Repeating it once the file is
    there returns the same file; a crash on the way leaves none, and of two makers one file stays.

    Raises:
        Refused: a cutover's clients are not accepted yet.
        LeaseLost: another worker has taken the run over; nothing is kept then.
    """
    if run.delivery_file is not None:
        return SealedFile.objects.get(pk=run.delivery_file)
    transfer = Transfer.objects.get(pk=run.transfer_id)
    if run.kind == Run.Kind.CUTOVER and transfer.state != Transfer.State.RECONCILING:
        raise Refused("run.not_accepted_yet")
    clients = delivered_clients(run)
    Run.objects.filter(pk=run.pk).update(client_count=clients.count())
    holder = organisation_of(run)
    # The rehearsal key exists in this call only; results stay, the key goes.
    disguise = Tokens(secrets.token_bytes(32)) if run.kind == Run.Kind.REHEARSAL else plainly
    with FileSealer(holder=holder) as sealer:
        with zipfile.ZipFile(cast("IO[bytes]", _Writer(sealer)), "w", zipfile.ZIP_DEFLATED) as archive:
            for name, rows in _parts(run, clients, disguise).items():
                _write_part(archive, name, rows)
        file = sealer.complete(purpose="delivery", name=f"{transfer.number}-{run.kind}-{run.number}.zip")
    return _settle(run, file, clients.count())


def delivered_clients(run: Run) -> QuerySet[Client]:
    """The clients a run is about: who would move now, or who was accepted."""
    transfer = run.transfer
    if run.kind == Run.Kind.CUTOVER:
        accepted = ClientCase.objects.filter(transfer=transfer, state=ClientCase.State.ACCEPTED)
        return Client.objects.filter(pk__in=accepted.values("client_id")).order_by("pk")
    staying = ClientCase.objects.filter(transfer=transfer, state__in=STAYING)
    mine = Client.objects.filter(book=transfer.book_id, custodian=transfer.transferor_id)
    return mine.exclude(pk__in=staying.values("client_id")).order_by("pk")


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
def _settle(run: Run, file: SealedFile, clients: int) -> SealedFile:
    transfer = lock_transfer(run.transfer_id)
    standing = Run.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if standing.delivery_file is not None:
        destroy_file(file)  # Somebody else was faster; theirs is the run's.
        return SealedFile.objects.get(pk=standing.delivery_file)
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
    return file


def organisation_of(run: Run) -> UUID:
    """Who opens the rows: the transferor before acceptance, the transferee after."""
    transfer = run.transfer
    rehearsal = run.kind == Run.Kind.REHEARSAL or transfer.transferee_id is None
    return transfer.transferor_id if rehearsal else cast("UUID", transfer.transferee_id)


def _parts(run: Run, clients: QuerySet[Client], disguise: Disguise) -> dict[str, Iterator[Row]]:
    policy = FieldPolicy.objects.filter(
        transfer=run.transfer_id, kind="clients", target_field="client_no", policy=FieldPolicy.Policy.REMAP
    ).first()
    numbers = new_numbers(policy.crosswalk if policy else {})
    branches = dict(Branch.objects.values_list("pk", "code"))

    def client_rows(chunk: list[Client], right: Reading, known: dict[UUID, str]) -> Iterator[Row]:
        for client, secret in zip(chunk, open_rows(chunk, right), strict=True):
            branch = branches.get(client.branch_id, "") if client.branch_id else ""
            yield client_row(client, secret, known[client.pk], branch, disguise)

    def account_rows(chunk: list[Client], right: Reading, known: dict[UUID, str]) -> Iterator[Row]:
        rows = list(Account.objects.filter(client__in=chunk).order_by("client_id", "pk"))
        for row, secret in zip(rows, open_rows(rows, right), strict=True):
            yield account_row(row, secret, known[row.client_id])

    def holding_rows(chunk: list[Client], right: Reading, known: dict[UUID, str]) -> Iterator[Row]:
        rows = list(Holding.objects.filter(client__in=chunk).order_by("client_id", "pk"))
        for row, secret in zip(rows, open_rows(rows, right), strict=True):
            yield holding_row(row, secret, known[row.client_id])

    makers: dict[str, tuple[Row, MakeRows]] = {
        "clients.csv": (CLIENTS, client_rows),
        "accounts.csv": (ACCOUNTS, account_rows),
        "holdings.csv": (HOLDINGS, holding_rows),
    }
    progress = count(1)  # One stream after the other is written, so the three parts count on together.
    return {name: _rows(run, clients, numbers, progress, *maker) for name, maker in makers.items()}


PARTS = 3
"""Into how many parts a delivery is written: what ``reached`` of a run counts to, times its clients."""


MakeRows = Callable[[list[Client], Reading, dict[UUID, str]], Iterator[Row]]


def _rows(
    run: Run,
    clients: QuerySet[Client],
    numbers: Numbers,
    progress: Iterator[int],
    heading: Row,
    make: MakeRows,
) -> Iterator[Row]:
    yield heading
    stream = clients.iterator(chunk_size=CHUNK)
    while chunk := list(islice(stream, CHUNK)):
        for _ in chunk:
            done = next(progress)
        renew(run, reached=done)
        with reading(
            actor=run.asked_by,
            organisation=organisation_of(run),
            purpose="delivery",
            subjects=[client.pk for client in chunk],
        ) as right:
            secrets_ = open_rows(chunk, right)
            known = {
                client.pk: numbers.of(secret.source_no)
                for client, secret in zip(chunk, secrets_, strict=True)
            }
            yield from make(chunk, right, known)


def _write_part(archive: zipfile.ZipFile, name: str, rows: Iterator[Row]) -> None:
    part = CsvPart(next(rows))
    with archive.open(name, "w") as member:
        for number, row in enumerate(rows, start=1):
            part.add(row)
            if number % CHUNK == 0:
                member.write(part.take())
        member.write(part.take())


class _Writer:
    """A sealer as the write-only file that an archive is written to."""

    def __init__(self, sealer: FileSealer) -> None:
        self._sealer = sealer

    def write(self, piece: bytes) -> int:
        self._sealer.write(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing is held back here: the sealer keeps at most one chunk."""
