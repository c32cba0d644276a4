"""Many clients at once: the table says what the single verdict says, and weighs each combination once."""

import time
from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import astuple

from rules.errors import RulesError
from rules.facts import FACT_FIELDS, ClientFacts
from rules.tests.helpers import CN, SERVED, TODAY, with_window
from rules.tests.test_verdict_properties import facts
from rules.verdicts import VerdictTable, verdict, verdict_codes


@settings(max_examples=60, deadline=None)
@given(st.lists(facts(), max_size=8))
def test_the_table_agrees_with_the_single_verdict(many):
    found, verdicts = verdict_codes(CN, [astuple(one) for one in many])

    assert [verdicts[code] for code in found] == [verdict(CN, one) for one in many]
    assert len(set(verdicts)) == len(verdicts)


def test_a_row_is_read_in_the_order_of_the_fields():
    assert FACT_FIELDS == (
        "as_of",
        "kind",
        "jurisdiction",
        "under14",
        "minor",
        "has_guardian",
        "basis",
        "purpose_changed",
        "notice",
        "noticed_on",
        "attempts",
        "counsel_signed_announcement",
        "objection",
        "objected_on",
        "exit_done",
        "separate_consent",
    )


def test_a_hundred_thousand_clients_cost_one_weighing_per_combination():
    rows = [
        astuple(ClientFacts(as_of=TODAY, notice="delivered", noticed_on=SERVED - timedelta(days=n % 50)))
        for n in range(1000)
    ] * 100
    table = VerdictTable(CN)

    started = time.perf_counter()
    found = list(table.codes(rows))

    assert time.perf_counter() - started < 5
    assert len(found) == 100_000
    assert table.combinations == 50
    assert {table.verdicts[code].state for code in found} == {"cleared"}


def test_one_client_is_weighed_once():
    table = VerdictTable(CN)
    one = ClientFacts(as_of=TODAY, notice="delivered", noticed_on=SERVED)

    assert table.verdict(one) == table.verdict(one) == verdict(CN, one)
    assert table.combinations == 1


def test_another_pack_is_another_table():
    row = astuple(ClientFacts(as_of=TODAY, notice="delivered", noticed_on=SERVED))

    assert verdict_codes(CN, [row])[1][0].state == "cleared"
    assert verdict_codes(with_window(CN, 90), [row])[1][0].state == "notified"


@pytest.mark.parametrize(
    "row",
    [
        (),
        (*astuple(ClientFacts(as_of=TODAY))[:-1], "perhaps"),
        ("2026-11-23x", *astuple(ClientFacts(as_of=TODAY))[1:]),
        (*astuple(ClientFacts(as_of=TODAY)), "more"),
    ],
)
def test_a_row_that_is_not_facts_is_refused(row):
    with pytest.raises(RulesError, match="a row is not facts"):
        verdict_codes(CN, [row])


def test_verdicts_can_be_kept_as_json():
    found = verdict(CN, ClientFacts(as_of=date(2026, 11, 23)))

    assert msgspec.json.decode(msgspec.json.encode(found), type=type(found)) == found
