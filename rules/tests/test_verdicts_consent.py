"""Where a client stands when consent carries the move, and when nothing moves."""

from datetime import date, timedelta

import pytest

from rules.errors import RulesError
from rules.tests.helpers import CN, SERVED, TODAY, codes, weigh, without
from rules.verdicts import at_cutover

SALE = {"basis": "asset_sale"}
DELIVERED = {"notice": "delivered", "noticed_on": SERVED}
ANNOUNCED = {"notice": "announced", "noticed_on": SERVED, "attempts": 9, "counsel_signed_announcement": True}
CONSENT_BASES = ["asset_sale", "due_diligence", "licence_withdrawn"]


@pytest.mark.parametrize("basis", CONSENT_BASES)
def test_silence_is_no(basis):
    found = weigh(basis=basis, **DELIVERED)

    assert (found.requirement, found.state, codes(found)[-1]) == (
        "separate_consent",
        "excluded",
        "silence_is_no",
    )
    assert found.reasons[-1].article.en == "Personal Information Protection Law, Article 23"
    assert at_cutover(basis, found.state) == "stays"


@pytest.mark.parametrize("basis", CONSENT_BASES)
def test_separate_consent_after_notice_clears(basis):
    found = weigh(basis=basis, **DELIVERED, separate_consent="given")

    assert (found.state, codes(found)[-1]) == ("cleared", "consent_given")
    assert at_cutover(basis, found.state) == "moves"


def test_an_answer_is_awaited_while_the_window_runs():
    found = weigh(**SALE, **DELIVERED, as_of=date(2026, 11, 13))

    assert (found.state, found.whose_move, found.window_ends_on) == ("notified", "client", date(2026, 11, 13))
    assert at_cutover("asset_sale", found.state) == "stays"


def test_without_a_window_silence_counts_at_once():
    assert weigh(without(CN, "CN29"), **SALE, notice="delivered", noticed_on=TODAY).state == "excluded"


@pytest.mark.parametrize("answer", ["none", "given"])
def test_an_announcement_never_stands_in_for_the_notice_that_asks(answer):
    found = weigh(**SALE, **ANNOUNCED, separate_consent=answer)

    assert (found.state, codes(found)[-1]) == ("undeliverable", "announcement_is_no_notice")


def test_consent_before_any_notice_does_not_clear():
    assert weigh(**SALE, separate_consent="given").state == "in_scope"
    assert weigh(**SALE, notice="bounced", separate_consent="given").state == "undeliverable"


def test_refusal_excludes():
    found = weigh(**SALE, **DELIVERED, separate_consent="refused")

    assert (found.state, codes(found)[-1]) == ("excluded", "consent_refused")


@pytest.mark.parametrize("objection", ["objection_only", "exit_transfer", "exit_close"])
def test_an_objection_refuses_even_after_consent_and_after_the_window(objection):
    found = weigh(**SALE, **DELIVERED, separate_consent="given", objection=objection, objected_on=TODAY)

    assert (found.state, codes(found)[-1]) == ("excluded", "objection_is_refusal")


def test_a_child_without_a_guardian_is_left_out_whatever_the_answer():
    found = weigh(**SALE, **DELIVERED, under14=True, minor=True, separate_consent="given")

    assert (found.state, found.whose_move) == ("excluded", "guardian")


def test_a_guardian_consents_for_the_child():
    found = weigh(**SALE, **DELIVERED, under14=True, minor=True, has_guardian=True, separate_consent="given")

    assert found.state == "cleared"
    assert "guardian_acts" in codes(found)


def test_who_has_left_is_gone():
    found = weigh(**SALE, exit_done=True)

    assert (found.state, at_cutover("asset_sale", found.state)) == ("left", "gone")


def test_an_institution_is_asked_for_confidentialitys_sake():
    found = weigh(**SALE, **DELIVERED, kind="institution")

    assert ("CN20", "client_confidentiality") in [(reason.rule_id, reason.code) for reason in found.reasons]
    assert found.requirement == "separate_consent"


def test_a_withdrawn_licence_leaves_the_choice_to_the_client():
    found = weigh(basis="licence_withdrawn", **DELIVERED)

    assert ("CN22", "resettled_by_choice") in [(reason.rule_id, reason.code) for reason in found.reasons]


def test_without_the_governing_rule_nothing_is_said():
    with pytest.raises(RulesError, match="CN04 governs this"):
        weigh(without(CN, "CN04"), **SALE)


@pytest.mark.parametrize(
    "facts", [{}, DELIVERED, {**DELIVERED, "objection": "exit_close", "objected_on": TODAY}]
)
def test_a_share_transfer_needs_nothing_and_moves_nobody(facts):
    found = weigh(basis="share_transfer", **facts)

    assert (found.requirement, found.state, found.whose_move) == ("none_needed", "excluded", "nobody")
    assert (codes(found), found.window_ends_on) == (["handler_unchanged"], None)
    assert at_cutover("share_transfer", found.state) == "stays"


def test_the_clock_of_a_late_service_starts_late():
    found = weigh(**SALE, notice="delivered", noticed_on=TODAY - timedelta(days=30))

    assert found.window_ends_on == TODAY
    assert found.state == "notified"
