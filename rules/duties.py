"""Duties of the whole transfer: what must be done, until when, and which fact proves it.

Invariants:
- A duty is due only while its rule is in force, for the bases it names, and where its threshold is met.
- `satisfied_by` names a fact; whether it is true is the reader's to say, nobody ticks it here.
- A day that is not known yet leaves the duty without a date, never without the duty.
"""

from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from rules.deadlines import deadline_of, due_from_day, end_of
from rules.packs import BEFORE_CUTOVER, Pack
from rules.schema import Basis, DutyRule, Rule, Text
from rules.thresholds import PersonCounts, applies, threshold_of


class TransferFacts(Struct, frozen=True, kw_only=True):
    """What the duties depend on. Days that are not known yet are none."""

    basis: Basis
    persons: PersonCounts
    as_of: date
    important_data: bool = False
    cutover_on: date | None = None
    resolved_on: date | None = None
    application_filed_on: date | None = None


class Duty(Struct, frozen=True):
    """One thing somebody must have done; `gate` asks for it, none if it is only a clock."""

    rule_id: str
    article: Text
    code: str
    text: Text
    due: datetime | None
    satisfied_by: str
    gate: Literal[1, 3] | None


def due_duties(pack: Pack, facts: TransferFacts) -> list[Duty]:
    """Return the duties of this transfer under the rules in force on `as_of`, in the order of the pack."""
    return [
        Duty(
            rule_id=rule.id,
            article=rule.citation,
            code=duty.code,
            text=duty.text,
            due=_due(pack, rule, duty, facts),
            satisfied_by=duty.satisfied_by,
            gate=duty.gate,
        )
        for rule in pack.in_force(facts.as_of)
        for duty in rule.duties
        if facts.basis in duty.bases and _concerned(rule, duty, facts)
    ]


def _concerned(rule: Rule, duty: DutyRule, facts: TransferFacts) -> bool:
    if duty.threshold is None or (duty.or_important_data and facts.important_data):
        return True
    return applies(threshold_of(rule, duty.threshold), facts.persons)


def _due(pack: Pack, rule: Rule, duty: DutyRule, facts: TransferFacts) -> datetime | None:
    if duty.due == BEFORE_CUTOVER:
        return None if facts.cutover_on is None else end_of(facts.cutover_on, ZoneInfo(pack.time_zone))
    deadline = deadline_of(rule, duty.due)
    started = {
        "merger_resolved": facts.resolved_on,
        "application_filed": facts.application_filed_on,
        "threshold_reached": facts.cutover_on,
    }[deadline.trigger]
    return None if started is None else due_from_day(pack, deadline, started)
