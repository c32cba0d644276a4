"""The masked list of clients, and exact search."""

from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_POST

from access.actors import acting_user
from access.models import User
from access.policies import permission_required
from access.refusals import told
from access.visibility import mask
from audit.errors import Refused
from audit.reading import reading
from clients.forms import ClientFilter, SearchForm
from clients.labels import FLAGS
from clients.models import Client
from clients.queries import branches_of, count_up_to, narrowed, sees_own_only, visible_clients
from clients.services.search import find_clients
from vault.rows import open_rows

# Beyond this many the page says "more than": counting a million rows takes longer than all the rest.
COUNTED: Final = 10_000


@require_GET
@never_cache
@permission_required("clients.view_client")
def clients(request: HttpRequest) -> HttpResponse:
    """The clients within the reader's reach, fifty at a time, opened in one recorded reading."""
    user = acting_user(request)
    filters = ClientFilter(request.GET or None, branches=branches_of(user))
    wanted = filters.cleaned_data if filters.is_bound and filters.is_valid() else {}
    found = narrowed(visible_clients(user), wanted)
    total = count_up_to(found, COUNTED)
    page = found.order_by("id").select_related("branch")
    after = _after(request)
    rows = list((page.filter(pk__gt=after) if after else page)[: settings.PAGE_ROWS + 1])
    shown = rows[: settings.PAGE_ROWS]
    kept = {name: value for name, value in wanted.items() if value}
    table = {
        "id": "clients",
        "caption": _("Clients, masked"),
        "columns": columns(),
        "rows": masked_rows(shown, user, "list_clients"),
        "pager": {
            "shown": len(shown),
            "total": total if total <= COUNTED else None,
            "first_url": f"?{urlencode(kept)}" if after else "",
            "next_url": f"?{urlencode({**kept, 'after': shown[-1].pk})}" if len(rows) > len(shown) else "",
        },
        "filters": filters,
        "empty": empty_list(user, narrowed_by=bool(kept)),
    }
    context = {
        "table": table,
        "own": sees_own_only(user),
        "sentence": _list_sentence(user, total, narrowed_by=bool(kept)),
        "search": SearchForm(),
    }
    return render(request, "clients/list.html", context)


@require_POST
@never_cache
@permission_required("clients.view_client")
@sensitive_post_parameters("value")
@sensitive_variables("form")
def search(request: HttpRequest) -> HttpResponse:
    """The clients with exactly this value. The answer is this page itself: the value stands in no address."""
    user = acting_user(request)
    form = SearchForm(request.POST)
    found: list[Client] | None = None
    if form.is_valid():
        try:
            found = find_clients(field=form.cleaned_data["field"], value=form.cleaned_data["value"], by=user)
        except Refused as refusal:
            form.add_error("value", told(request, refusal))
    context: dict[str, Any] = {"form": form, "search": form, "found": found}
    if found is not None:
        context["table"] = {
            "id": "clients",
            "caption": _("Found, masked"),
            "columns": columns(),
            "rows": masked_rows(found, user, "list_clients"),
            "empty": {
                "title": _("No client with exactly this value"),
                "what": _("Only whole values are found, and only among the clients you may see."),
                "why": _("That you searched is recorded; what you searched for is not kept anywhere."),
                "act": {"title": _("Back to the list"), "url": reverse("clients-list")},
                "icon": "search",
            },
        }
        context["sentence"] = ngettext(
            "%(count)d client has exactly this value.",
            "%(count)d clients have exactly this value.",
            len(found),
        ) % {"count": len(found)}
    return render(request, "clients/search.html", context, status=200 if form.is_valid() else 422)


def _after(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.GET.get("after", ""))
    except ValueError:
        return None


def columns() -> list[dict[str, Any]]:
    """The columns of every list of clients."""
    titles = (
        _("Name"),
        _("Client number"),
        _("Kind of client"),
        _("Status"),
        _("Branch"),
        _("Client manager"),
        _("Marks"),
        _("Opened on"),
    )
    return [{"title": title} for title in titles]


def masked_rows(found: list[Client], user: User, purpose: str) -> list[list[object]]:
    """One line per client; all are opened in one recorded reading and leave it masked."""
    if not found:
        return []
    with reading(
        actor=user,
        organisation=user.organisation_id,
        purpose=purpose,
        subjects=[client.pk for client in found],
        fields=["name", "source_no"],
    ) as right:
        secrets = open_rows(found, right)
        masked = [(mask("name", secret.name), mask("source_no", secret.source_no)) for secret in secrets]
    return [_row(client, name, number) for client, (name, number) in zip(found, masked, strict=True)]


def _row(client: Client, name: str, number: str) -> list[object]:
    marks = [str(word) for flag, word in FLAGS.items() if getattr(client, flag)]
    return [
        {"kind": "masked", "value": name, "url": reverse("clients-record", args=[client.pk])},
        {"kind": "masked", "value": number},
        client.get_kind_display(),
        client.get_status_display() if client.status == Client.Status.NORMAL else _state(client),
        client.branch.name if client.branch else "",
        client.staff_no,
        " · ".join(marks),
        client.opened_on or "",
    ]


def _state(client: Client) -> dict[str, str]:
    return {"kind": "state", "value": client.status, "word": client.get_status_display()}


def empty_list(user: User, *, narrowed_by: bool) -> dict[str, Any]:
    """What an empty list teaches."""
    if narrowed_by:
        return {
            "title": _("No client fits these filters"),
            "what": _("Take one of the filters away."),
            "act": {"title": _("Show all"), "url": reverse("clients-list")},
            "icon": "filter",
        }
    if sees_own_only(user) and not user.staff_no:
        return {
            "title": _("Your account has no staff number yet"),
            "what": _("You will see the clients whose client manager you are."),
            "why": _("Your administrator enters the number under which the source system knows you."),
            "icon": "users",
        }
    return {
        "title": _("No clients here yet"),
        "what": _("Here stand the clients in your organisation's custody, masked."),
        "why": _("They come with an import, or when another firm releases them and yours accepts."),
        "icon": "users",
    }


def _list_sentence(user: User, total: int, *, narrowed_by: bool) -> str:
    words = {
        "count": number_format(min(total, COUNTED), force_grouping=True),
        "organisation": user.organisation.name,
    }
    if total > COUNTED:
        return _more_than(user, narrowed_by=narrowed_by) % words
    if narrowed_by:
        return (
            ngettext("%(count)s client fits the filters.", "%(count)s clients fit the filters.", total)
            % words
        )
    if sees_own_only(user):
        return (
            ngettext("You look after %(count)s client.", "You look after %(count)s clients.", total) % words
        )
    return (
        ngettext(
            "%(organisation)s has custody of %(count)s client.",
            "%(organisation)s has custody of %(count)s clients.",
            total,
        )
        % words
    )


def _more_than(user: User, *, narrowed_by: bool) -> str:
    if narrowed_by:
        return _("More than %(count)s clients fit the filters.")
    if sees_own_only(user):
        return _("You look after more than %(count)s clients.")
    return _("%(organisation)s has custody of more than %(count)s clients.")
