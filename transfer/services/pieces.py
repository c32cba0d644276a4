"""A delivery is made in pieces: one range of clients, one transaction, one sealed file.

Invariants:
- The ranges are fixed before the first piece is made; together they hold every client of the run once.
- Whoever makes a piece holds its row's lock: of any number of workers each makes another one, and what a
  killed worker had begun is free at once.
- The key of a rehearsal's disguise is one for all pieces; it lies sealed until the delivery is whole.
"""

import secrets
from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Sum

from access.models import Branch
from audit.errors import Refused
from audit.reading import reading
from clients.models import Account, Client, Holding
from transfer.comparisons import COMPARISONS
from transfer.delivery import (
    Disguise,
    Numbers,
    Tokens,
    account_row,
    client_row,
    csv_bytes,
    holding_row,
    new_numbers,
    plainly,
)
from transfer.models import DeliveryPiece, FieldPolicy, Run
from transfer.reconcile import RECORD
from transfer.services.leases import renew
from transfer.services.parties import delivered_clients, organisation_of
from vault.files import destroy_file, open_file, seal_stream
from vault.models import FilePurpose, SealedFile
from vault.rows import Opener, Reading

CLIENTS_OF_A_PIECE: Final = 5_000
CLIENTS_AT_ONCE: Final = 1_000
PARTS: Final = ("clients", "accounts", "holdings")
Row = tuple[str, ...]
Rows = dict[str, list[Row]]


@transaction.atomic
def plan_pieces(run: Run) -> None:
    """The ranges of clients of which the delivery is made stand; planning again changes nothing."""
    run = Run.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if run.pieces.exists():
        return
    run.client_count, firsts = 0, []
    for client in delivered_clients(run).values_list("pk", flat=True).iterator(chunk_size=10_000):
        if run.client_count % CLIENTS_OF_A_PIECE == 0:
            firsts.append(client)
        run.client_count += 1
    # One piece without anybody where nobody moves: a delivery has its three files all the same.
    firsts = firsts or [UUID(int=0)]
    ends = [*(UUID(int=first.int - 1) for first in firsts[1:]), UUID(int=(1 << 128) - 1)]
    DeliveryPiece.objects.bulk_create(
        DeliveryPiece(run=run, number=number, first=first, last=end)
        for number, (first, end) in enumerate(zip(firsts, ends, strict=True), start=1)
    )
    if run.kind == Run.Kind.REHEARSAL and run.disguise_file is None:
        key = secrets.token_bytes(32)
        sealed = seal_stream([key], holder=organisation_of(run), purpose=FilePurpose.PIECE, name="disguise")
        run.disguise_file = sealed.pk
    run.save(update_fields=["client_count", "disguise_file"])


@transaction.atomic
def make_next_piece(run: Run, *, leading: bool = True) -> int | None:
    """One more piece of the delivery lies sealed; returns how many clients are in pieces now, None when no
    piece is left to make, or somebody else holds it.

    Raises:
        LeaseLost: who leads the work has lost the lease to another worker; nothing is kept then.
    """
    piece = (
        DeliveryPiece.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(run=run, file=None)
        .order_by("number")
        .first()
    )
    if piece is None:
        return None
    rows = _Maker(run).rows_between(piece)
    content: list[bytes] = []
    begin = 0
    for name, data, count in _sections(rows):
        piece.sections[name] = [begin, len(data), count]
        begin += len(data)
        content.append(data)
    file = seal_stream(
        content, holder=organisation_of(run), purpose=FilePurpose.PIECE, name=f"piece-{piece.number}"
    )
    piece.file, piece.clients = file.pk, len(rows["clients"])
    piece.save(update_fields=["file", "clients", "sections"])
    done = run.pieces.aggregate(done=Sum("clients"))["done"]
    if leading:
        renew(run, reached=done)
    return int(done)


@transaction.atomic
def destroy_pieces(run: Run) -> None:
    """Nothing is left of the pieces and of the disguise's key; harmless when they are gone."""
    files = [file for file in run.pieces.values_list("file", flat=True) if file is not None]
    for file in SealedFile.objects.filter(pk__in=files):
        destroy_file(file)
    run.pieces.update(file=None, sections={})
    destroy_disguise(run)


@transaction.atomic
def destroy_disguise(run: Run) -> None:
    """The key of a rehearsal's tokens is gone, and with it any way to make the same tokens again."""
    if run.disguise_file is not None:
        for file in SealedFile.objects.filter(pk=run.disguise_file):
            destroy_file(file)
    Run.objects.filter(pk=run.pk).update(disguise_file=None)
    run.disguise_file = None


def _sections(rows: Rows) -> Iterator[tuple[str, bytes, int]]:
    for name in PARTS:
        yield name, csv_bytes(rows[name]), len(rows[name])
    for comparison in COMPARISONS.values():
        digests = comparison.shape.digests(comparison.derive(rows[comparison.part]))
        yield comparison.name, digests, len(digests) // RECORD.itemsize


class _Maker:
    """Makes the rows of a delivery from the sealed rows, chunk by chunk in recorded readings."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._holder = organisation_of(run)
        self._numbers = _numbering(run)
        self._disguise = self._disguise_of(run)
        self._branches = dict(Branch.objects.values_list("pk", "code"))

    def rows_between(self, piece: DeliveryPiece) -> Rows:
        """The rows of the three files for the clients of this piece, in the order of the clients' ids."""
        ids = list(
            delivered_clients(self._run)
            .filter(pk__gte=piece.first, pk__lte=piece.last)
            .values_list("pk", flat=True)
        )
        found: Rows = {name: [] for name in PARTS}
        for start in range(0, len(ids), CLIENTS_AT_ONCE):
            chunk = ids[start : start + CLIENTS_AT_ONCE]
            with reading(
                actor=self._run.asked_by, organisation=self._holder, purpose="delivery", subjects=chunk
            ) as right:
                self._add(found, chunk, right)
        return found

    def _add(self, found: Rows, ids: list[UUID], right: Reading) -> None:
        opener = Opener(ids, right)
        numbers: dict[str, str] = {}
        rows, clear = _fetch(_CLIENTS, ids)
        for row, cells, secret in zip(rows, clear, opener.documents(Client, rows), strict=True):
            number = numbers[row[0]] = self._numbers.of(secret.source_no)
            kind, status, branch, opened_on = cells
            code = self._branches.get(branch, "") if branch else ""
            shown = (kind, status, code, opened_on)
            found["clients"].append(client_row(row[0], shown, secret, number, self._disguise))
        rows, clear = _fetch(_ACCOUNTS, ids)
        found["accounts"] += [
            account_row(row[0], cells, secret, numbers[row[1]])
            for row, cells, secret in zip(rows, clear, opener.documents(Account, rows), strict=True)
        ]
        rows, clear = _fetch(_HOLDINGS, ids)
        found["holdings"] += [
            holding_row(row[0], cells, secret, numbers[row[1]])
            for row, cells, secret in zip(rows, clear, opener.documents(Holding, rows), strict=True)
        ]

    def _disguise_of(self, run: Run) -> Disguise:
        if run.kind != Run.Kind.REHEARSAL:
            return plainly
        if run.disguise_file is None:
            raise Refused("run.not_delivered")  # Never in clear: without the key there is no rehearsal.
        file = SealedFile.objects.get(pk=run.disguise_file)
        with reading(
            actor=run.asked_by, organisation=self._holder, purpose="delivery", subjects=[file.pk]
        ) as right:
            return Tokens(b"".join(open_file(file, right)))


_CLIENTS: Final = """
SELECT id::text, id::text, revision, sealed, kind, status, branch_id, coalesce(opened_on::text, '')
  FROM clients_client WHERE id = ANY(%s) ORDER BY id
"""
_ACCOUNTS: Final = """
SELECT id::text, client_id::text, revision, sealed, kind, market, currency, status
  FROM clients_account WHERE client_id = ANY(%s) ORDER BY client_id, id
"""
_HOLDINGS: Final = """
SELECT id::text, client_id::text, revision, sealed, market, currency
  FROM clients_holding WHERE client_id = ANY(%s) ORDER BY client_id, id
"""
Fetched = tuple[list[tuple[str, str, int, bytes]], list[tuple[Any, ...]]]


def _fetch(statement: str, ids: Sequence[UUID]) -> Fetched:
    """The sealed parts of the rows, and their clear columns beside them."""
    with connection.cursor() as cursor:
        cursor.execute(statement, [list(ids)])
        found = cursor.fetchall()
    return [(row[0], row[1], row[2], bytes(row[3])) for row in found], [row[4:] for row in found]


def _numbering(run: Run) -> Numbers:
    policy = FieldPolicy.objects.filter(
        transfer=run.transfer_id, kind="clients", target_field="client_no", policy=FieldPolicy.Policy.REMAP
    ).first()
    return new_numbers(policy.crosswalk if policy else {})
