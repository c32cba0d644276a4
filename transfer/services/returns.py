"""What comes back after a run, and its reconciliation against what was handed over."""

import csv
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from access.models import User
from audit.errors import Refused
from audit.reading import reading
from audit.services import record
from clients.fields import LAYOUTS
from clients.models import Account, Holding
from clients.services.files import take_file
from transfer.delivery import ACCOUNTS, CLIENTS, HOLDINGS, read_rows
from transfer.events import RunEvent
from transfer.importing.sealed_io import seekable
from transfer.models import Break, ReturnFile, Run
from transfer.policies import BOTH, TRANSFEREE, require_side, side_of
from transfer.reconcile import Counts, Layout, Row, compare, total_by
from transfer.services.breaks import BreakKey, keep_differences, mark_corrected
from transfer.services.locking import lock_transfer
from transfer.services.runs import delivered_clients, organisation_of
from vault.files import open_file
from vault.models import SealedFile
from vault.rows import Reading

DEPOSITORY = ("account_no", "market", "code", "quantity")
BANK = ("fund_account", "bank", "currency", "balance")
PURPOSE = "reconciliation"
ROWS_AT_ONCE = 500_000
"""Of how many rows of a file digests stay in memory at a time: about 100 MB."""

# What must come back, in which columns, and how it is compared with the delivery.
EXPECTED: dict[tuple[str, str], tuple[tuple[str, ...], Layout]] = {
    ("transferee", "clients"): (CLIENTS, Layout(("row_id",), CLIENTS[1:])),
    ("transferee", "accounts"): (
        ACCOUNTS,
        Layout(("row_id",), ACCOUNTS[1:], frozenset({"balance", "frozen"})),
    ),
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
        Refused: the file is of the transferee's system and ``by`` of another firm, nothing was delivered,
            the rehearsal has ended, or the file has not the agreed columns.
    """
    transfer = lock_transfer(run.transfer_id)
    run = Run.objects.select_for_update(of=("self",)).get(pk=run.pk)
    require_side(by, "transfer.receive_return", transfer, *BOTH)
    if (source, kind) not in EXPECTED:
        raise Refused("run.source_unknown")
    if source == ReturnFile.Source.TRANSFEREE and side_of(transfer, by.organisation_id) != TRANSFEREE:
        raise Refused("run.other_side_returns")
    if run.delivery_file is None:
        raise Refused("run.not_delivered")
    if run.finished_at is not None and run.kind == Run.Kind.REHEARSAL:
        raise Refused("run.has_ended")
    file = take_file(file, holder=by.organisation_id, purpose="return")
    rows = _count_rows(file, EXPECTED[source, kind][0], f"{source}/{kind}", by)
    latest = (
        ReturnFile.objects.filter(run=run, source=source, kind=kind).aggregate(last=Max("version"))["last"]
        or 0
    )
    returned = ReturnFile.objects.create(
        run=run, source=source, kind=kind, version=latest + 1, file=file.pk, rows=rows, uploaded_by=by
    )
    record(
        RunEvent.RETURN_RECEIVED,
        actor=by,
        subject=returned,
        transfer=str(transfer.pk),
        run=str(run.pk),
        source=source,
        kind=kind,
        rows=rows,
    )
    return returned


@transaction.atomic
def ask_reconciliation(*, run: Run, by: User) -> Run:
    """The reconciliation is wanted; a worker does it from the row, in the name of ``by``.

    Raises:
        NotAllowed: ``by`` may not receive returns of this transfer.
        Refused: something has not come back yet, the rehearsal has ended, or it is under way already.
    """
    transfer = lock_transfer(run.transfer_id)
    run = Run.objects.select_for_update(of=("self",)).get(pk=run.pk)
    require_side(by, "transfer.receive_return", transfer, *BOTH)
    if run.state == Run.State.RECONCILING and not run.problem:
        raise Refused("run.reconciling_already")
    if run.state == Run.State.DONE and run.kind == Run.Kind.REHEARSAL:
        raise Refused("run.has_ended")
    _refuse_missing(newest_returns(run))
    run.state = Run.State.RECONCILING
    run.reconcile_by = by
    run.problem = ""
    run.save(update_fields=["state", "reconcile_by", "problem"])
    record(RunEvent.RECONCILIATION_ASKED, actor=by, subject=run, transfer=str(transfer.pk))
    return run


@transaction.atomic
def reconcile(*, run: Run, by: User) -> dict[str, int]:
    """Every difference between the delivery and the newest returns stands as a break; the run is done.

    Run again after a corrected file has come back: breaks that are gone are corrected, new ones added, and
    one that was decided and is there again, or with another value, is open again.

    Raises:
        NotAllowed: ``by`` may not receive returns of this transfer.
        Refused: something has not come back yet.
    """
    transfer = lock_transfer(run.transfer_id)
    run = Run.objects.select_for_update(of=("self",)).get(pk=run.pk)
    require_side(by, "transfer.receive_return", transfer, *BOTH)
    newest = newest_returns(run)
    _refuse_missing(newest)
    found: set[BreakKey] = set()
    compared: dict[str, dict[str, int]] = {}
    with ExitStack() as rights:
        delivery = Delivery(run, by, rights)
        for (source, kind), (_, layout) in EXPECTED.items():
            came_back = Returned(newest[source, kind], by, rights)
            counts = Counts()
            differences = compare(
                partial(delivery.expected, source, kind),
                came_back.rows,
                layout,
                counts,
                parts=1 + newest[source, kind].rows // ROWS_AT_ONCE,
            )
            owners = partial(delivery.owners, source, kind)
            found |= keep_differences(run, source, kind, differences, owners, by)
            compared[f"{source}/{kind}"] = vars(counts)
    corrected = mark_corrected(run, found, by)
    run.compared = compared
    run.state = Run.State.DONE
    run.finished_at = timezone.now()
    run.save(update_fields=["compared", "state", "finished_at"])
    open_breaks = Break.objects.filter(run=run, state=Break.State.OPEN).count()
    record(
        RunEvent.RECONCILED,
        actor=by,
        subject=run,
        transfer=str(transfer.pk),
        open=open_breaks,
        corrected=corrected,
        found=len(found),
    )
    return {"open": open_breaks, "corrected": corrected, "found": len(found)}


def _refuse_missing(newest: dict[tuple[str, str], ReturnFile]) -> None:
    missing = [f"{source}/{kind}" for source, kind in EXPECTED if (source, kind) not in newest]
    if missing:
        raise Refused("run.files_missing", missing=", ".join(missing))


def newest_returns(run: Run) -> dict[tuple[str, str], ReturnFile]:
    """The newest version of each source and kind that has come back."""
    return {(row.source, row.kind): row for row in run.returns.order_by("version")}


class Delivery:
    """The rows that were handed over, read back from the sealed delivery file."""

    def __init__(self, run: Run, by: User, rights: ExitStack) -> None:
        if run.delivery_file is None:
            raise Refused("run.not_delivered")
        file = SealedFile.objects.get(pk=run.delivery_file)
        right = _right(file, organisation_of(run), by, rights)
        self._archive = rights.enter_context(zipfile.ZipFile(seekable(file, right)))
        self._run = run

    def expected(self, source: str, kind: str) -> Iterator[Row]:
        """What this source should send back for this kind."""
        if source == "depository":
            return total_by(
                self._rows("holdings"), DEPOSITORY[:3], "quantity", lambda row: bool(row["account_no"])
            )
        if source == "bank":
            return _bank_rows(self._rows("accounts"))
        return self._rows(kind)

    def _rows(self, kind: str) -> Iterator[Row]:
        with self._archive.open(f"{kind}.csv") as member:
            yield from read_rows(iter(lambda: member.read(1 << 20), b""))

    def owners(self, source: str, kind: str, keys: set[str]) -> dict[str, UUID]:
        """Which client each of these rows or account numbers belongs to; unknown ones are left out.

        Rows of the transferee are found by id, and only among the clients of this run; account numbers
        of other parties by going through the delivery once.
        """
        if source == ReturnFile.Source.TRANSFEREE:
            return self._owners_of_rows(kind, keys)
        table, column = (
            ("holdings", "account_no") if source == ReturnFile.Source.DEPOSITORY else ("accounts", "number")
        )
        numbers = {row[column]: row["client_no"] for row in self._rows(table) if row[column] in keys}
        wanted = set(numbers.values())
        clients = {
            row["client_no"]: UUID(row["row_id"])
            for row in self._rows("clients")
            if row["client_no"] in wanted
        }
        return {key: clients[number] for key, number in numbers.items()}

    def _owners_of_rows(self, kind: str, keys: set[str]) -> dict[str, UUID]:
        ids = {key: row_id for key in keys if (row_id := _uuid(key)) is not None}
        mine = delivered_clients(self._run).order_by()
        if kind == "clients":
            known = dict(mine.filter(pk__in=ids.values()).values_list("pk", "pk"))
        else:
            model = Account if kind == "accounts" else Holding
            rows = model.objects.filter(pk__in=ids.values(), client__in=mine)
            known = dict(rows.values_list("pk", "client_id"))
        return {key: known[row_id] for key, row_id in ids.items() if row_id in known}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


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
                column: words.get(row[column], row[column])
                for column, words in self._words.items()
                if column in row
            }


_WORDS = {column: dict(LAYOUTS["accounts"].by_name[column].choices) for column in ("market", "currency")}


def _bank_rows(accounts: Iterator[Row]) -> Iterator[Row]:
    for row in accounts:
        if row["bank"]:
            yield {**row, "fund_account": row["number"]}


def _count_rows(file: SealedFile, columns: tuple[str, ...], name: str, by: User) -> int:
    with reading(actor=by, organisation=file.holder, purpose=PURPOSE, subjects=[file.pk]) as right:
        count = 0
        try:
            for row in read_rows(open_file(file, right)):
                count += 1
                # A row with too few cells holds None, one with too many a key of None.
                if tuple(row) != columns or None in row.values():
                    raise Refused("run.file_layout", file=name, wanted=", ".join(columns))
        except (UnicodeDecodeError, csv.Error) as error:
            raise Refused("run.file_not_csv", file=name) from error
    if not count:
        raise Refused("run.file_layout", file=name, wanted=", ".join(columns))
    return count


def _right(file: SealedFile, organisation: UUID, by: User, rights: ExitStack) -> Reading:
    return rights.enter_context(
        reading(actor=by, organisation=organisation, purpose=PURPOSE, subjects=[file.pk])
    )
