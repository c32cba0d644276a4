"""Where a transfer stands: what blocks it, whose move it is, which clocks run. Read by the pages, stored nowhere."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Max, Min
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, ngettext, ngettext_lazy
from django.utils.translation import gettext as _

from audit.queries import events_of
from transfer.bases import data_moves
from transfer.events import TransferEvent
from transfer.gates.registry import Fact, Gate, gate
from transfer.models import ClientCase, Transfer
from transfer.services.transfers import NEXT_STAGE

#: The stage from which on each gate is due.
GATE_STAGES = {1: "draft", 2: "draft", 3: "reviewing", 4: "notifying", 5: "notifying", 6: "notifying",
               7: "notifying", 8: "ready"}  # fmt: skip
ORDER = [state.value for state in Transfer.State]

#: What stands in the way, by fact, in half a sentence; its count chooses the form and is ``shown`` grouped.
HINDRANCES: dict[str, Any] = {
    "duty:CN21.appraisal": gettext_lazy("the client-related assets are not appraised"),
    "duty:CN04.consent_asked": gettext_lazy("no approved notice asks for separate consent"),
    "duty:CN20.change_of_control": gettext_lazy("the new controller is not approved"),
    "signed_by_both": gettext_lazy("the agreement is not signed by both parties"),
    "clauses_bound": gettext_lazy("the agreement's clauses are not bound yet"),
    "counsel_spoke": gettext_lazy("counsel has not spoken on the legal basis"),
    "extracts_loaded": ngettext_lazy(
        "%(shown)s kind of extract is not loaded", "%(shown)s kinds of extract are not loaded", "count"
    ),
    "nothing_pending": ngettext_lazy(
        "%(shown)s extract or part of one waits to be loaded",
        "%(shown)s extracts or parts of them wait to be loaded",
        "count",
    ),
    "counts_equal": gettext_lazy("declared and found counts or totals differ"),
    "rejects_decided": ngettext_lazy(
        "%(shown)s refused line is undecided", "%(shown)s refused lines are undecided", "count"
    ),
    "no_unknown_field": ngettext_lazy(
        "%(shown)s field has no policy", "%(shown)s fields have no policy", "count"
    ),
    "credentials_stay": ngettext_lazy(
        "%(shown)s secret field would move", "%(shown)s secret fields would move", "count"
    ),
    "breaches_decided": ngettext_lazy(
        "%(shown)s breach of a clause is undecided", "%(shown)s breaches of clauses are undecided", "count"
    ),
    "cases_assessed": gettext_lazy("no client has a verdict yet"),
    "notice_proved": ngettext_lazy(
        "%(shown)s client has no proof of notice", "%(shown)s clients have no proof of notice", "count"
    ),
    "nobody_undeliverable": ngettext_lazy(
        "%(shown)s client could not be reached", "%(shown)s clients could not be reached", "count"
    ),
    "windows_over": ngettext_lazy(
        "the time to object still runs for %(shown)s client",
        "the time to object still runs for %(shown)s clients",
        "count",
    ),
    "objections_decided": ngettext_lazy(
        "%(shown)s objection is undecided", "%(shown)s objections are undecided", "count"
    ),
    "backup_young": gettext_lazy("there is no backup younger than the limit"),
    "backup_proved": gettext_lazy("the newest backup was not restored and compared"),
    "rehearsed": gettext_lazy("no rehearsal ran to its end"),
    "no_unexplained_break": ngettext_lazy(
        "%(shown)s break of the last rehearsal is unexplained",
        "%(shown)s breaks of the last rehearsal are unexplained",
        "count",
    ),
    "room_missing": gettext_lazy("the part of the product that proves it is not built yet"),
    "earlier_gates_open": ngettext_lazy(
        "%(shown)s earlier gate is closed", "%(shown)s earlier gates are closed", "count"
    ),
    "runbook_ready": gettext_lazy("the runbook is not complete"),
    "outside_parties_ready": gettext_lazy("outside parties have not proved that they are ready"),
    "mandate_transferor": gettext_lazy("two people of the transferor have not signed the mandate"),
    "mandate_transferee": gettext_lazy("two people of the transferee have not signed the mandate"),
    "mandate_window": gettext_lazy("the mandate's window is not open"),
}

#: What there is to do in a stage whose way on is no gate.
ACTS = {
    Transfer.State.DRAFT: gettext_lazy("Nothing stands in the way of loading the data."),
    Transfer.State.CUTTING_OVER: gettext_lazy("The cutover is under way."),
    Transfer.State.RECONCILING: gettext_lazy("The handed-over data is being reconciled."),
    Transfer.State.SETTLED: gettext_lazy("Everything is reconciled and certified."),
    Transfer.State.CLOSED: gettext_lazy("The transfer is closed."),
    Transfer.State.ABORTED: gettext_lazy("The transfer was aborted; nothing was handed over."),
}


ENDS_WITHOUT_HANDOVER = {
    Transfer.State.SETTLED: gettext_lazy("Both firms have signed that nothing was handed over."),
    Transfer.State.CLOSED: gettext_lazy("The transfer is closed; nothing was handed over."),
}


@dataclass(frozen=True)
class Standing:
    """Where one transfer stands, in words: the first line of its page and its line on the home page."""

    transfer: Transfer
    blocking: Gate | None
    sentence: str
    mover: str
    since: datetime.datetime | None


def standing(transfer: Transfer) -> Standing:
    """The first closed gate before the next stage, what is missing, and whose move it is."""
    blocking = next((found for found in _gates_ahead(transfer) if not found.open), None)
    if blocking is None:
        return Standing(
            transfer, None, _open_sentence(transfer), _mover_without_gate(transfer), stage_since(transfer)
        )
    sentence = _("Gate %(number)s, %(title)s, is closed: %(what)s.") % {
        "number": blocking.number,
        "title": blocking.title,
        "what": hindrance(blocking),
    }
    return Standing(transfer, blocking, sentence, whose(transfer, blocking.missing[0]), stage_since(transfer))


def together(*sentences: str) -> str:
    """Sentences one after the other, as the reader's language spaces them."""
    return ("" if (get_language() or "").startswith("zh") else " ").join(sentences)


def hindrance(closed: Gate) -> str:
    """What keeps the gate closed, in half a sentence: the first missing fact and how many more there are."""
    first, *others = closed.missing
    words = HINDRANCES.get(first.code)
    said = str(first.text).rstrip(".。") if words is None else _counted(words, first.count or 0)
    if not others:
        return said
    return ngettext(
        "%(said)s, and %(count)s more fact", "%(said)s, and %(count)s more facts", len(others)
    ) % {
        "said": said,
        "count": len(others),
    }


def _counted(words: Any, count: int) -> str:
    return str(words % {"count": count, "shown": f"{count:,d}"})


def whose(transfer: Transfer, fact: Fact) -> str:
    """The firm or person whose move it is while this fact does not hold, by name."""
    taker = transfer.transferee.name if transfer.transferee else _("the transferee, not named yet")
    names = {
        "transferor": transfer.transferor.name,
        "transferee": taker,
        "counsel": _("counsel"),
        "both": _("%(giver)s and %(taker)s") % {"giver": transfer.transferor.name, "taker": taker},
    }
    return str(names.get(fact.whose, transfer.transferor.name))


def stage_since(transfer: Transfer) -> datetime.datetime | None:
    """When the transfer came to the stage it stands at, as the log says."""
    steps = events_of(transfer).filter(
        type__in=[TransferEvent.DRAFTED, TransferEvent.ADVANCED, TransferEvent.ABORTED]
    )
    return steps.values_list("at", flat=True).first()


def gate_state(transfer: Transfer, found: Gate) -> str:
    """The code of the gate's badge: open, open by exception, closed, or not due yet."""
    if not found.applies:
        return "gate_not_applying"
    if found.holds:
        return "gate_open"
    if found.excepted:
        return "gate_exception"
    due_from = ORDER.index(GATE_STAGES[found.number])
    return "gate_closed" if ORDER.index(transfer.state) >= due_from else "gate_later"


def gate_summary(transfer: Transfer, found: Gate, *, counts: bool) -> dict[str, Any]:
    """The gate for the cockpit: how many facts hold, and once it is due those that do not."""
    card = gate_card(transfer, found, counts=counts)
    if not found.applies:
        card["sentence"] = _("It does not apply, because %(why)s.") % {"why": found.why_not}
        return card
    card["sentence"] = _("%(held)s of %(all)s facts hold.") % {
        "held": len(found.facts) - len(found.missing),
        "all": len(found.facts),
    }
    due = card["state"] != "gate_later"
    card["facts"] = [fact for fact in card["facts"] if due and not fact["met"]]
    return card


def gate_card(transfer: Transfer, found: Gate, *, counts: bool) -> dict[str, Any]:
    """The gate as parts/gate.html shows it; without ``counts`` it says open or closed and nothing of the data."""
    state = gate_state(transfer, found)
    facts = [
        {
            "text": fact.text,
            "met": fact.ok,
            "url": fact.link,
            "count": fact.count if fact.count and counts else None,
        }
        for fact in found.facts
    ]
    card: dict[str, Any] = {
        "number": found.number,
        "title": found.title,
        "opens": found.opens,
        "state": state,
        "url": reverse("transfer-gate", args=[transfer.pk, found.number]),
        "facts": facts if counts or found.number == 1 else [],
    }
    if state == "gate_closed":
        card["move"] = {"who": whose(transfer, found.missing[0])}
    return card


def clocks(transfer: Transfer) -> list[dict[str, Any]]:
    """What runs out: the windows to object, first and last, and the planned cutover; nothing once past no return."""
    if transfer.no_return_at is not None or transfer.state in {Transfer.State.ABORTED, Transfer.State.CLOSED}:
        return []
    running = ClientCase.objects.filter(transfer=transfer, state=ClientCase.State.NOTIFIED)
    ends = running.aggregate(first=Min("window_ends_on"), last=Max("window_ends_on"))
    notified = f"{reverse('transfer-cases', args=[transfer.pk])}?state=notified"
    found = [
        (_("the first client's time to object ends"), _end_of(ends["first"]), notified),
        (_("the last client's time to object ends"), _end_of(ends["last"]), notified),
        (_("planned cutover"), transfer.planned_cutover, reverse("transfer-overview", args=[transfer.pk])),
    ]
    seen, running_clocks = set(), []
    known = [(at, str(text), url) for text, at, url in found if at is not None]
    for at, text, url in sorted(known):
        if (at, url) in seen:
            continue
        seen.add((at, url))
        left = (at - timezone.now()).total_seconds()
        kind = "bad" if left <= 0 else "warn" if left < 3 * 86_400 else "calm"
        running_clocks.append({"text": text, "ends_at": at, "seconds_left": left, "url": url, "kind": kind})
    return running_clocks


def _end_of(day: datetime.date | None) -> datetime.datetime | None:
    if day is None:
        return None
    return timezone.make_aware(datetime.datetime.combine(day + datetime.timedelta(days=1), datetime.time.min))


def _gates_ahead(transfer: Transfer) -> Iterator[Gate]:
    """The gates before the next stage, each computed when it is asked for."""
    numbers = (8,) if transfer.state == Transfer.State.READY else NEXT_STAGE.get(transfer.state, ("", ()))[1]
    return (found for found in (gate(transfer, number) for number in numbers) if found.applies)


def _open_sentence(transfer: Transfer) -> str:
    if transfer.state == Transfer.State.REVIEWING and not data_moves(transfer):
        return _("Every gate that applies is open; both firms can state that nothing was handed over.")
    if transfer.state in ENDS_WITHOUT_HANDOVER and not data_moves(transfer):
        return str(ENDS_WITHOUT_HANDOVER[Transfer.State(transfer.state)])
    if transfer.state in ACTS:
        return str(ACTS[Transfer.State(transfer.state)])
    return _("Every gate before the next stage is open.")


def _mover_without_gate(transfer: Transfer) -> str:
    if transfer.state in {Transfer.State.CLOSED, Transfer.State.ABORTED}:
        return ""
    return str(transfer.transferor.name)
