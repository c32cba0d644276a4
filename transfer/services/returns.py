"""What comes back after a run, and its reconciliation against what was handed over."""

import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from access.models import User
from access.policies import require
from audit.errors import Refused
from audit.reading import reading
from audit.services import record
from clients.fields import LAYOUTS
from clients.services.files import take_file
from transfer.delivery import ACCOUNTS, CLIENTS, HOLDINGS, read_rows
from transfer.events import RunEvent
from transfer.importing.sealed_io import seekable
from transfer.models import Break, ReturnFile, Run
from transfer.reconcile import Counts, Layout, Row, compare, total_by
from transfer.services.breaks import keep_differences, mark_corrected
from transfer.services.locking import lock_transfer
from transfer.services.runs import organisation_of
from vault.files import open_file
from vault.models import SealedFile
from vault.rows import Reading

DEPOSITORY = ("account_no", "market", "code", "quantity")
BANK = ("fund_account", "bank", "currency", "balance")
PURPOSE = "reconciliation"

# What must come back, in which columns, and how it is compared with the delivery.
EXPECTED: dict[tuple[str, str], tuple[tuple[str, ...], Layout]] = {
    ("transferee", "clients"): (CLIENTS, Layout(("row_id",), CLIENTS[1:])),
    ("transferee", "accounts"): (ACCOUNTS, Layout(("row_id",), ACCOUNTS[1:], frozenset({"balance", "frozen"}))),
    ("transferee", "holdings"): (
        HOLDINGS,
        Layout(("row_id",), HOLDINGS[1:], frozenset({"quantity", "frozen", "pledged"})),
    ),
    ("depository", "holdings"): (
        DEPOSITORY,
        Layout(("account_no", "market", "code"), ("quantity",), frozenset({"quantity"})),
    ),
    ("bank", "balances"): (
        BANK,
        Layout(("fund_account", "bank", "currency"), ("balance",), frozenset({"balance"})),
    ),
}


@transaction.atomic
def receive_return(*, run: Run, source: str, kind: str, file: SealedFile, by: User) -> ReturnFile:
    """A file that came back is kept as the newest version of its source and kind.

    Raises:
        NotAllowed: ``by`` may not receive returns of this transfer.
        Refused: nothing was delivered, the rehearsal has ended, or the file has not the agreed columns.
    """
    transfer = lock_transfer(run.transfer_id)
    run = Run.objects.select_for_update(of=("self",)).get(pk=run.pk)
    require(by, "transfer.receive_return", transfer)
    if run.delivery_file is None:
        raise Refused("run.not_delivered")
    if run.finished_at is not None and run.kind == Run.Kind.REHEARSAL:
        raise Refused("run.has_ended")
    file = take_file(file, holder=by.organisation_id, purpose="return")
    rows = _count_rows(file, EXPECTED[source, kind][0], f"{source}/{kind}", by)
    latest = ReturnFile.objects.filter(run=run, source=source, kind=kind).aggregate(last=Max("version"))["last"] or 0
    returned = ReturnFile.objects.create(
        run=run, source=source, kind=kind, version=latest + 1, file=file.pk, rows=rows, uploaded_by=by
    )
    record(
        RunEvent.RETURN_RECEIVED, actor=by, subject=returned, transfer=str(transfer.pk), run=str(run.pk),
        source=source, kind=kind, rows=rows,
    )
    return returned


@transaction.atomic
def reconcile(*, run: Run, by: User) -> dict[str, int]:
    """Every difference between the delivery and the newest returns stands as a break; the run is done.

    Run again after a corrected file has come back: breaks that are gone are corrected, new ones added.

    Raises:
        NotAllowed: ``by`` may not receive returns of this transfer.
        Refused: something has not come back yet.
    """
    transfer = lock_transfer(run.transfer_id)
    run = Run.objects.select_for_update(of=("self",)).get(pk=run.pk)
    require(by, "transfer.receive_return", transfer)
    newest = newest_returns(run)
    missing = [f"{source}/{kind}" for source, kind in EXPECTED if (source, kind) not in newest]
    if missing:
        raise Refused("run.files_missing", missing=", ".join(missing))
    found: set[tuple[str, ...]] = set()
    compared: dict[str, dict[str, int]] = {}
    with ExitStack() as rights:
        delivery = Delivery(run, by, rights)
        for (source, kind), (_, layout) in EXPECTED.items():
            came_back = Returned(newest[source, kind], by, rights)
            counts = Counts()
            differences = compare(lambda: delivery.expected(source, kind), came_back.rows, layout, counts)  # noqa: B023
            found |= keep_differences(run, source, kind, differences, delivery.clients)
            compared[f"{source}/{kind}"] = vars(counts)
    corrected = mark_corrected(run, found, by)
    run.compared = compared
    run.state = Run.State.DONE
    run.finished_at = timezone.now()
    run.save(update_fields=["compared", "state", "finished_at"])
    open_breaks = Break.objects.filter(run=run, state=Break.State.OPEN).count()
    record(
        RunEvent.RECONCILED, actor=by, subject=run, transfer=str(transfer.pk), open=open_breaks,
        corrected=corrected, found=len(found),
    )
    return {"open": open_breaks, "corrected": corrected, "found": len(found)}


def newest_returns(run: Run) -> dict[tuple[str, str], ReturnFile]:
    """The newest version of each source and kind that has come back."""
    return {(row.source, row.kind): row for row in run.returns.order_by("version")}


class Delivery:
    """The rows that were handed over, read back from the sealed delivery file."""

    def __init__(self, run: Run, by: User, rights: ExitStack) -> None:
        file = SealedFile.objects.get(pk=run.delivery_file)
        right = _right(file, organisation_of(run), by, rights)
        self._archive = rights.enter_context(zipfile.ZipFile(seekable(file, right)))
        self.clients: dict[str, UUID] = {}
        self._learn()

    def expected(self, source: str, kind: str) -> Iterator[Row]:
        """What this source should send back for this kind."""
        if source == "depository":
            return total_by(self._rows("holdings"), DEPOSITORY[:3], "quantity", lambda row: bool(row["account_no"]))
        if source == "bank":
            return _bank_rows(self._rows("accounts"))
        return self._rows(kind)

    def _rows(self, kind: str) -> Iterator[Row]:
        with self._archive.open(f"{kind}.csv") as member:
            yield from read_rows(iter(lambda: member.read(1 << 20), b""))

    def _learn(self) -> None:
        """Which client each row, account and client number belongs to, so that breaks find their client."""
        numbers = {}
        for row in self._rows("clients"):
            client = UUID(row["row_id"])
            numbers[row["client_no"]] = client
            self.clients[row["row_id"]] = client
        for kind in ("accounts", "holdings"):
            for row in self._rows(kind):
                self.clients[row["row_id"]] = numbers[row["client_no"]]
                self.clients[row["number" if kind == "accounts" else "account_no"]] = numbers[row["client_no"]]


class Returned:
    """The rows of one file that came back, with the words of other systems turned into our codes."""

    def __init__(self, returned: ReturnFile, by: User, rights: ExitStack) -> None:
        self._file = SealedFile.objects.get(pk=returned.file)
        self._right = _right(self._file, self._file.holder, by, rights)
        self._words = {} if returned.source == ReturnFile.Source.TRANSFEREE else _WORDS

    def rows(self) -> Iterator[Row]:
        """The rows from the beginning."""
        for row in read_rows(open_file(self._file, self._right)):
            yield row | {
                column: words.get(row[column], row[column]) for column, words in self._words.items() if column in row
            }


_WORDS = {
    column: dict(LAYOUTS["accounts"].by_name[column].choices) for column in ("market", "currency")
}


def _bank_rows(accounts: Iterator[Row]) -> Iterator[Row]:
    for row in accounts:
        if row["bank"]:
            yield {**row, "fund_account": row["number"]}


def _count_rows(file: SealedFile, columns: tuple[str, ...], name: str, by: User) -> int:
    with reading(actor=by, organisation=file.holder, purpose=PURPOSE, subjects=[file.pk]) as right:
        count = 0
        try:
            for count, row in enumerate(read_rows(open_file(file, right)), start=1):
                if tuple(row) != columns:
                    raise Refused("run.file_layout", file=name, wanted=", ".join(columns))
        except UnicodeDecodeError as error:
            raise Refused("run.file_not_csv", file=name) from error
    if not count:
        raise Refused("run.file_layout", file=name, wanted=", ".join(columns))
    return count


def _right(file: SealedFile, organisation: UUID, by: User, rights: ExitStack) -> Reading:
    return rights.enter_context(
        reading(actor=by, organisation=organisation, purpose=PURPOSE, subjects=[file.pk])
    )
