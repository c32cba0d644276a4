"""The list of clients, fifty to a page, through Django's whole stack, beside the same page over other tables.

Both sides run every middleware, the session, the permission, the filters, the counting and the templates; they
differ in where the rows come from. Ours opens fifty sealed rows and records the reading first. Beside the whole
page stand the rows alone, because the frame and the templates take most of the time of any page.
"""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.test import Client as Browser
from django.test import override_settings
from django.urls import path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from access.actors import acting_user
from access.policies import permission_required
from access.visibility import mask
from audit.reading import reading
from clients.forms import ClientFilter
from clients.models import Client
from clients.queries import branches_of, count_up_to, sees_own_only
from clients.views.lists import COUNTED, columns
from handover.bench import peers
from handover.bench.house import House
from handover.bench.pairs import Aim, Pair
from handover.bench.searching import SHARES, analyse, quantile, take_turns
from handover.urls import urlpatterns as product_addresses
from vault.ids import new_id
from vault.rows import Reading, open_rows

PAGES: Final = 60
_LIST: Final = "/clients/"


@require_GET
@never_cache
@permission_required("clients.view_client")
def peer_page(request: HttpRequest, what: str) -> HttpResponse:
    """The list of clients over a peer's table; ``logged`` is plaintext whose reading is recorded as ours is."""
    user = acting_user(request)
    model: Any = peers.fernet_models()["clients"] if what == "fernet" else peers.PLAIN["clients"]  # type: ignore[index]
    found = model.objects.filter(custodian=user.organisation_id)
    total = count_up_to(found, COUNTED)
    rows = list(found.filter(pk__gt=UUID(request.GET["after"])).order_by("id")[: settings.PAGE_ROWS + 1])
    shown = rows[: settings.PAGE_ROWS]
    if what == "logged":
        fields, subjects = ["name", "source_no"], [row.pk for row in shown]
        with reading(
            actor=user,
            organisation=user.organisation_id,
            purpose="list_clients",
            subjects=subjects,
            fields=fields,
        ):
            pass
    table = {
        "id": "clients",
        "caption": "Clients",
        "columns": columns(),
        "rows": [_row(row) for row in shown],
        "pager": {
            "shown": len(shown),
            "total": total,
            "first_url": "?",
            "next_url": f"?after={shown[-1].pk}",
        },
        "filters": ClientFilter(None, branches=branches_of(user)),
    }
    context = {"table": table, "own": sees_own_only(user), "sentence": ""}
    return render(request, "clients/list.html", context)


def _row(row: Any) -> list[object]:
    return [
        {
            "kind": "masked",
            "value": mask("name", row.name),
            "url": reverse("clients-record", args=[row.pk]),
        },
        {"kind": "masked", "value": mask("source_no", row.client_no)},
        row.kind,
        row.status,
        row.branch,
        row.staff_no,
        "",
        row.opened_on,
    ]


urlpatterns = [path("bench/<slug:what>/", peer_page), *product_addresses]
handler404 = "handover.views.not_found"
handler500 = "handover.views.server_error"


class Pages:
    """A round turns the same pages of each list, from places spread over the whole of it."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.pages = min(PAGES, house.extracts.count // settings.PAGE_ROWS)
        fernet = "Fernet fields"
        self.peers: dict[str, list[Pair]] = {
            "logged": self._of("the same page over a plaintext table, same log", Aim.AT_MOST, 1.4),
            "plain": self._of("the same page over a plaintext table, no log", Aim.AT_MOST, 1.5),
            "fernet": self._of(f"the same page over {fernet}, no log", Aim.FASTER, 5.0),
        }
        self.rows: dict[str, Pair] = {
            "plain": Pair("fifty rows alone", "a plaintext table", Aim.AT_MOST, None, unit="page"),
            "fernet": Pair("fifty rows alone", fernet, Aim.FASTER, 5.0, unit="page"),
        }

    def _of(self, peer: str, aim: Aim, goal: float) -> list[Pair]:
        return [Pair(f"list page, {share}", peer, aim, goal, unit="page") for share in SHARES]

    def round(self) -> None:
        """Every page once each way."""
        analyse()
        browser = Browser(HTTP_HOST="localhost")
        browser.force_login(self.house.manager)
        ours = _places(Client.objects.all(), self.pages)
        for what, pairs in self.peers.items():
            model = _model(what)
            if model is None:
                continue
            theirs = _places(model.objects.all(), self.pages)
            with override_settings(ROOT_URLCONF=__name__):
                mine, peer = take_turns(
                    list(zip(ours, theirs, strict=False)),
                    lambda at: _turn(browser, _LIST, at[0]),
                    lambda at, what=what: _turn(browser, f"/bench/{what}/", at[1]),  # type: ignore[misc]
                )
            for pair, share in zip(pairs, SHARES.values(), strict=True):
                pair.add(quantile(mine, share), quantile(peer, share))
        self._rows_alone(ours)

    def ready(self) -> Callable[[], None]:
        """Every page once, ours alone, when called."""
        browser, places = Browser(HTTP_HOST="localhost"), _places(Client.objects.all(), self.pages)
        browser.force_login(self.house.manager)

        def turn_all() -> None:
            for after in places:
                _turn(browser, _LIST, after)

        return turn_all

    def _rows_alone(self, ours: list[UUID]) -> None:
        for what, pair in self.rows.items():
            model = _model(what)
            if model is None:
                continue
            theirs = _places(model.objects.all(), self.pages)
            mine, peer = take_turns(
                list(zip(ours, theirs, strict=False)),
                lambda at: self._opened(at[0]),
                lambda at, model=model: list(_page_of(model.objects, at[1])),  # type: ignore[misc]
            )
            pair.add(quantile(mine, 0.5), quantile(peer, 0.5))

    def _opened(self, after: UUID) -> None:
        giver = self.house.giver.pk
        rows = list(_page_of(Client.objects.in_custody_of(giver), after))
        open_rows(
            rows, Reading(actor=None, organisation=giver, purpose="bench", subjects=None, event=new_id())
        )

    def results(self) -> list[Pair]:
        """The pairs that were measured."""
        pairs = [pair for pairs in self.peers.values() for pair in pairs] + list(self.rows.values())
        return [pair for pair in pairs if pair.ours]


def _model(what: str) -> Any | None:
    if what != "fernet":
        return peers.PLAIN["clients"]
    return (peers.fernet_models() or {}).get("clients")


def _page_of(rows: Any, after: UUID) -> Any:
    return rows.filter(pk__gt=after).order_by("id")[: settings.PAGE_ROWS]


def _places(rows: Any, pages: int) -> list[UUID]:
    """Where the pages begin: ids spread evenly over the table, each with a whole page behind it."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) AS place, count(*) OVER () AS total"  # noqa: S608  our own tables
            f" FROM {rows.model._meta.db_table}) numbered"
            " WHERE place <= greatest(total - %(page)s, 1)"
            " AND place %% greatest((total - %(page)s) / %(pages)s, 1) = 0 ORDER BY id LIMIT %(pages)s",
            {"page": settings.PAGE_ROWS + 1, "pages": pages},
        )
        return [place for (place,) in cursor.fetchall()]


def _turn(browser: Browser, address: str, after: UUID) -> None:
    answer = browser.get(address, {"after": str(after)})
    if answer.status_code != 200:
        raise AssertionError(f"{address} answers {answer.status_code}")
