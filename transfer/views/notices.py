"""Notices: drafted from the template, approved, shown with their proof and answers, printed as letters."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from access.policies import may, permission_required, require
from access.refusals import told
from audit.errors import Refused
from audit.reading import reading
from clients.models import Client, DeliveryEvidence, NoticeCampaign, Objection
from clients.services.notices import (
    approve_campaign,
)
from transfer.forms.notices import (
    NoticeForm,
)
from transfer.forms.transfers import EmptyForm
from transfer.models import Transfer
from transfer.policies import may_from_outside
from transfer.services.evidence import evidence_figures
from transfer.services.letters import compose_notice, draft_notice, letter_of, print_letter, usual_values
from transfer.standing import together
from transfer.views.acts import Act, perform
from transfer.views.frame import find_open_transfer, person, show
from transfer.views.recipients import client_cells


def back_of(transfer: Transfer) -> str:
    """The address of the notices' page."""
    return reverse("transfer-notices", args=[transfer.pk])


def campaign_of(transfer: Transfer, pk: UUID) -> NoticeCampaign:
    """The notice if it belongs to this transfer; otherwise it looks as if it did not exist."""
    return get_object_or_404(NoticeCampaign, pk=pk, occasion=transfer.pk)


@require_GET
@permission_required("clients.view_notice")
def overview(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The notices with their proof, the announcements, and the objections."""
    transfer = find_open_transfer(request, pk)
    user = person(request)
    campaigns = NoticeCampaign.objects.filter(occasion=transfer.pk).select_related(
        "sender", "created_by", "approved_by"
    )
    cards = [_card(user, transfer, campaign) for campaign in campaigns.order_by("-number")]
    objections = Objection.objects.filter(campaign__in=campaigns)
    waiting = objections.filter(decision=Objection.Decision.OPEN).count()
    return show(
        request,
        "transfer/notices.html",
        transfer,
        sentence=_sentence(cards, waiting),
        cards=cards,
        table=_objection_table(request, transfer, objections),
        waiting=waiting,
        answers=objections.count(),
        may_draft=may(user, "clients.draft_notice", transfer.transferor),
    )


def _sentence(cards: list[dict[str, Any]], waiting: int) -> str:
    if not cards:
        return _("No notice has been drafted yet.")
    newest = cards[0]["campaign"]
    if newest.approved_at is None:
        return _("Notice %(number)s waits for a second person to approve it.") % {"number": newest.number}
    said = _(
        "Notice %(number)s: %(delivered)s clients have proof of delivery, %(returned)s attempts came back."
    ) % {
        "number": newest.number,
        "delivered": f"{cards[0]['delivered']:,d}",
        "returned": f"{cards[0]['returned']:,d}",
    }
    if not waiting:
        return said
    more = ngettext(
        "%(count)d objection waits for a decision.", "%(count)d objections wait for a decision.", waiting
    )
    return together(said, more % {"count": waiting})


def _card(user: Any, transfer: Transfer, campaign: NoticeCampaign) -> dict[str, Any]:
    """One notice as the page shows it, with what this person may do to it."""
    chinese = (get_language() or "").startswith("zh")
    loads = campaign.approved_at is not None and may(user, "clients.load_evidence", campaign)
    figures = evidence_figures(transfer, campaign)
    return {
        "campaign": campaign,
        "text": campaign.text_zh if chinese else campaign.text_en,
        "digest": bytes(campaign.text_digest).hex(),
        "delivered": figures["delivered"],
        "returned": figures["returned"],
        "channels": [
            {**row, "word": DeliveryEvidence.Channel(row["channel"]).label} for row in figures["channels"]
        ],
        "announcements": [
            {
                "row": row,
                "may_sign_off": row.signed_off_at is None
                and may_from_outside(user, "clients.sign_off_announcement", transfer),
            }
            for row in campaign.announcements.select_related("signed_off_by", "entered_by").order_by(
                "published_on"
            )
        ],
        "may_approve": campaign.approved_at is None
        and campaign.created_by_id != user.pk
        and may(user, "clients.approve_notice", campaign),
        "loads": loads,
        "samples": _samples(transfer) if may(user, "clients.draft_notice", campaign.sender) else [],
    }


def _samples(transfer: Transfer) -> list[dict[str, object]]:
    """Clients whose letter is worth a look: an ordinary one, and one whose guardian is written to."""
    own = Client.objects.filter(book=transfer.book_id, custodian=transfer.transferor_id).order_by("pk")
    rows = (
        (_("Letter to a client (PDF)"), own.filter(is_under14=False).first()),
        (_("Letter to a guardian (PDF)"), own.filter(is_under14=True).first()),
    )
    return [{"title": title, "client": client.pk} for title, client in rows if client is not None]


def _objection_table(request: HttpRequest, transfer: Transfer, objections: Any) -> dict[str, Any]:
    user = person(request)
    wanted = objections.select_related("client", "campaign", "decided_by").order_by("pk")
    decision = request.GET.get("decision", "")
    if decision in Objection.Decision.values:
        wanted = wanted.filter(decision=decision)
    after = request.GET.get("after", "")
    try:
        page = wanted.filter(pk__gt=UUID(after)) if after else wanted
    except ValueError:
        page = wanted
    rows = list(page[: settings.PAGE_ROWS + 1])
    more, rows = len(rows) > settings.PAGE_ROWS, rows[: settings.PAGE_ROWS]
    cells = client_cells(user, [row.client for row in rows]) if rows else {}
    listed = [
        [
            cells[row.client_id],
            row.raised_on,
            row.get_wish_display(),
            {"kind": "state", "value": row.decision, "word": row.get_decision_display()},
            row.decided_by.name if row.decided_by else "",
            _decide_cell(user, transfer, row),
        ]
        for row in rows
    ]
    address = f"?decision={decision}&" if decision else "?"
    return {
        "id": "objections",
        "caption": _("Objections and wishes to leave"),
        "rows": listed,
        "columns": [
            {"title": title}
            for title in (
                _("Client"),
                _("Raised on"),
                _("What the client wants"),
                _("Decision"),
                _("Decided by"),
                _("Act"),
            )
        ],
        "pager": {"shown": len(rows), "next_url": f"{address}after={rows[-1].pk}" if more else ""},
    }


def _decide_cell(user: Any, transfer: Transfer, row: Objection) -> object:
    final = row.decision in {Objection.Decision.LEFT, Objection.Decision.STAYS}
    if final or not may(user, "clients.decide_objection", row.campaign):
        return ""
    return {"value": _("Decide"), "url": reverse("transfer-objection", args=[transfer.pk, row.pk])}


@require_http_methods(["GET", "POST"])
@permission_required("clients.draft_notice")
def draft(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Word the notice, look at it in both languages against the law's list, and draft it."""
    transfer = find_open_transfer(request, pk)
    require(person(request), "clients.draft_notice", transfer.transferor)
    given = usual_values(transfer)
    form = NoticeForm(request.POST or None, initial=given, letter=letter_of(transfer))
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        if request.POST.get("act") == "draft":
            try:
                draft_notice(transfer=transfer, given=given, by=person(request))
            except Refused as refusal:
                form.add_error(None, told(request, refusal))
            else:
                messages.success(request, _("The notice is drafted. Another compliance officer approves it."))
                return redirect(back_of(transfer))
    notice = compose_notice(transfer, given)
    return show(
        request,
        "transfer/notice_draft.html",
        transfer,
        form=form,
        notice=notice,
        lists=_lists(notice),
        previewed=request.method == "POST",
    )


def _lists(notice: Any) -> list[dict[str, Any]]:
    """For each language the items of the law's list, said or missing, in the reader's language."""
    reader = get_language() or "en"
    return [
        {
            "language": "en" if suffix == "en" else "zh-Hans",
            "name": _("English") if suffix == "en" else _("Chinese"),
            "text": notice.texts[suffix],
            "missing": [item.text.in_language(reader) for item in found.missing],
            "covered": [item.text.in_language(reader) for item in found.covered],
        }
        for suffix, found in notice.covered.items()
    ]


@require_http_methods(["GET", "POST"])
@permission_required("clients.approve_notice")
def approve(request: HttpRequest, pk: UUID, campaign: UUID) -> HttpResponse:
    """The second person approves the text as it stands."""
    transfer = find_open_transfer(request, pk)
    row = campaign_of(transfer, campaign)
    act = Act(
        title=_("Approve notice %(number)s") % {"number": row.number},
        sentence=gettext_lazy(
            "Read both texts. From your approval on they cannot change, and the notice may be sent."
        ),
        submit=gettext_lazy("Approve the notice"),
        back=back_of(transfer),
        done=gettext_lazy("The notice is approved and may be sent."),
        confirms=True,
        consequences=[
            {
                "count": Client.objects.filter(book=transfer.book_id).count(),
                "text": gettext_lazy("clients are to get it"),
                "url": reverse("transfer-cases", args=[pk]),
            }
        ],
        irreversible=[gettext_lazy("The text stands; a change needs a new notice.")],
        signers=[
            {
                "name": row.created_by.name,
                "organisation": row.sender.name,
                "signed": True,
                "at": row.created_at,
            }
        ],
    )
    texts = [{"language": "en", "text": row.text_en}, {"language": "zh-Hans", "text": row.text_zh}]
    form = EmptyForm(request.POST if request.method == "POST" else None)
    return perform(
        request,
        transfer,
        form,
        act,
        lambda _words: approve_campaign(campaign=row, by=person(request)),
        texts=texts,
    )


@require_GET
@permission_required("clients.draft_notice")
def letter(request: HttpRequest, pk: UUID, campaign: UUID, client: UUID) -> HttpResponse:
    """The letter to one client as PDF, with the recipient masked: this is for looking at it."""
    transfer = find_open_transfer(request, pk)
    row = campaign_of(transfer, campaign)
    user = person(request)
    require(user, "clients.draft_notice", row.sender)
    recipient = get_object_or_404(Client, pk=client, book=transfer.book_id, custodian=user.organisation_id)
    with reading(
        actor=user,
        organisation=user.organisation_id,
        purpose="notice_letter",
        subjects=[recipient.pk],
        fields=["name", "address"],
    ) as right:
        pdf = print_letter(
            transfer=transfer,
            campaign=row,
            client=recipient,
            reading=right,
            masked=True,
            language=get_language() or "en",
        )
    name = f"notice-{transfer.number}-{row.number}.pdf"
    return HttpResponse(
        pdf, content_type="application/pdf", headers={"Content-Disposition": f'inline; filename="{name}"'}
    )
