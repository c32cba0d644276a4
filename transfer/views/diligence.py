"""Masked due diligence of a share transfer: figures nobody can be singled out in, and who looked at them."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from access.models import User
from access.policies import permission_required
from access.refusals import told
from audit.errors import Refused
from clients.models import Account, Client
from transfer.forms.transfers import EmptyForm
from transfer.models import DiligenceProfile, Extract, Transfer
from transfer.policies import BOTH, TRANSFEROR, may_for_side
from transfer.services.diligence import latest_profile, looks, read_profile, release_profile
from transfer.views.acts import Act, perform
from transfer.views.frame import find_transfer, person, show

GROUPS = {
    "kind": (gettext_lazy("Kind of client"), dict(Client.Kind.choices)),
    "status": (gettext_lazy("Status"), dict(Client.Status.choices)),
    "branch": (gettext_lazy("Branch"), {}),
    "opened_in": (gettext_lazy("Opened in the"), {}),
    "accounts": (gettext_lazy("Clients with a kind of account"), dict(Account.Kind.choices)),
    "currency": (gettext_lazy("Clients by currency of their accounts"), {}),
    "minors": (gettext_lazy("Minors"), {}),
    "frozen": (gettext_lazy("With anything frozen"), {}),
    "pledged": (gettext_lazy("With anything pledged"), {}),
}
_YES_NO = {"yes": gettext_lazy("yes"), "no": gettext_lazy("no")}


@require_GET
@permission_required("transfer.view_profile")
def overview(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The newest profile; that it was looked at is recorded before it is shown."""
    transfer = find_transfer(request, pk)
    profile, refusal = _read(request, transfer)
    seen = looks(transfer)
    names = dict(User.objects.filter(pk__in={event.actor for event in seen}).values_list("pk", "name"))
    return show(
        request,
        "transfer/profile.html",
        transfer,
        profile=profile,
        refusal=refusal,
        sentence=_sentence(profile, refusal),
        total=profile.content["groups"]["clients"]["all"] if profile else 0,
        least=profile.content["least"] if profile else 0,
        tables=_tables(profile) if profile else [],
        sums=_sums(profile) if profile else None,
        looks=_looks(seen, names),
        may_release=may_for_side(person(request), "transfer.release_profile", transfer, TRANSFEROR),
    )


def _read(request: HttpRequest, transfer: Transfer) -> tuple[DiligenceProfile | None, str]:
    if latest_profile(transfer) is None:
        return None, ""
    try:
        return read_profile(transfer=transfer, by=person(request)), ""
    except Refused as refusal:
        return None, told(request, refusal)


def _sentence(profile: DiligenceProfile | None, refusal: str) -> str:
    if refusal:
        return refusal
    if profile is None:
        return _("No profile has been released yet.")
    return _("%(count)s clients; groups of fewer than %(least)s are never shown. Your look is recorded.") % {
        "count": f"{profile.content['groups']['clients']['all']:,d}",
        "least": profile.content["least"],
    }


def _tables(profile: DiligenceProfile) -> list[dict[str, Any]]:
    found = []
    for name, (title, words) in GROUPS.items():
        groups = profile.content["groups"].get(name)
        if not groups:
            continue
        known = words or (_YES_NO if set(groups) <= set(_YES_NO) else {})
        found.append(
            {
                "caption": title,
                "columns": [{"title": title}, {"title": _("Clients"), "number": True}],
                "rows": [
                    [str(known.get(group, group)), _("suppressed") if count is None else count]
                    for group, count in groups.items()
                ],
            }
        )
    return found


def _sums(profile: DiligenceProfile) -> dict[str, Any]:
    kinds = dict(Extract.Kind.choices)
    return {
        "caption": _("Sums in three figures"),
        "columns": [{"title": _("Of")}, {"title": _("Currency")}, {"title": _("Sum"), "number": True}],
        "rows": [
            [str(kinds.get(kind, kind)), currency, said or _("suppressed")]
            for kind, sums in profile.content["sums"].items()
            for currency, said in sums.items()
        ],
    }


def _looks(seen: list[Any], names: dict[Any, str]) -> dict[str, Any]:
    return {
        "caption": _("Who has looked at a profile"),
        "columns": [{"title": _("When")}, {"title": _("Who")}, {"title": _("Profile, SHA-256")}],
        "rows": [
            [event.at, names.get(event.actor, ""), {"kind": "code", "value": event.facts["sha256"]}]
            for event in seen
        ],
    }


@require_http_methods(["GET", "POST"])
@permission_required("transfer.release_profile")
def release(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Release a profile of the book as it stands."""
    transfer = find_transfer(request, pk)
    act = Act(
        title=gettext_lazy("Release a masked profile"),
        sentence=gettext_lazy("Counted from the book as it stands; its content never changes afterwards."),
        submit=gettext_lazy("Release the profile"),
        back=reverse("transfer-profile", args=[pk]),
        done=gettext_lazy("The profile is released. The buyer sees it with gate 1."),
        confirms=True,
        consequences=[
            {
                "count": Client.objects.filter(book=transfer.book_id).count(),
                "text": gettext_lazy("clients are counted in it"),
            }
        ],
        irreversible=[gettext_lazy("What the buyer has seen cannot be taken back.")],
    )
    form = EmptyForm(request.POST if request.method == "POST" else None)
    return perform(
        request, transfer, form, act, lambda _words: release_profile(transfer=transfer, by=person(request))
    )


def may_state(user: User, transfer: Transfer) -> bool:
    """Whether the person may have the statement issued now."""
    ready = transfer.state == Transfer.State.REVIEWING
    return ready and may_for_side(user, "transfer.issue_certificate", transfer, *BOTH)
