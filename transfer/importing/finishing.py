"""When every slice is done: totals, what only many lines together show, and the end of the run.

Invariants:
- Everything here can be done again from the start: what an earlier attempt left is replaced.
- Keys by which duplicates are found are gone once the run is done.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Final

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from audit.reading import reading
from audit.services import record
from clients.fields import LAYOUTS
from clients.models import Account
from continuity.keeping import kept
from transfer.events import ImportEvent
from transfer.figures import lock_figures
from transfer.importing.chunks import money
from transfer.importing.delta import find_missing
from transfer.importing.job import MODELS, book_of
from transfer.importing.matching import find_across, find_within, profile_across, profile_within
from transfer.importing.recognise import columns_of
from transfer.models import ClientSum, Extract, Finding, ImportChunk, ImportKey, ImportRun, Reject
from transfer.services.health import keep_health
from transfer.services.persons import keep_persons
from transfer.statistics import measure
from vault.rows import open_rows

_CLAIM: Final = """
UPDATE transfer_importrun run SET state = 'finishing', fence = fence + 1,
       lease_until = clock_timestamp() + make_interval(secs => %s)
 WHERE id = %s
   AND (state = 'running' OR (state = 'finishing' AND lease_until < clock_timestamp()))
   AND NOT EXISTS (SELECT 1 FROM transfer_importchunk chunk
                    WHERE chunk.run_id = run.id AND chunk.state <> 'done')
RETURNING fence
"""


def finish(run_id: uuid.UUID) -> None:
    """The run is done, if every slice is; done once, however often asked."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CLAIM, [settings.IMPORT_LEASE_SECONDS, run_id])
        claimed = cursor.fetchone()
    if claimed is None:
        return
    mine = ImportRun.objects.filter(pk=run_id, fence=claimed[0], state=ImportRun.State.FINISHING)
    with kept(mine, timedelta(seconds=settings.IMPORT_LEASE_SECONDS)), transaction.atomic():
        _finish(ImportRun.objects.select_related("extract__transfer").get(pk=run_id))


def _finish(run: ImportRun) -> None:
    loads = run.mode == ImportRun.Mode.LOAD
    lock_figures(run.extract.transfer_id)
    measure(MODELS[run.extract.kind], ImportKey, ClientSum, Finding)
    if not loads:
        _refuse_later_lines(run)
    _sum_up_clients(run)
    if loads:
        _after_load(run)
    else:
        _after_profile(run)
    ImportKey.objects.filter(run=run)._raw_delete("default")  # noqa: SLF001  nothing refers to them
    ledger = ImportChunk.objects.filter(run=run)
    rows = ledger.aggregate(rows=Sum("rows", default=0))["rows"]
    rejected = Reject.objects.filter(run=run).count()
    facts = {"rows": rows, "accepted": rows - rejected, "rejected": rejected}
    changed = ImportRun.objects.filter(pk=run.pk, state=ImportRun.State.FINISHING, fence=run.fence).update(
        state=ImportRun.State.DONE,
        totals=_totals(ledger.values_list("totals", flat=True)),
        lease_until=None,
        finished_at=timezone.now(),
        **facts,
    )
    if not changed:
        transaction.set_rollback(True)
        return
    _keep_figures(run)
    record(
        ImportEvent.RUN_FINISHED,
        actor=run.asked_by_id,
        subject=run,
        organisation=run.extract.side_id,
        **facts,
    )


def _keep_figures(run: ImportRun) -> None:
    """What pages and gates ask for at every look is computed now, while nothing else changes it."""
    measure(ClientSum, Finding)
    keep_health(run.extract.transfer, run.extract.side_id)
    if run.mode == ImportRun.Mode.LOAD and run.extract.kind == Extract.Kind.CLIENTS:
        keep_persons(run.extract.transfer)


def _totals(parts: Iterable[dict[str, str]]) -> dict[str, str]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for part in parts:
        for heading, amount in part.items():
            sums[heading] += Decimal(amount)
    return {heading: money(amount) for heading, amount in sums.items()}


def _refuse_later_lines(run: ImportRun) -> None:
    """Looking only, no table refuses the second line of a key: the earliest stands, later ones do not."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO transfer_reject (run_id, line, "column", code, decision, reason)
            SELECT %s, line, %s, 'duplicate_key', 'open', '' FROM (
                SELECT line, row_number() OVER (PARTITION BY token ORDER BY line) AS place
                  FROM transfer_importkey WHERE run_id = %s AND kind = 'key') keys
             WHERE place > 1 ON CONFLICT (run_id, line) DO NOTHING
            """,
            [run.pk, _key_heading(run.extract), run.pk],
        )
        for table in ("transfer_finding", "transfer_importkey"):
            cursor.execute(
                f"DELETE FROM {table} WHERE run_id = %s AND line IN"  # noqa: S608  our own tables
                " (SELECT line FROM transfer_reject WHERE run_id = %s AND code = 'duplicate_key')",
                [run.pk, run.pk],
            )


def _key_heading(extract: Extract) -> str:
    first = LAYOUTS[extract.kind].key[0]
    columns = columns_of(extract.kind, extract.header, extract.how.get("fields"))
    return next((column.heading for column in columns if column.field == first), "")


def _sum_up_clients(run: ImportRun) -> None:
    """One sum per client and currency instead of one per slice."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH parts AS (DELETE FROM transfer_clientsum WHERE run_id = %s"
            " RETURNING client_digest, currency, amount)"
            " INSERT INTO transfer_clientsum (run_id, line, client_digest, currency, amount)"
            " SELECT %s, 0, client_digest, currency, sum(amount) FROM parts GROUP BY client_digest, currency",
            [run.pk, run.pk],
        )


def _after_load(run: ImportRun) -> None:
    kind, book = run.extract.kind, book_of(run.extract)
    if run.extract.purpose == Extract.Purpose.DELTA:
        find_missing(run)
    if kind == Extract.Kind.CLIENTS:
        find_within(run)
        find_across(run.extract.transfer, by=run.asked_by_id)
    if kind in {Extract.Kind.CLIENTS, Extract.Kind.RELATIONS}:
        _find_lone_minors(run, book)
    if kind == Extract.Kind.ACCOUNTS:
        _find_several_banks(run)
    if kind in {Extract.Kind.ACCOUNTS, Extract.Kind.HOLDINGS}:
        _raise_flags(book)


def _after_profile(run: ImportRun) -> None:
    if run.extract.kind == Extract.Kind.CLIENTS:
        profile_within(run)
        profile_across(run)
    elif run.extract.kind == Extract.Kind.RELATIONS:
        _profile_lone_minors(run)
    elif run.extract.kind == Extract.Kind.ACCOUNTS:
        _profile_several_banks(run)


def _find_lone_minors(run: ImportRun, book: uuid.UUID) -> None:
    """Minors of the book without a guardian, once related persons are loaded; the newest run keeps them."""
    runs = ImportRun.objects.filter(
        extract__transfer=run.extract.transfer_id, extract__side=run.extract.side_id, mode=ImportRun.Mode.LOAD
    )
    loaded = runs.filter(extract__kind=Extract.Kind.RELATIONS, state=ImportRun.State.DONE)
    if run.extract.kind != Extract.Kind.RELATIONS and not loaded.exists():
        return
    Finding.objects.filter(run__in=list(runs), code="minor_without_guardian").delete()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO transfer_finding (run_id, code, line, client_id, client_digest)"
            " SELECT %s, 'minor_without_guardian', source_line, id, source_digest FROM clients_client client"
            " WHERE book_id = %s AND is_minor AND NOT EXISTS (SELECT 1 FROM clients_relation guardian"
            " WHERE guardian.client_id = client.id AND guardian.kind = 'guardian')",
            [run.pk, book],
        )


def _find_several_banks(run: ImportRun) -> None:
    """Clients bound to more than one bank. A full extract is judged by its own lines; of mended lines
    the clients they belong to are opened.
    """
    Finding.objects.filter(run=run, code="multi_bank").delete()
    if run.extract.purpose != Extract.Purpose.MENDED:
        _profile_several_banks(run)
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE transfer_finding finding SET client_id = client.id FROM clients_client client"
                " WHERE finding.run_id = %s AND finding.code = 'multi_bank' AND client.book_id = %s"
                " AND client.source_digest = finding.client_digest",
                [run.pk, book_of(run.extract)],
            )
        return
    touched = Account.objects.filter(book=book_of(run.extract), import_run=run.pk).values("client_id")
    accounts = list(Account.objects.filter(client_id__in=touched).select_related("client"))
    banks: dict[uuid.UUID, set[str]] = defaultdict(set)
    subjects = {account.client_id for account in accounts}
    if not subjects:
        return
    with reading(
        actor=run.asked_by_id,
        organisation=run.extract.side_id,
        purpose="compare_banks",
        subjects=subjects,
        fields=["bank"],
    ) as right:
        for account, secret in zip(accounts, open_rows(accounts, right), strict=True):
            banks[account.client_id] |= {secret.bank} - {""}
    clients = {account.client_id: account.client for account in accounts}
    Finding.objects.bulk_create(
        Finding(
            run=run,
            code="multi_bank",
            line=clients[pk].source_line,
            client_id=pk,
            client_digest=clients[pk].source_digest,
        )
        for pk, names in banks.items()
        if len(names) > 1
    )


def _profile_several_banks(run: ImportRun) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO transfer_finding (run_id, code, line, client_digest)"
            " SELECT %s, 'multi_bank', min(line), client_digest FROM transfer_importkey"
            " WHERE run_id = %s AND kind = 'bank' GROUP BY client_digest HAVING count(DISTINCT token) > 1",
            [run.pk, run.pk],
        )


def _profile_lone_minors(run: ImportRun) -> None:
    """Minors of the newest look at the clients whom no guardian line of this look names."""
    clients = ImportRun.objects.filter(
        extract__transfer=run.extract.transfer_id,
        extract__side=run.extract.side_id,
        extract__kind=Extract.Kind.CLIENTS,
        state=ImportRun.State.DONE,
    ).order_by("-finished_at")
    newest = clients.first()
    if newest is None:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO transfer_finding (run_id, code, line, client_digest)"
            " SELECT %s, 'minor_without_guardian', line, client_digest FROM transfer_finding minor"
            " WHERE run_id = %s AND code = 'minor' AND NOT EXISTS (SELECT 1 FROM transfer_importkey guardian"
            " WHERE guardian.run_id = %s AND guardian.kind = 'guardian'"
            " AND guardian.client_digest = minor.client_digest)",
            [run.pk, newest.pk, run.pk],
        )


def _raise_flags(book: uuid.UUID) -> None:
    """Clients with a frozen account or holding, or a pledged holding, say so themselves."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE clients_client client SET is_frozen = flags.frozen, is_pledged = flags.pledged
              FROM (SELECT client_id, bool_or(frozen) AS frozen, bool_or(pledged) AS pledged FROM (
                      SELECT client_id, status = 'frozen' AS frozen, false AS pledged
                        FROM clients_account WHERE book_id = %(book)s
                       UNION ALL
                      SELECT client_id, is_frozen, is_pledged
                        FROM clients_holding WHERE book_id = %(book)s) parts
                     GROUP BY client_id) flags
             WHERE client.id = flags.client_id AND client.book_id = %(book)s
               AND (client.is_frozen, client.is_pledged) IS DISTINCT FROM (flags.frozen, flags.pledged)
            """,
            {"book": book},
        )
