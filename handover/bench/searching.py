"""Exact search by telephone number, beside a plaintext index.

What is compared:
- *The act* is what the product does: permission, token, rows of this custody, the read recorded, the hit
  opened and confirmed, the search recorded, all of it committed. Its peer looks into a plaintext index with the
  same permission and writes the same two log entries: who reads personal data has to record it, whether it
  lies sealed or not, so this is what sealing costs.
- *Lookup and opening alone* is the token, the row, its wrap, opening and comparing, beside a bare indexed query
  through Django, neither with permission nor log. No product may search like that; it shows where time goes.
- A bare plaintext query beside our whole act is shown without a goal: mostly the price of a log.
"""

import math
import time
from collections.abc import Callable
from typing import Any, Final

from django.db import connection, transaction

from access.asking import asked_once
from access.policies import require
from audit.reading import reading
from audit.services import record
from clients.events import ClientEvent
from clients.models import Client
from clients.queries import VIEW, sees_own_only
from clients.services.search import find_clients
from handover.bench import peers
from handover.bench.house import House
from handover.bench.pairs import Aim, Pair
from vault.ids import new_id
from vault.rows import Reading, open_rows
from vault.tokens import normalise, token

SEARCHES: Final = 200
SHARES: Final = {"p50": 0.50, "p95": 0.95}

Search = Callable[[str], Any]


class Searching:
    """A round searches for the same numbers each way, taking turns with every number."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.numbers = house.extracts.some("clients", "phone", min(SEARCHES, house.extracts.count // 5))
        self.compared: list[tuple[str, Search, str, Search, float | None]] = [
            ("exact search", self._act, "plaintext index, same permission and log", self._plain_act, 1.25),
            ("lookup and opening alone", self._open, "plaintext index, bare query", self._plain, 1.25),
            ("exact search", self._act, "plaintext index, bare query", self._plain, None),
        ]
        self.pairs = {
            (number, share): Pair(f"{path}, {share}", peer, Aim.AT_MOST, goal, unit="search")
            for number, (path, _, peer, _, goal) in enumerate(self.compared)
            for share in SHARES
        }

    def round(self) -> None:
        """Every number once each way."""
        analyse()
        for number, (_, ours, _, peer, _) in enumerate(self.compared):
            mine, theirs = take_turns(self.numbers, ours, peer)
            for share, of in SHARES.items():
                self.pairs[number, share].add(quantile(mine, of), quantile(theirs, of))

    def search_all(self) -> None:
        """Every number once, our way alone."""
        for number in self.numbers:
            self._act(number)

    def _act(self, number: str) -> None:
        _found(find_clients(field="phone", value=number, by=self.house.manager))

    @asked_once()
    @transaction.atomic
    def _plain_act(self, number: str) -> None:
        by = self.house.manager
        require(by, VIEW)
        sees_own_only(by)
        found = self._plain(number)
        fields = ["phone"]
        subjects = [row.pk for row in found]
        with reading(
            actor=by,
            organisation=by.organisation_id,
            purpose="search_client",
            subjects=subjects,
            fields=fields,
        ):
            record(
                ClientEvent.SEARCHED,
                actor=by,
                subject=by.organisation,
                organisation=by.organisation_id,
                field="phone",
                count=len(found),
            )

    def _open(self, number: str) -> None:
        plain = normalise("phone", number)
        within = Client.objects.in_custody_of(self.house.giver.pk).order_by("id")
        rows = list(within.filter(phone_token=token("phone", plain)))
        right = Reading(
            actor=None, organisation=self.house.giver.pk, purpose="bench", subjects=None, event=new_id()
        )
        opened = open_rows(rows, right)
        _found([row for row in opened if normalise("phone", row.phone) == plain])

    def _plain(self, number: str) -> list[Any]:
        model = peers.PLAIN["clients"]
        return _found(list(model.objects.filter(custodian=self.house.giver.pk, phone=number).order_by("id")))

    def results(self) -> list[Pair]:
        """The pairs that were measured."""
        return [pair for pair in self.pairs.values() if pair.ours]


def take_turns(
    wanted: list[Any], ours: Callable[[Any], Any], peer: Callable[[Any], Any]
) -> tuple[list[float], list[float]]:
    """Seconds of each, one after the other; the first of both is not counted."""
    mine: list[float] = []
    theirs: list[float] = []
    for each in [wanted[0], *wanted]:
        for times, work in ((mine, ours), (theirs, peer)):
            began = time.perf_counter()
            work(each)
            times.append(time.perf_counter() - began)
    return mine[1:], theirs[1:]


def quantile(times: list[float], share: float) -> float:
    """The time that this share of them does not exceed."""
    ordered = sorted(times)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def analyse() -> None:
    """The planner knows the tables as it would after an hour of ordinary work."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE clients_client, vault_wrap")
        cursor.execute(f"VACUUM ANALYZE {peers.table_of('clients', 'plain')}")


def _found(rows: list[Any]) -> list[Any]:
    if not rows:
        raise AssertionError("a client who was loaded is found")
    return rows
