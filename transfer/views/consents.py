"""Separate consent: every client's answer with its history, a file of answers, one answer, and late withdrawals."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods

from access.models import User
from access.policies import may, permission_required, require
from access.stepup import step_up_required
from audit.errors import Refused
from audit.reading import reading
from clients.models import Client, ConsentRecord
from clients.services.consents import (
    LoadedAnswers,
    answer_counts,
    give_consent,
    history,
    import_consents,
    refuse_consent,
    withdraw_consent,
)
from transfer.forms.notices import ConsentForm, ConsentsForm, RecallForm
from transfer.models import Recall, Transfer
from transfer.policies import TRANSFEREE, may_for_side
from transfer.services.cases import current_campaign
from transfer.services.recalls import keep_client, open_recalls, return_client
from transfer.standing import together
from transfer.views.acts import Act, perform
from transfer.views.frame import find_open_transfer, person, show
from transfer.views.recipients import client_cells
from vault.models import SealedFile

ACTS = {"given": give_consent, "refused": refuse_consent, "withdrawn": withdraw_consent}
LINES_NAMED = 20


def _back(transfer: Transfer) -> str:
    return reverse("transfer-consents", args=[transfer.pk])


@require_GET
@permission_required("clients.view_notice")
def overview(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How clients answered, every answer as a row, and who withdrew after the handover."""
    transfer = find_open_transfer(request, pk)
    user = person(request)
    campaign = current_campaign(transfer)
    asking = campaign is not None and campaign.asks_consent
    counts = answer_counts(transfer.pk)
    return show(
        request,
        "transfer/consents.html",
        transfer,
        sentence=_sentence(transfer, counts, asking=asking),
        stats=_stats(transfer, counts),
        campaign=campaign if asking else None,
        table=_table(request, transfer),
        recalls=_recalls(user, transfer),
        may_load=asking and may(user, "clients.load_evidence", campaign),
    )


def _sentence(transfer: Transfer, counts: dict[str, int], *, asking: bool) -> str:
    if not asking:
        return _("No approved notice asks for separate consent yet.")
    said = _("%(given)s clients have consented, %(refused)s have refused, %(withdrawn)s have withdrawn.") % {
        name: f"{count:,d}" for name, count in counts.items()
    }
    if waiting := open_recalls(transfer):
        more = ngettext(
            "%(count)d client withdrew after the handover and waits for a decision.",
            "%(count)d clients withdrew after the handover and wait for a decision.",
            waiting,
        )
        return together(said, more % {"count": waiting})
    return together(said, _("Silence is no consent."))


def _stats(transfer: Transfer, counts: dict[str, int]) -> list[dict[str, Any]]:
    return [
        {
            "label": ConsentRecord.Answer(name).label,
            "value": count,
            "url": f"{_back(transfer)}?answer={name}#answers",
        }
        for name, count in counts.items()
    ]


def _table(request: HttpRequest, transfer: Transfer) -> dict[str, Any]:
    """The answers one by one, the newest first; every row of a client leads to its own page."""
    wanted = ConsentRecord.objects.filter(occasion=transfer.pk).order_by("-id")
    answer = request.GET.get("answer", "")
    if answer in ConsentRecord.Answer.values:
        wanted = wanted.filter(answer=answer)
    try:
        before = request.GET.get("before", "")
        page = wanted.filter(pk__lt=UUID(before)) if before else wanted
    except ValueError:
        page = wanted
    rows = list(page.select_related("client", "campaign", "entered_by")[: settings.PAGE_ROWS + 1])
    more, rows = len(rows) > settings.PAGE_ROWS, rows[: settings.PAGE_ROWS]
    cells = client_cells(person(request), [row.client for row in rows])
    address = f"?answer={answer}&" if answer else "?"
    return {
        "id": "answers",
        "caption": _("Answers"),
        "columns": [
            {"title": title}
            for title in (
                _("Client"),
                _("Answer"),
                _("Answered"),
                _("Channel"),
                _("Who answered"),
                _("Notice"),
                _("Reference"),
                _("Act"),
            )
        ],
        "rows": [
            [
                cells[row.client_id],
                {"kind": "state", "value": _BADGES[row.answer], "word": row.get_answer_display()},
                row.answered_at,
                row.get_channel_display(),
                _("the guardian") if row.by_guardian else _("the client"),
                str(row.campaign.number),
                {"kind": "code", "value": row.reference},
                {
                    "value": _("History and answer"),
                    "url": reverse("transfer-consent", args=[transfer.pk, row.client_id]),
                },
            ]
            for row in rows
        ],
        "pager": {"shown": len(rows), "next_url": f"{address}before={rows[-1].pk}" if more else ""},
    }


_BADGES = {"given": "approved", "refused": "refused", "withdrawn": "withdrawn"}


def _recalls(user: User, transfer: Transfer) -> dict[str, Any]:
    rows = list(
        Recall.objects.filter(transfer=transfer).select_related("client", "decided_by").order_by("pk")
    )
    cells = client_cells(user, [row.client for row in rows]) if rows else {}
    decides = may_for_side(user, "transfer.decide_recall", transfer, TRANSFEREE)
    return {
        "caption": _("Withdrawn after the handover"),
        "columns": [
            {"title": title}
            for title in (_("Client"), _("Since"), _("Outcome"), _("Why"), _("Decided by"), _("Act"))
        ],
        "rows": [
            [
                cells[row.client_id],
                row.opened_at,
                {
                    "kind": "state",
                    "value": "open" if row.outcome == "open" else "done",
                    "word": row.get_outcome_display(),
                },
                row.words,
                row.decided_by.name if row.decided_by else "",
                {"value": _("Decide"), "url": reverse("transfer-recall", args=[transfer.pk, row.pk])}
                if decides and row.outcome == Recall.Outcome.OPEN
                else "",
            ]
            for row in rows
        ],
    }


@require_http_methods(["GET", "POST"])
@permission_required("clients.load_evidence")
def load(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Load a file of answers."""
    transfer = find_open_transfer(request, pk)
    user = person(request)
    campaign = current_campaign(transfer)
    act = Act(
        title=gettext_lazy("Load answers to the question for consent"),
        sentence=gettext_lazy(
            "Each line is one client's answer at its own moment. An answer that cannot count is left out and named."
        ),
        submit=gettext_lazy("Load the answers"),
        back=_back(transfer),
        done="",
    )

    def take(words: dict[str, Any]) -> str:
        if campaign is None:
            raise Refused("consent.not_asked")
        require(user, "clients.load_evidence", campaign)
        file: SealedFile = words["document"].sealed_file
        with reading(actor=user, organisation=file.holder, purpose="consents", subjects=[file.pk]) as right:
            return _said(
                import_consents(campaign=campaign, file=file, book=transfer.book, reading=right, by=user)
            )

    form = ConsentsForm(request.POST or None, request.FILES or None)
    return perform(request, transfer, form, act, take)


def _said(loaded: LoadedAnswers) -> str:
    said = [
        _("Answers kept: %(kept)s; known before: %(known)s.") % {"kept": loaded.kept, "known": loaded.known}
    ]
    if loaded.unknown_lines:
        unknown = _("Lines that name no client of this book: %(count)s (%(lines)s).")
        said.append(unknown % {"count": len(loaded.unknown_lines), "lines": _named(loaded.unknown_lines)})
    for code in sorted({code for _line, code in loaded.refused_lines}):
        lines = tuple(line for line, found in loaded.refused_lines if found == code)
        said.append(
            _("Left out: %(reason)s Lines %(lines)s.")
            % {"reason": Refused(code).message, "lines": _named(lines)}
        )
    return together(*said, _("Assess the clients next."))


def _named(lines: tuple[int, ...]) -> str:
    return ", ".join(str(line) for line in lines[:LINES_NAMED]) + ("…" if len(lines) > LINES_NAMED else "")


@require_http_methods(["GET", "POST"])
@permission_required("clients.enter_consent")
def one_client(request: HttpRequest, pk: UUID, client: UUID) -> HttpResponse:
    """One client's answers, and the next one: given, refused or withdrawn, each as easy as the other."""
    transfer = find_open_transfer(request, pk)
    user = person(request)
    row = get_object_or_404(Client, pk=client, book=transfer.book_id)
    campaign = current_campaign(transfer)
    act = Act(
        title=gettext_lazy("Enter the client's answer"),
        sentence=gettext_lazy(
            "Every answer is a row of its own; the last one counts, and nothing is overwritten."
        ),
        submit=gettext_lazy("Enter the answer"),
        back=_back(transfer),
        done=gettext_lazy("The answer is on record. Assess the clients next."),
    )

    def enter(words: dict[str, Any]) -> object:
        if campaign is None:
            raise Refused("consent.not_asked")
        service = ACTS[words.pop("answer")]
        proof = words.pop("evidence", None)
        return service(
            campaign=campaign,
            client=row,
            evidence=proof.sealed_file if proof else None,
            by=user,
            **words,
        )

    form = ConsentForm(request.POST or None, request.FILES or None)
    answers = [
        {
            "word": found.get_answer_display(),
            "badge": _BADGES[found.answer],
            "at": found.answered_at,
            "channel": found.get_channel_display(),
            "who": _("the guardian") if found.by_guardian else _("the client"),
            "notice": found.campaign.number,
            "digest": bytes(found.notice_digest).hex(),
            "reference": found.reference,
            "entered_by": found.entered_by.name if found.entered_by else "",
        }
        for found in history(row, transfer.pk)
    ]
    return perform(
        request, transfer, form, act, enter, history=answers, cell=client_cells(user, [row])[row.pk]
    )


@require_http_methods(["GET", "POST"])
@permission_required("transfer.decide_recall")
@step_up_required
def recall(request: HttpRequest, pk: UUID, recall: UUID) -> HttpResponse:
    """Give a client back, or keep it by its own new consent."""
    transfer = find_open_transfer(request, pk)
    row = get_object_or_404(Recall, pk=recall, transfer=transfer)
    act = Act(
        title=gettext_lazy("Decide the recall"),
        sentence=gettext_lazy(
            "Given back, the client returns to the transferor and your firm loses its key. It stays only by a new "
            "consent that is on record."
        ),
        submit=gettext_lazy("Decide"),
        back=_back(transfer),
        done=gettext_lazy("The recall is decided."),
    )

    def decide(words: dict[str, Any]) -> object:
        service = return_client if words["outcome"] == Recall.Outcome.RETURNED else keep_client
        return service(recall=row, words=words["words"], by=person(request))

    return perform(request, transfer, RecallForm(request.POST or None), act, decide)
