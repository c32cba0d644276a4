"""Data health: how many clients each finding touches, with their money, and the rows behind."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Count, QuerySet

from transfer.figures import depends_on, keep, kept
from transfer.models import Extract, Finding, ImportRun, Reject, Transfer

CODES: Final = (
    "id_expired",
    "id_missing",
    "phone_missing",
    "phone_invalid",
    "minor",
    "minor_without_guardian",
    "dormant",
    "frozen",
    "pledged",
    "unqualified",
    "duplicate_within",
    "duplicate_across",
    "risk_expired",
    "name_outside_gbk",
    "staff_missing",
    "undesignated",
    "multi_bank",
    "missing_in_delta",
)


@dataclass(frozen=True)
class HealthReport:
    """Clients per finding code, their money per code and currency, and how many clients were looked at.

    Money is cash and market value of the affected clients, from the runs reported on; a client with
    several findings counts under each. Rejects are the lines that nobody has mended or left out.
    """

    clients: int
    counts: dict[str, int]
    money: dict[str, dict[str, Decimal]]
    total_money: dict[str, Decimal]
    runs: list[ImportRun] = field(default_factory=list)
    rejects: dict[str, int] = field(default_factory=dict)

    def rows(self, code: str) -> QuerySet[Finding]:
        """The findings of one code, in the order in which they were found."""
        return Finding.objects.filter(run__in=self.runs, code=code).order_by("pk")

    def clients_behind(self, code: str, *, after: int, most: int) -> list[tuple[int, bytes]]:
        """The first finding of each client with this code and the client's digest, a page of them."""
        with connection.cursor() as cursor:
            cursor.execute(
                _FIRST_OF_CLIENTS,
                {"runs": [run.pk for run in self.runs], "code": code, "after": after, "most": most},
            )
            return [(found, bytes(digest)) for found, digest in cursor.fetchall()]

    def lines_of(self, code: str, clients: list[bytes]) -> dict[bytes, int]:
        """How many findings with this code each of these clients has."""
        found = Finding.objects.filter(run__in=self.runs, code=code, client_digest__in=clients)
        counted = found.values_list("client_digest").annotate(Count("pk")).order_by()
        return {bytes(digest): count for digest, count in counted}


_FIRST_OF_CLIENTS: Final = """
SELECT found.id, found.client_digest
  FROM unnest(%(runs)s::uuid[]) AS wanted (run)
 CROSS JOIN LATERAL (
       SELECT id, client_digest FROM transfer_finding later
        WHERE run_id = wanted.run AND code = %(code)s AND id > %(after)s
          AND NOT EXISTS (SELECT 1 FROM transfer_finding earlier
                           WHERE earlier.client_digest = later.client_digest AND earlier.code = later.code
                             AND earlier.run_id = ANY (%(runs)s) AND earlier.id < later.id)
        ORDER BY id LIMIT %(most)s) AS found
 ORDER BY found.id LIMIT %(most)s
"""


def health_report(of: Transfer | ImportRun, *, side: UUID | None = None) -> HealthReport:
    """The report of one run, or of a transfer: there, per kind of extract, of everything one side has
    loaded, else of the newest look. ``side`` is the transferor unless said otherwise.
    """
    runs = [of] if isinstance(of, ImportRun) else _newest(of, side or of.transferor_id)
    transfer = of.extract.transfer if isinstance(of, ImportRun) else of
    found = kept(transfer, _name(runs), _made_of(runs))
    figures = _Figures.count(runs) if found is None else _Figures(*found)
    clients = sum(run.accepted for run in runs if run.extract.kind == Extract.Kind.CLIENTS)
    counts = {code: figures.counts.get(code, 0) for code in CODES}
    return HealthReport(clients, counts, figures.amounts, figures.totals, runs, _open_rejects(runs))


def keep_health(transfer: Transfer, side: UUID) -> None:
    """The side's report is at hand until its runs or their findings change.

    For whoever changes them, in the same transaction and after ``lock_figures``.
    """
    runs = _newest(transfer, side)
    made_of = _made_of(runs)
    keep(transfer, _name(runs), made_of, _Figures.count(runs).plain())


def _name(runs: list[ImportRun]) -> str:
    return f"health:{runs[0].extract.side_id}" if runs else "health"


def _made_of(runs: list[ImportRun]) -> bytes:
    return depends_on([(run.pk, run.state) for run in runs])


def _open_rejects(runs: list[ImportRun]) -> dict[str, int]:
    rows = Reject.objects.filter(run__in=runs, decision=Reject.Decision.OPEN)
    return dict(rows.values_list("code").annotate(Count("pk")).order_by())


@dataclass(frozen=True)
class _Figures:
    """What is counted over findings and sums: clients per code, money per code and in all, as text."""

    counts: dict[str, int]
    money: dict[str, dict[str, str]]
    total: dict[str, str]

    @property
    def amounts(self) -> dict[str, dict[str, Decimal]]:
        return {code: _decimals(amounts) for code, amounts in self.money.items()}

    @property
    def totals(self) -> dict[str, Decimal]:
        return _decimals(self.total)

    def plain(self) -> list[object]:
        return [self.counts, self.money, self.total]

    @classmethod
    def count(cls, runs: list[ImportRun]) -> "_Figures":
        """Counted now."""
        ids = [run.pk for run in runs]
        with connection.cursor() as cursor:
            return _counted(cursor, ids)


def _decimals(amounts: Mapping[str, str]) -> dict[str, Decimal]:
    return {currency: Decimal(amount) for currency, amount in amounts.items()}


def _counted(cursor: Any, ids: list[UUID]) -> _Figures:
    cursor.execute(
        "SELECT code, count(DISTINCT client_digest) FROM transfer_finding"
        " WHERE run_id = ANY(%s) GROUP BY code",
        [ids],
    )
    found = dict(cursor.fetchall())
    cursor.execute(
        "SELECT found.code, sums.currency, sum(sums.amount)"
        " FROM (SELECT DISTINCT code, client_digest FROM transfer_finding WHERE run_id = ANY(%s)) found"
        " JOIN transfer_clientsum sums USING (client_digest) WHERE sums.run_id = ANY(%s) GROUP BY 1, 2",
        [ids, ids],
    )
    money: dict[str, dict[str, str]] = defaultdict(dict)
    for code, currency, amount in cursor.fetchall():
        money[code][currency] = str(amount)
    cursor.execute(
        "SELECT currency, sum(amount) FROM transfer_clientsum WHERE run_id = ANY(%s) GROUP BY 1", [ids]
    )
    total = {currency: str(amount) for currency, amount in cursor.fetchall()}
    return _Figures(found, dict(money), total)


def _newest(transfer: Transfer, side: UUID) -> list[ImportRun]:
    """Per kind: all finished loads, or where there are none the newest finished look."""
    done = ImportRun.objects.filter(
        extract__transfer=transfer, extract__side=side, state=ImportRun.State.DONE
    ).select_related("extract")
    loads: dict[str, list[ImportRun]] = defaultdict(list)
    looks: dict[str, list[ImportRun]] = {}
    for run in done.order_by("finished_at"):
        if run.mode == ImportRun.Mode.LOAD:
            loads[run.extract.kind].append(run)
        else:
            looks[run.extract.kind] = [run]
    return [run for kind in Extract.Kind.values for run in loads.get(kind) or looks.get(kind) or []]
