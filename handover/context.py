"""The frame around every page: whose data, which pages, which language, what the installation lacks."""

from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access.models import Organisation, User
from access.policies import duties_in_force
from access.registry import duties_for
from vault.escrow import escrow_done


@dataclass(frozen=True)
class Page:
    """A line of the navigation table."""

    section: Promise
    title: Promise
    icon: str
    permission: str
    url_name: str
    # Guests hold nobody's custody: the list would always be empty.
    for_brokers: bool = False


@dataclass(frozen=True)
class Entry:
    """A line of the navigation as one person sees it."""

    section: str
    title: str
    icon: str
    url: str
    active: bool


_TRANSFER = gettext_lazy("Transfer")
_OVERSIGHT = gettext_lazy("Oversight")
_KEEPING = gettext_lazy("Keeping")
_PEOPLE = gettext_lazy("People")

PAGES: Final = (
    Page(_TRANSFER, gettext_lazy("Where things stand"), "home", "transfer.view_transfer", "home"),
    Page(_TRANSFER, gettext_lazy("Transfers"), "arrows-exchange", "transfer.view_transfer", "transfer-list"),
    Page(
        _TRANSFER, gettext_lazy("Clients"), "users", "clients.view_client", "clients-list", for_brokers=True
    ),
    Page(_OVERSIGHT, gettext_lazy("Audit"), "history", "governance.view_log", "governance-log"),
    Page(_OVERSIGHT, gettext_lazy("Law"), "scale", "governance.view_law", "governance-law"),
    Page(_OVERSIGHT, gettext_lazy("Risks"), "alert-triangle", "governance.view_risk", "governance-risks"),
    Page(_OVERSIGHT, gettext_lazy("Incidents"), "alert-circle", "incidents.view_incident", "incidents-list"),
    Page(_KEEPING, gettext_lazy("Retention"), "archive", "retention.view_schedule", "retention-home"),
    Page(_KEEPING, gettext_lazy("Backups"), "database", "continuity.view_backup", "continuity-home"),
    Page(_PEOPLE, gettext_lazy("Training"), "book", "training.view_course", "training-home"),
    Page(_PEOPLE, gettext_lazy("People and duties"), "users", "access.view_users", "access-people"),
    Page(_PEOPLE, gettext_lazy("Opened to guests"), "key", "access.grant_object", "access-grants"),
    Page(_PEOPLE, gettext_lazy("Programs"), "plug", "access.manage_programs", "access-programs"),
    Page(_PEOPLE, gettext_lazy("Branches"), "building", "access.view_users", "access-branches"),
    Page(_PEOPLE, gettext_lazy("Organisations"), "building", "access.view_users", "access-organisations"),
)


def frame(request: HttpRequest) -> dict[str, object]:
    """What base.html needs. Nobody signed in: languages only."""
    languages = [{"code": code, "name": name} for code, name in settings.LANGUAGES]
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or not isinstance(user, User):
        return {"frame": {"languages": languages}}
    return {
        "frame": {
            "user": user.name,
            "organisation": user.organisation.name,
            "languages": languages,
            "banner": _banner(),
            "navigation": navigation(request),
            "account_url": reverse("access-account"),
        }
    }


def _banner() -> str:
    if escrow_done():
        return ""
    return _(
        "The root key has no escrow copy yet. If this machine is lost, everything sealed is lost. "
        "Run: manage.py escrow --out FILE"
    )


def navigation(request: HttpRequest) -> list[Entry]:
    """The pages this person's duties open, in the order of the table; one that is not mounted is left out."""
    held = duties_in_force(request.user)
    broker = isinstance(request.user, User) and request.user.organisation.kind == Organisation.Kind.BROKER
    entries = []
    for page in PAGES:
        url = "" if page.for_brokers and not broker else _address(page.url_name)
        if url and held & duties_for(page.permission):
            active = request.path == url or (url != "/" and request.path.startswith(url))
            entries.append(Entry(str(page.section), str(page.title), page.icon, url, active))
    return entries


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
