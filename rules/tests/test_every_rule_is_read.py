"""No rule of the pack is decoration: take an enabled one away, or change a figure of it, and an answer changes.

Each reader below asks a module everything it can answer. `used_by` must name exactly the readers whose
answers change, so that a rule nobody reads fails here, and so does a claim to be read.
"""

from datetime import UTC, date, datetime
from itertools import product
from typing import get_args

import pytest
from msgspec.structs import replace

from rules.ages import age_band
from rules.checklists import items_in_force
from rules.classification import classify
from rules.deadlines import due_at
from rules.duties import TransferFacts, due_duties
from rules.errors import RulesError
from rules.facts import ClientFacts
from rules.minimums import minimums
from rules.schema import Basis, Category, Reader
from rules.tests.helpers import CN, SERVED, TODAY, changed, without
from rules.thresholds import PersonCounts, crossings, reached
from rules.verdicts import verdict

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
COUNTS = [PersonCounts(n) for exponent in range(5, 9) for n in (10**exponent, 10**exponent + 1)]
EVENTS = {
    "account_closed": date(2026, 6, 30),
    "record_created": date(2020, 1, 1),
    "relationship_ended": date(2026, 6, 30),
    "trade_made": date(2020, 1, 1),
}


def or_refusal(answer, *args, **kwargs):
    try:
        return answer(*args, **kwargs)
    except RulesError as refusal:
        return str(refusal)


def verdicts(pack):
    served = [
        {"notice": "delivered", "noticed_on": SERVED},
        {"notice": "announced", "noticed_on": SERVED, "attempts": 2, "counsel_signed_announcement": True},
    ]
    people = [{}, {"kind": "institution"}, {"minor": True}, {"minor": True, "under14": True}]
    return [
        or_refusal(verdict, pack, ClientFacts(as_of=TODAY, basis=basis, **notice, **person))
        for basis, notice, person in product(get_args(Basis), served, people)
    ]


def ages(pack):
    return [age_band(pack, date(year, 6, 1), on=TODAY) for year in range(2000, 2026)]


def deadlines(pack):
    return [
        (rule.id, each.code, due_at(pack, each, AT))
        for rule in pack.in_force(TODAY)
        for each in rule.deadlines
    ]


def thresholds(pack):
    crossed = [crossings(pack, counts, on=TODAY) for counts in COUNTS]
    counted = [
        reached(pack, kind, c.after, on=TODAY) for kind in ("persons", "persons_leaked") for c in COUNTS
    ]
    return crossed + counted


def retention(pack):
    return [minimums(pack, category, EVENTS, on=TODAY) for category in get_args(Category)]


def checklists(pack):
    return [items_in_force(pack, each.code, on=TODAY) for each in pack.checklists]


def classification(pack):
    return [
        classify(pack, each.field, on=TODAY, child=child)
        for each in pack.classification
        for child in (True, False)
    ]


def duties(pack):
    days = {"cutover_on": TODAY, "resolved_on": TODAY, "application_filed_on": TODAY}
    return [
        due_duties(pack, TransferFacts(basis=basis, persons=counts, as_of=TODAY, **days))
        for basis, counts in product(get_args(Basis), COUNTS)
    ]


READERS = {
    "verdict": verdicts,
    "age": ages,
    "deadline": deadlines,
    "threshold": thresholds,
    "retention": retention,
    "checklist": checklists,
    "classification": classification,
    "duty": duties,
}
ANSWERS = {name: ask(CN) for name, ask in READERS.items()}
ENABLED = [rule.id for rule in CN.rules if rule.enabled]


def readers_that_notice(pack):
    return {name for name, ask in READERS.items() if ask(pack) != ANSWERS[name]}


def test_the_readers_are_those_the_schema_knows():
    assert set(READERS) == set(get_args(Reader))


@pytest.mark.parametrize("rule_id", ENABLED)
def test_taking_a_rule_away_changes_the_answers_of_exactly_its_readers(rule_id):
    assert readers_that_notice(without(CN, rule_id)) == set(CN.rule(rule_id).used_by)


@pytest.mark.parametrize("rule_id", ENABLED)
def test_switching_a_rule_off_is_taking_it_away(rule_id):
    assert readers_that_notice(changed(CN, rule_id, enabled=False)) == set(CN.rule(rule_id).used_by)


def test_a_rule_from_memory_changes_nothing_while_it_is_off():
    assert readers_that_notice(without(CN, "CN24")) == set()


FIGURES = [
    (rule.id, kind, position, amount)
    for rule in CN.rules
    if rule.enabled
    for kind, amount in (("deadlines", "duration"), ("thresholds", "figure"), ("retention", "duration"))
    for position in range(len(getattr(rule, kind)))
]


@pytest.mark.parametrize(("rule_id", "kind", "position", "amount"), FIGURES)
def test_changing_a_figure_changes_an_answer(rule_id, kind, position, amount):
    entries = list(getattr(CN.rule(rule_id), kind))
    entry = entries[position]
    entries[position] = replace(entry, **{amount: getattr(entry, amount) + 1})

    assert readers_that_notice(changed(CN, rule_id, **{kind: tuple(entries)}))


def test_changing_the_attempts_before_an_announcement_changes_a_verdict():
    assert "verdict" in readers_that_notice(changed(CN, "CN29", attempts_before_announcement=3))


def test_changing_a_comparator_changes_an_answer():
    [more_than] = CN.rule("CN11").thresholds

    assert readers_that_notice(changed(CN, "CN11", thresholds=(replace(more_than, comparator=">="),))) == {
        "threshold"
    }
