"""Thresholds at, below and above their figures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.errors import RulesError
from rules.schema import Threshold
from rules.tests.helpers import CN, TODAY, without
from rules.thresholds import PersonCounts, applies, crossings, meets, reached, threshold_of


def touched(*persons):
    return {
        (each.rule_id, each.before, each.after) for each in crossings(CN, PersonCounts(*persons), on=TODAY)
    }


@pytest.mark.parametrize(
    ("comparator", "below", "at", "above"),
    [
        ("<", True, False, False),
        ("<=", True, True, False),
        (">", False, False, True),
        (">=", False, True, True),
    ],
)
def test_the_comparator_is_the_laws_own(comparator, below, at, above):
    threshold = Threshold("t", "persons", comparator, 100)

    assert (meets(threshold, 99), meets(threshold, 100), meets(threshold, 101)) == (below, at, above)


def test_ten_million_is_or_more_for_the_plan_and_more_than_for_the_audit():
    at_ten_million = {rule_id for rule_id, _, after in touched(10_000_000) if after}
    one_more = {rule_id for rule_id, _, after in touched(10_000_001) if after}

    assert at_ten_million == {"CN10", "CN15"}
    assert one_more == {"CN10", "CN11", "CN15"}


def test_the_merger_itself_can_reach_a_figure():
    assert touched(600_000, 500_000, 100_000) == {("CN10", False, True)}
    assert touched(600_000, 500_000, 100_001) == set()
    [crossing] = crossings(CN, PersonCounts(600_000, 500_000), on=TODAY)
    assert crossing.newly
    assert (crossing.comparator, crossing.figure, crossing.citation.en[:10]) == (
        ">=",
        1_000_000,
        "Personal I",
    )


def test_a_figure_reached_before_is_not_new():
    [crossing] = crossings(CN, PersonCounts(1_000_000), on=TODAY)

    assert (crossing.before, crossing.after, crossing.newly) == (True, True, False)


def test_persons_of_both_firms_count_once():
    counts = PersonCounts(10, 8, 3)

    assert (counts.before, counts.after) == (10, 15)


@pytest.mark.parametrize("counts", [(1, 2, 2), (2, 1, 2), (1, 1, -1), (-1, 0, 0)])
def test_impossible_counts_are_refused(counts):
    with pytest.raises(RulesError, match="cannot outnumber"):
        PersonCounts(*counts)


@pytest.mark.parametrize(("moment", "holds"), [("before", False), ("after", True), ("either", True)])
def test_a_rule_says_which_count_it_looks_at(moment, holds):
    assert applies(Threshold("t", "persons", ">=", 15, moment), PersonCounts(10, 8, 3)) is holds


@pytest.mark.parametrize(
    ("persons", "levels"),
    [
        (999_999, ()),
        (1_000_000, ("larger",)),
        (10_000_000, ("larger", "major")),
        (100_000_000, ("larger", "major", "extremely_major")),
    ],
)
def test_the_level_of_an_incident_follows_the_persons_leaked(persons, levels):
    assert tuple(code for _, code in reached(CN, "persons_leaked", persons, on=TODAY)) == levels


def test_a_rule_that_is_gone_is_not_crossed():
    assert crossings(without(CN, "CN10"), PersonCounts(1_000_000), on=TODAY) == ()


def test_a_threshold_the_rule_does_not_set_is_refused():
    with pytest.raises(RulesError, match="CN10 sets no threshold audit_persons"):
        threshold_of(CN.rule("CN10"), "audit_persons")


@given(st.integers(0, 10**8), st.integers(0, 10**8), st.data())
def test_the_successor_never_has_fewer_persons_than_the_larger_firm(one, other, data):
    both = data.draw(st.integers(0, min(one, other)))
    counts = PersonCounts(one, other, both)

    assert counts.before <= counts.after <= one + other
