"""One gate with the facts it is computed from, and exceptions to it: asked by one person, granted by another."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from access.models import User
from access.policies import permission_required
from access.stepup import step_up_required
from transfer.forms.transfers import EmptyForm, ReasonForm
from transfer.gates.duties import threshold_crossings
from transfer.gates.registry import TITLES, WITHOUT_EXCEPTION, Gate, gate
from transfer.models import GateException, Transfer
from transfer.policies import BOTH, TRANSFEROR, may_for_side, sees_data
from transfer.services.exceptions import ask_exception, grant_exception
from transfer.standing import gate_card, gate_state, hindrance
from transfer.views.acts import Act, perform
from transfer.views.frame import find_transfer, person, show


def _find(request: HttpRequest, pk: UUID, number: int) -> tuple[Transfer, Gate]:
    transfer = find_transfer(request, pk)
    if number not in TITLES:
        raise Http404
    return transfer, gate(transfer, number)


@require_GET
@permission_required("transfer.view_transfer")
def one_gate(request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
    """Whether the gate is open, from which facts, and what was excepted."""
    transfer, found = _find(request, pk, number)
    user = person(request)
    sight = sees_data(user, transfer)
    waiting = found.exception is not None and found.exception.granted_at is None
    asks = found.applies and not found.open and not waiting and number not in WITHOUT_EXCEPTION
    own = found.exception is not None and found.exception.asked_by_id == user.pk
    return show(
        request,
        "transfer/gate.html",
        transfer,
        gate=gate_card(transfer, found, counts=sight),
        sentence=_sentence(transfer, found),
        exceptions=[{"row": row, "facts": _covered(found, row)} for row in reversed(found.exceptions)],
        may_ask=asks and may_for_side(user, "transfer.ask_exception", transfer, *BOTH),
        may_grant=waiting and not own and _grants(user, transfer, found),
        waiting=waiting,
        takes_none=number in WITHOUT_EXCEPTION,
        thresholds=_thresholds(transfer) if number == COMPLIANCE and sight else None,
    )


def _grants(user: User, transfer: Transfer, found: Gate) -> bool:
    """The transferor's people open a gate by exception, or agree to what the transferee has asked for."""
    asked = found.exception is not None and found.exception.asked_by.organisation_id == transfer.transferor_id
    sides = BOTH if asked else (TRANSFEROR,)
    return may_for_side(user, "transfer.grant_exception", transfer, *sides)


COMPLIANCE = 3


def _thresholds(transfer: Transfer) -> dict[str, Any]:
    """The law's figures that the number of persons reaches; a row for each, with its article."""
    language = get_language() or "en"
    said = {(True, True): _("before and after"), (True, False): _("before"), (False, True): _("only after")}
    return {
        "caption": _("Thresholds of the law that the number of persons reaches"),
        "columns": [{"title": _("Persons")}, {"title": _("Reached")}, {"title": _("Law")}],
        "rows": [
            [
                f"{row.comparator} {row.figure:,d}",
                said[row.before, row.after],
                row.citation.in_language(language),
            ]
            for row in threshold_crossings(transfer)
        ],
        "empty": {
            "title": _("No threshold is reached"),
            "icon": "scale",
            "what": _("The number of persons reaches none of the figures from which the law asks for more."),
        },
    }


def _covered(found: Gate, row: GateException) -> list[str]:
    """The facts that an exception covers, in words; those that the gate no longer knows stay as codes."""
    words = {fact.code: str(fact.text) for fact in found.facts}
    return [words.get(code, code) for code in row.facts]


def _sentence(transfer: Transfer, found: Gate) -> str:
    words = {"number": found.number, "title": found.title, "opens": found.opens}
    if not found.applies:
        words["why"] = found.why_not or ""
        return _("Gate %(number)s does not apply, because %(why)s.") % words
    if found.holds:
        return _("Gate %(number)s is open: every fact holds. It opens %(opens)s.") % words
    words["what"] = hindrance(found)
    if found.excepted:
        return _("Gate %(number)s is open by exception, although %(what)s.") % words
    if gate_state(transfer, found) == "gate_later":
        return _("Gate %(number)s is not due yet; today it would be closed: %(what)s.") % words
    return _("Gate %(number)s is closed: %(what)s.") % words


@require_http_methods(["GET", "POST"])
@permission_required("transfer.ask_exception")
def ask(request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
    """Ask that a closed gate be passed, with a reason."""
    transfer, found = _find(request, pk, number)
    act = Act(
        title=_("Ask for an exception to gate %(number)s") % {"number": number},
        sentence=_sentence(transfer, found),
        submit=gettext_lazy("Ask for the exception"),
        back=reverse("transfer-gate", args=[pk, number]),
        done=gettext_lazy(
            "The exception is asked for. Another compliance officer grants it; until then the gate stays closed."
        ),
    )
    form = ReasonForm(request.POST or None)
    return perform(
        request,
        transfer,
        form,
        act,
        lambda words: ask_exception(transfer=transfer, gate=number, by=person(request), **words),
    )


@require_http_methods(["GET", "POST"])
@permission_required("transfer.grant_exception")
@step_up_required
def grant(request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
    """Grant what somebody else asked for."""
    transfer, found = _find(request, pk, number)
    if found.exception is None:
        raise Http404
    exception = found.exception
    act = Act(
        title=_("Grant the exception to gate %(number)s") % {"number": number},
        sentence=_("%(name)s asked: %(reason)s")
        % {"name": exception.asked_by.name, "reason": exception.reason},
        submit=gettext_lazy("Grant the exception"),
        back=reverse("transfer-gate", args=[pk, number]),
        done=gettext_lazy("The gate is open by exception."),
        confirms=True,
        danger=True,
        step_up=True,
        irreversible=[
            gettext_lazy("The exception stands on the first page of the certificate, with both names."),
            *(_("It covers: %(fact)s") % {"fact": fact.text} for fact in found.missing),
        ],
        signers=[
            {
                "name": exception.asked_by.name,
                "organisation": exception.asked_by.organisation.name,
                "signed": True,
                "at": exception.asked_at,
            }
        ],
    )
    form = EmptyForm(request.POST if request.method == "POST" else None)
    return perform(
        request, transfer, form, act, lambda _words: grant_exception(exception=exception, by=person(request))
    )
