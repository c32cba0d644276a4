"""Proof of notice and answers: evidence and objections loaded, announcements entered and signed off, decisions."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from access.policies import permission_required, require
from audit.reading import reading
from clients.models import Announcement, NoticeCampaign, Objection
from clients.services.notices import (
    Loaded,
    enter_announcement,
    import_delivery_evidence,
    sign_off_announcement,
)
from clients.services.objections import decide_objection, import_objections
from transfer.forms.notices import (
    AnnouncementForm,
    EvidenceForm,
    ObjectionDecisionForm,
    ObjectionsForm,
)
from transfer.forms.transfers import EmptyForm
from transfer.models import Transfer
from transfer.standing import together
from transfer.views.acts import Act, perform
from transfer.views.frame import find_open_transfer, person
from transfer.views.notices import back_of, campaign_of
from vault.models import SealedFile

LINES_NAMED = 20


@require_http_methods(["GET", "POST"])
@permission_required("clients.load_evidence")
def evidence(request: HttpRequest, pk: UUID, campaign: UUID) -> HttpResponse:
    """Load proof of delivery."""
    transfer = find_open_transfer(request, pk)
    act = Act(
        title=gettext_lazy("Load evidence of delivery"),
        sentence=gettext_lazy(
            "Each line counts from the day it was true, not from today. A wrong line refuses the file."
        ),
        submit=gettext_lazy("Load the evidence"),
        back=back_of(transfer),
        done="",
    )
    form = EvidenceForm(request.POST or None, request.FILES or None)
    return _load(request, transfer, campaign_of(transfer, campaign), form, act, import_delivery_evidence)


@require_http_methods(["GET", "POST"])
@permission_required("clients.load_evidence")
def objections(request: HttpRequest, pk: UUID, campaign: UUID) -> HttpResponse:
    """Load what clients answered."""
    transfer = find_open_transfer(request, pk)
    act = Act(
        title=gettext_lazy("Load objections"),
        sentence=gettext_lazy(
            "Each line is one client's answer with its own day. A wrong line refuses the file."
        ),
        submit=gettext_lazy("Load the objections"),
        back=back_of(transfer),
        done="",
    )
    form = ObjectionsForm(request.POST or None, request.FILES or None)
    return _load(request, transfer, campaign_of(transfer, campaign), form, act, import_objections)


def _load(
    request: HttpRequest, transfer: Transfer, row: NoticeCampaign, form: Any, act: Act, service: Any
) -> HttpResponse:
    user = person(request)
    require(user, "clients.load_evidence", row)

    def load(words: dict[str, Any]) -> str:
        file: SealedFile = words["document"].sealed_file
        with reading(
            actor=user, organisation=file.holder, purpose="notice_evidence", subjects=[file.pk]
        ) as right:
            return _said(service(campaign=row, file=file, book=transfer.book, reading=right, by=user))

    return perform(request, transfer, form, act, load)


def _said(loaded: Loaded) -> str:
    said = [
        _("Lines kept: %(kept)s; known before: %(known)s.") % {"kept": loaded.kept, "known": loaded.known}
    ]
    if loaded.unknown:
        named = ", ".join(str(line) for line in loaded.unknown_lines[:LINES_NAMED])
        more = "…" if loaded.unknown > LINES_NAMED else ""
        unknown = _("Lines that name no client of this book: %(count)s (%(lines)s).")
        said.append(unknown % {"count": loaded.unknown, "lines": named + more})
    return together(*said, _("Assess the clients next."))


@require_http_methods(["GET", "POST"])
@permission_required("clients.load_evidence")
def announcement(request: HttpRequest, pk: UUID, campaign: UUID) -> HttpResponse:
    """Enter a public announcement with its proof."""
    transfer = find_open_transfer(request, pk)
    row = campaign_of(transfer, campaign)
    act = Act(
        title=gettext_lazy("Enter an announcement"),
        sentence=gettext_lazy(
            "It serves only those whom the attempts did not reach, and only after counsel's sign-off."
        ),
        submit=gettext_lazy("Enter the announcement"),
        back=back_of(transfer),
        done=gettext_lazy("The announcement is on record. Counsel signs it off next."),
    )

    def enter(words: dict[str, Any]) -> object:
        proof = words.pop("proof", None)
        return enter_announcement(
            campaign=row, by=person(request), proof=proof.sealed_file if proof else None, **words
        )

    form = AnnouncementForm(request.POST or None, request.FILES or None)
    return perform(request, transfer, form, act, enter)


@require_http_methods(["GET", "POST"])
@permission_required("clients.sign_off_announcement")
def sign_off(request: HttpRequest, pk: UUID, announcement: UUID) -> HttpResponse:
    """Counsel lets an announcement serve."""
    transfer = find_open_transfer(request, pk)
    row = get_object_or_404(Announcement, pk=announcement, campaign__occasion=transfer.pk)
    act = Act(
        title=gettext_lazy("Sign the announcement off"),
        sentence=_("%(medium)s, %(day)s, reference %(reference)s.")
        % {
            "medium": row.medium,
            "day": row.published_on.isoformat(),
            "reference": row.reference,
        },
        submit=gettext_lazy("I sign it off as counsel"),
        back=back_of(transfer),
        done=gettext_lazy("The announcement now serves those whom the attempts did not reach."),
        confirms=True,
        irreversible=[
            gettext_lazy(
                "Clients whom the attempts did not reach count as served from the day it was published."
            )
        ],
    )
    form = EmptyForm(request.POST if request.method == "POST" else None)
    return perform(
        request,
        transfer,
        form,
        act,
        lambda _words: sign_off_announcement(announcement=row, occasion=transfer, by=person(request)),
    )


@require_http_methods(["GET", "POST"])
@permission_required("clients.decide_objection")
def decide(request: HttpRequest, pk: UUID, objection: UUID) -> HttpResponse:
    """Decide an objection."""
    transfer = find_open_transfer(request, pk)
    row = get_object_or_404(Objection, pk=objection, campaign__occasion=transfer.pk)
    act = Act(
        title=gettext_lazy("Decide the objection"),
        sentence=_("Raised on %(day)s: %(wish)s.")
        % {
            "day": row.raised_on.isoformat(),
            "wish": row.get_wish_display(),
        },
        submit=gettext_lazy("Decide"),
        back=back_of(transfer),
        done=gettext_lazy("The objection is decided. Assess the clients next."),
    )
    form = ObjectionDecisionForm(request.POST or None)
    return perform(
        request,
        transfer,
        form,
        act,
        lambda words: decide_objection(objection=row, by=person(request), **words),
    )
