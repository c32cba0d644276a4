"""Where a client stands in an absorption merger."""

from datetime import date, timedelta

import pytest

from rules.errors import RulesError
from rules.tests.helpers import CN, SERVED, TODAY, changed, codes, weigh, with_window, without
from rules.verdicts import at_cutover

DELIVERED = {"notice": "delivered", "noticed_on": SERVED}
ANNOUNCED = {"notice": "announced", "noticed_on": SERVED, "attempts": 2, "counsel_signed_announcement": True}
LAST_DAY = date(2026, 11, 13)


def test_a_client_without_notice_is_in_scope_and_the_transferor_must_act():
    found = weigh()

    assert (found.requirement, found.state, found.whose_move) == (
        "notice_with_exit",
        "in_scope",
        "transferor",
    )
    assert found.window_ends_on is None
    assert at_cutover("merger", found.state) == "waits"


def test_the_window_runs_through_its_last_day():
    found = weigh(**DELIVERED, as_of=LAST_DAY)

    assert (found.state, found.whose_move, found.window_ends_on) == ("notified", "client", LAST_DAY)
    assert at_cutover("merger", found.state) == "waits"


def test_silence_through_the_window_clears_the_client():
    found = weigh(**DELIVERED, as_of=LAST_DAY + timedelta(days=1))

    assert (found.state, found.whose_move, found.window_ends_on) == ("cleared", "nobody", LAST_DAY)
    assert at_cutover("merger", found.state) == "moves"


def test_the_reasons_name_rule_and_article():
    assert weigh(**DELIVERED).lines == [
        "CN03|Personal Information Protection Law, Article 22|merger_notice",
        "CN29|Practice: Guotai–Haitong 2025, Client notice of 2025-07-22|window_by_policy",
        "CN03|Personal Information Protection Law, Article 22|notice_delivered",
        "CN29|Practice: Guotai–Haitong 2025, Client notice of 2025-07-22|window_over",
    ]
    assert weigh(**DELIVERED).reasons[0].article.zh == "《个人信息保护法》第二十二条"


def test_returned_mail_stops_the_clock():
    found = weigh(notice="bounced", noticed_on=SERVED, attempts=2)

    assert (found.state, found.window_ends_on, found.whose_move) == ("undeliverable", None, "transferor")
    assert at_cutover("merger", found.state) == "waits"


def test_an_announcement_after_the_attempts_with_sign_off_serves():
    found = weigh(**ANNOUNCED)

    assert (found.state, found.window_ends_on) == ("cleared", LAST_DAY)
    assert "served_by_announcement" in codes(found)


@pytest.mark.parametrize(
    ("lacking", "code", "mover"),
    [
        ({"attempts": 1}, "attempts_missing", "transferor"),
        ({"counsel_signed_announcement": False}, "sign_off_missing", "counsel"),
    ],
)
def test_an_announcement_without_attempts_or_sign_off_does_not_serve(lacking, code, mover):
    found = weigh(**{**ANNOUNCED, **lacking})

    assert (found.state, found.whose_move, found.window_ends_on) == ("undeliverable", mover, None)
    assert codes(found)[-1] == code


def test_without_a_policy_no_announcement_serves():
    silent = changed(CN, "CN29", attempts_before_announcement=None)

    assert codes(weigh(silent, **ANNOUNCED))[-1] == "announcement_not_provided"
    assert weigh(without(CN, "CN29"), **ANNOUNCED).state == "undeliverable"


def test_an_objection_in_time_lasts_until_decided():
    found = weigh(**DELIVERED, objection="objection_only", objected_on=LAST_DAY)

    assert (found.state, found.whose_move) == ("objected", "transferor")
    assert at_cutover("merger", found.state) == "waits"


@pytest.mark.parametrize("wish", ["exit_transfer", "exit_close"])
def test_a_wish_to_leave_in_time_opens_an_exit_that_goes_on_at_the_successor(wish):
    found = weigh(**DELIVERED, objection=wish, objected_on=LAST_DAY)

    assert (found.state, codes(found)[-1]) == ("leaving", wish)
    assert at_cutover("merger", found.state) == "moves_exit_open"


def test_who_has_left_is_gone():
    found = weigh(**DELIVERED, objection="exit_transfer", objected_on=SERVED, exit_done=True)

    assert (found.state, found.whose_move) == ("left", "nobody")
    assert at_cutover("merger", found.state) == "gone"


@pytest.mark.parametrize("wish", ["objection_only", "exit_transfer", "exit_close"])
def test_a_late_objection_is_a_request_to_the_successor(wish):
    found = weigh(**DELIVERED, objection=wish, objected_on=LAST_DAY + timedelta(days=1))

    assert (found.state, found.whose_move) == ("cleared", "transferee")
    assert codes(found)[-1] == "objection_late"


@pytest.mark.parametrize("unserved", [{}, {"notice": "bounced"}, {**ANNOUNCED, "attempts": 0}])
def test_before_service_an_objection_is_always_in_time(unserved):
    assert weigh(**unserved, objection="exit_close", objected_on=TODAY).state == "leaving"


def test_a_child_without_a_guardian_is_parked_and_moves_with_reveal_suspended():
    found = weigh(**DELIVERED, under14=True, minor=True)

    assert (found.state, found.whose_move) == ("parked", "transferor")
    assert found.reasons[-1].rule_id == "CN05"
    assert at_cutover("merger", found.state) == "moves_suspended"


def test_a_child_with_a_guardian_is_cleared_like_others():
    found = weigh(**DELIVERED, under14=True, minor=True, has_guardian=True)

    assert found.state == "cleared"
    assert "guardian_acts" in codes(found)


def test_an_older_minor_is_cleared_with_a_note():
    found = weigh(**DELIVERED, minor=True)

    assert found.state == "cleared"
    assert ("CN06", "minor_protected") in [(reason.rule_id, reason.code) for reason in found.reasons]


def test_age_marks_on_an_institution_park_nobody():
    assert weigh(**DELIVERED, kind="institution", under14=True).state == "cleared"


@pytest.mark.parametrize("kind", ["institution", "product"])
def test_institutions_and_products_have_the_same_window_for_another_reason(kind):
    found = weigh(**DELIVERED, kind=kind)

    assert (found.requirement, found.state) == ("notice_with_exit", "cleared")
    assert codes(found)[0] == "notice_for_contacts"


@pytest.mark.parametrize(
    ("answer", "state", "code"),
    [
        ("none", "parked", "silence_is_no"),
        ("refused", "parked", "new_purpose_refused"),
        ("given", "cleared", "window_over"),
    ],
)
def test_a_changed_purpose_needs_consent_anew(answer, state, code):
    found = weigh(**DELIVERED, purpose_changed=True, separate_consent=answer)

    assert (found.requirement, found.state, codes(found)[-1]) == ("separate_consent", state, code)
    assert "purpose_changed" in codes(found)


def test_a_changed_purpose_asks_nothing_anew_of_an_institution():
    assert weigh(**DELIVERED, purpose_changed=True, kind="institution").requirement == "notice_with_exit"


def test_an_announcement_is_never_consent_to_a_changed_purpose():
    assert weigh(**ANNOUNCED, purpose_changed=True).state == "parked"


def test_a_client_of_another_jurisdiction_is_noted():
    assert codes(weigh(**DELIVERED, jurisdiction="DE"))[0] == "other_jurisdiction"


def test_what_is_dated_later_has_not_happened():
    tomorrow = TODAY + timedelta(days=1)

    assert weigh(notice="delivered", noticed_on=tomorrow).state == "in_scope"
    assert weigh(**DELIVERED, objection="exit_close", objected_on=tomorrow).whose_move == "nobody"
    assert (
        weigh(notice="delivered", noticed_on=TODAY, objection="exit_close", objected_on=tomorrow).state
        == "notified"
    )


def test_changing_the_days_of_the_window_changes_the_verdict():
    longer = weigh(with_window(CN, 60), **DELIVERED)

    assert weigh(**DELIVERED).state == "cleared"
    assert (longer.state, longer.window_ends_on) == ("notified", date(2026, 12, 13))


def test_without_the_policy_window_notice_alone_clears():
    found = weigh(without(CN, "CN29"), notice="delivered", noticed_on=TODAY)

    assert (found.requirement, found.state, found.window_ends_on) == ("notice_only", "cleared", None)
    assert found.reasons[-1].rule_id == "CN03"


def test_a_rule_switched_off_or_not_yet_in_effect_is_as_if_absent():
    off = changed(CN, "CN05", enabled=False)
    later = changed(CN, "CN05", effective_from=date(2027, 1, 1))
    over = changed(CN, "CN05", effective_to=date(2026, 1, 1))

    assert {weigh(pack, **DELIVERED, under14=True, minor=True).state for pack in (off, later, over)} == {
        "cleared"
    }


def test_without_the_governing_rule_nothing_is_said():
    with pytest.raises(RulesError, match="CN03 governs this and is not in force on 2026-11-23"):
        weigh(without(CN, "CN03"), **DELIVERED)


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"basis": "mergr"}, "basis"),
        ({"kind": "robot"}, "kind"),
        ({"notice": "sent"}, "notice"),
        ({"objection": "maybe"}, "objection"),
        ({"separate_consent": "silent"}, "separate_consent"),
        ({"notice": "delivered"}, "noticed_on"),
        ({"notice": "announced"}, "noticed_on"),
        ({"objection": "exit_close"}, "objected_on"),
        ({"attempts": -1}, "attempts"),
    ],
)
def test_facts_that_say_nothing_sensible_are_refused(facts, field):
    with pytest.raises(RulesError, match=f"^{field}: "):
        weigh(**facts)
