"""Data health: how many clients each finding touches, with their money, and the rows behind."""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from transfer.models import Extract, Finding, ImportRun, Transfer

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
        """The findings of one code, in the order of the lines."""
        return Finding.objects.filter(run__in=self.runs, code=code).order_by("run", "line")


def health_report(of: Transfer | ImportRun, *, side: UUID | None = None) -> HealthReport:
    """The report of one run, or of a transfer: there, per kind of extract, of everything one side has
    loaded, else of the newest look. ``side`` is the transferor unless said otherwise.
    """
    runs = [of] if isinstance(of, ImportRun) else _newest(of, side or of.transferor_id)
    ids = [run.pk for run in runs]
    with connection.cursor() as cursor:
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
        money: dict[str, dict[str, Decimal]] = defaultdict(dict)
        for code, currency, amount in cursor.fetchall():
            money[code][currency] = amount
        cursor.execute(
            "SELECT currency, sum(amount) FROM transfer_clientsum WHERE run_id = ANY(%s) GROUP BY 1", [ids]
        )
        total = dict(cursor.fetchall())
        cursor.execute(
            "SELECT code, count(*) FROM transfer_reject WHERE run_id = ANY(%s) AND decision = 'open' GROUP BY 1",
            [ids],
        )
        rejects = dict(cursor.fetchall())
    clients = sum(run.accepted for run in runs if run.extract.kind == Extract.Kind.CLIENTS)
    counts = {code: found.get(code, 0) for code in CODES}
    return HealthReport(clients, counts, dict(money), total, runs, rejects)


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
