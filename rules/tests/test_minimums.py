"""Which law keeps a record longest."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.minimums import longest_minimum, minimums
from rules.tests.helpers import CN, TODAY, changed, without

CLOSED = {
    "account_closed": date(2026, 6, 30),
    "record_created": date(2010, 1, 15),
    "relationship_ended": date(2026, 6, 30),
    "trade_made": date(2015, 3, 2),
}


@pytest.mark.parametrize(
    ("category", "rule_id", "until"),
    [
        ("kyc", "CN20", date(2046, 6, 30)),
        ("trades", "CN20", date(2046, 6, 30)),
        ("correspondence", "CN20", date(2046, 6, 30)),
        ("suitability", "CN25", date(2046, 6, 30)),
        ("impact_assessments", "CN20", date(2030, 1, 15)),
        ("provision_records", "CN14", date(2013, 1, 15)),
        ("network_logs", "CN19", date(2010, 7, 15)),
        ("training", "CN20", date(2030, 1, 15)),
        ("incidents", "CN20", date(2030, 1, 15)),
        ("consents", "CN20", date(2046, 6, 30)),
    ],
)
def test_the_longest_minimum_wins(category, rule_id, until):
    found = longest_minimum(CN, category, CLOSED, on=TODAY)

    assert (found.rule_id, found.until, found.category) == (rule_id, until, category)
    assert found.citation == CN.rule(rule_id).citation


def test_all_minimums_come_longest_first_and_say_whether_they_are_statute():
    found = minimums(CN, "impact_assessments", CLOSED, on=TODAY)

    assert [(each.rule_id, each.nature, each.until.year) for each in found] == [
        ("CN20", "policy", 2030),
        ("CN12", "statutory", 2013),
    ]


def test_the_later_starting_event_counts():
    created_after_closing = {**CLOSED, "record_created": date(2026, 9, 1)}

    assert longest_minimum(CN, "kyc", created_after_closing, on=TODAY).until == date(2046, 9, 1)


def test_the_winner_is_who_ends_last_not_who_has_the_larger_figure():
    relationship_goes_on_elsewhere = {**CLOSED, "relationship_ended": date(2040, 1, 1)}

    assert longest_minimum(CN, "kyc", relationship_goes_on_elsewhere, on=TODAY).rule_id == "CN23"


def test_a_minimum_that_has_not_begun_outlasts_all():
    still_open = {"record_created": date(2010, 1, 15), "relationship_ended": date(2026, 6, 30)}

    found = minimums(CN, "kyc", still_open, on=TODAY)

    assert [(each.rule_id, each.until) for each in found] == [("CN20", None), ("CN23", date(2036, 6, 30))]


def test_a_category_no_rule_keeps_has_no_minimum():
    assert longest_minimum(CN, "business_logs", CLOSED, on=TODAY) is None


def test_a_rule_switched_on_keeps_its_category():
    reviewed = changed(CN, "CN24", enabled=True, mark="P")

    assert longest_minimum(reviewed, "business_logs", CLOSED, on=TODAY).until == date(2030, 1, 15)


def test_without_the_longest_the_next_one_counts():
    found = longest_minimum(without(CN, "CN20"), "kyc", CLOSED, on=TODAY)

    assert (found.rule_id, found.duration, found.calendar, found.starts) == (
        "CN23",
        10,
        "years",
        ("relationship_ended",),
    )
    assert found.until == date(2036, 6, 30)


DAYS = st.dates(date(1990, 1, 1), date(2040, 12, 31))


@settings(deadline=None)
@given(
    st.fixed_dictionaries({}, optional={name: DAYS for name in CLOSED}), st.sampled_from(["kyc", "trades"])
)
def test_no_rule_is_broken_by_keeping_the_longest(events, category):
    longest, *others = minimums(CN, category, events, on=TODAY)

    assert all(longest.until is None or each.until <= longest.until for each in others)


@settings(deadline=None)
@given(st.fixed_dictionaries({name: DAYS for name in CLOSED}), st.sampled_from(sorted(CLOSED)))
def test_knowing_less_never_shortens_retention(events, forgotten):
    known = longest_minimum(CN, "kyc", events, on=TODAY)
    less = longest_minimum(CN, "kyc", {k: v for k, v in events.items() if k != forgotten}, on=TODAY)

    assert less.until is None or less.until >= known.until
