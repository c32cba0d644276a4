"""The log as tables and facts, ready for the pages' parts. Nothing in it is personal: ids, codes, counts."""

from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from access.models import Organisation, User
from audit.errors import Refused
from audit.faults import FaultKind
from audit.models import Event
from audit.registry import label
from governance.log_records import Proof, numbers_of
from governance.models import LogCheck
from transfer.log_lines import WORDS

Table = dict[str, Any]
Facts = list[dict[str, Any]]


def events(rows: list[Event]) -> Table:
    """One line per event, newest first."""
    numbers, people = numbers_of(rows), _people(rows)
    return {
        "id": "events",
        "caption": _("Events, newest first"),
        "columns": [
            {"title": _("No."), "number": True},
            {"title": _("When")},
            {"title": _("What happened")},
            {"title": _("Who")},
            {"title": _("Thing")},
            {"title": _("Id of the thing")},
        ],
        "rows": [
            [
                {"value": numbers.get(row.pk), "url": reverse("governance-event", args=[row.pk])},
                row.at,
                {"value": words(row.type), "url": reverse("governance-event", args=[row.pk])},
                people.get(row.actor, _("the system") if row.actor is None else str(row.actor)),
                {"kind": "code", "value": row.subject_type},
                {"kind": "code", "value": row.subject, "url": _about(row)},
            ]
            for row in rows
        ],
        "empty": {"title": _("Nothing like this in the log"), "icon": "history"},
    }


def words(kind: str) -> str:
    """An event type in the reader's language, or its code where its room gave it no words."""
    return str(WORDS.get(kind, label(kind)))


def event_facts(event: Event) -> Facts:
    """Who, when, on what, for whom, why."""
    person = _people([event]).get(event.actor)
    firm = Organisation.objects.filter(pk=event.organisation).first() if event.organisation else None
    return [
        _fact(_("When"), event.at),
        _fact(_("Who"), person or (_("the system") if event.actor is None else str(event.actor))),
        _fact(_("For"), firm.name if firm else "—"),
        _fact(_("Type"), {"kind": "code", "value": event.type}),
        _fact(_("Thing"), {"kind": "code", "value": event.subject_type}),
        _fact(_("Id of the thing"), {"kind": "code", "value": event.subject, "url": _about(event)}),
        _fact(_("Purpose"), event.purpose or "—"),
        _fact(_("Request"), {"kind": "code", "value": event.request_id} if event.request_id else "—"),
    ]


def recorded_facts(event: Event) -> Facts:
    """The facts as they were recorded, under their codes."""
    return [
        _fact(name, {"kind": "code", "value": _flat(value)}) for name, value in sorted(event.facts.items())
    ]


def proof_facts(proof: Proof) -> Facts:
    """Where the event stands, and under which signed head."""
    return [
        _fact(_("Number in the log"), proof.index),
        _fact(_("Hash of the entry"), {"kind": "code", "value": proof.leaf.hex()}),
        _fact(
            _("Checkpoint of"),
            ngettext("%(n)s entry", "%(n)s entries", proof.head.size) % {"n": proof.head.size},
        ),
        _fact(_("Signed"), proof.head.at),
        _fact(_("Root"), {"kind": "code", "value": bytes(proof.head.root).hex()}),
    ]


def verification(check: LogCheck | None) -> str:
    """The log's state in one sentence, as far as the newest finished verification knows it."""
    finished = LogCheck.objects.exclude(finished_at=None).filter(failure="").order_by("-id").first()
    if check is not None and check.failure:
        return str(Refused(check.failure).message)
    if finished is None:
        return _("The log has not been verified yet.")
    if finished.fault_count:
        return ngettext(
            "%(n)s fault was found in %(leaves)s entries.",
            "%(n)s faults were found in %(leaves)s entries.",
            finished.fault_count,
        ) % {"n": finished.fault_count, "leaves": finished.leaves}
    return ngettext(
        "%(n)s entry, verified to the last.", "%(n)s entries, verified to the last.", finished.leaves
    ) % {"n": f"{finished.leaves:,}"}


def faults(check: LogCheck | None) -> Table | None:
    """What the newest verification found, if anything."""
    if check is None or not check.fault_count:
        return None
    known = dict(FaultKind.choices)
    return {
        "id": "faults",
        "caption": _("What is wrong"),
        "columns": [{"title": _("Fault")}, {"title": _("Where")}],
        "rows": [[str(known.get(each["kind"], each["kind"])), each["where"]] for each in check.faults],
        "pager": {"shown": len(check.faults), "total": check.fault_count},
    }


def job(check: LogCheck) -> dict[str, Any]:
    """A verification as a long work that shows itself."""
    work = {
        "id": check.pk,
        "title": _("Verification of the log"),
        "state": check.state,
        "poll_url": reverse("governance-check-progress", args=[check.pk]),
    }
    if check.finished_at is not None:
        work |= {"sentence": verification(check), "result_url": reverse("governance-log")}
    return work


def _people(rows: list[Event]) -> dict[UUID | None, str]:
    wanted = {row.actor for row in rows if row.actor is not None}
    return dict(User.objects.filter(pk__in=wanted).values_list("pk", "username"))


def _about(event: Event) -> str:
    return f"{reverse('governance-log')}?subject={event.subject}"


def _flat(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _fact(term: str, value: object) -> dict[str, Any]:
    return {"term": term, "value": value}
