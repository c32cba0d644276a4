"""Which duties a transfer has, until when, and what proves them."""

from datetime import date

import pytest

from rules.duties import TransferFacts, due_duties
from rules.tests.helpers import CN, TODAY, changed, without
from rules.thresholds import PersonCounts

CUTOVER = date(2026, 12, 4)


def due(pack=CN, *, basis="merger", persons=PersonCounts(2000, 500, 50), **facts):
    duties = due_duties(pack, TransferFacts(basis=basis, persons=persons, as_of=TODAY, **facts))
    return {duty.code: duty for duty in duties}


def test_a_small_merger_has_these_duties():
    assert {code: (duty.rule_id, duty.gate, duty.satisfied_by) for code, duty in due().items()} == {
        "notice_content": ("CN02", 3, "notice_checklist_complete"),
        "recipient_named": ("CN03", 3, "notice_checklist_complete"),
        "impact_assessment": ("CN12", 1, "impact_assessment_done"),
        "recipient_contract": ("CN14", 1, "agreement_signed"),
        "merger_approval": ("CN20", 1, "csrc_approval"),
        "merger_decision": ("CN21", 1, "csrc_approval"),
        "files_of_dissolved_firm": ("CN23", None, "aml_files_opinion"),
        "creditors_notified": ("CN30", None, "creditors_notified"),
        "creditors_published": ("CN30", None, "creditors_published"),
    }


def test_a_duty_cites_its_article_and_says_what_to_do_in_both_languages():
    duty = due()["impact_assessment"]

    assert duty.article.zh == "《个人信息保护法》第五十五条、第五十六条"
    assert duty.text.en == "The impact assessment is done and kept."


def test_a_sale_has_other_duties():
    assert set(due(basis="asset_sale")) == {
        "notice_content",
        "consent_asked",
        "remainder_restricted",
        "impact_assessment",
        "recipient_contract",
        "appraisal",
    }


def test_a_share_transfer_asks_for_the_approval_of_the_new_controller_alone():
    found = due(basis="share_transfer")
    assert {code: (duty.rule_id, duty.gate) for code, duty in found.items()} == {
        "change_of_control": ("CN20", 1)
    }


def test_what_is_due_before_cutover_is_due_by_the_end_of_that_day():
    assert due(cutover_on=CUTOVER)["recipient_contract"].due.isoformat() == "2026-12-04T23:59:59.999999+08:00"


def test_an_unknown_day_leaves_the_duty_without_a_date():
    assert {duty.due for duty in due().values()} == {None}


def test_the_decision_is_expected_three_months_after_filing():
    assert due(application_filed_on=date(2026, 11, 30))["merger_decision"].due.date() == date(2027, 2, 28)


def test_creditors_are_told_within_ten_and_thirty_days_of_the_resolution():
    found = due(resolved_on=date(2026, 10, 1))

    assert found["creditors_notified"].due.date() == date(2026, 10, 11)
    assert found["creditors_published"].due.date() == date(2026, 10, 31)


@pytest.mark.parametrize(
    ("persons", "filed"),
    [
        (PersonCounts(600_000, 400_000, 1), False),
        (PersonCounts(600_000, 400_000, 0), True),
        (PersonCounts(1_000_000, 0, 0), True),
    ],
)
def test_the_officer_is_filed_from_a_million_persons_of_the_successor(persons, filed):
    assert ("officer_filed" in due(persons=persons)) is filed


def test_the_officer_is_filed_within_thirty_working_days_of_cutover():
    found = due(persons=PersonCounts(1_000_000), cutover_on=date(2026, 8, 31))

    # September has 22 weekdays and the worked Sunday 20, less Friday 25: 22 working days; then eight from
    # 8 October: 8, 9, Saturday 10, 12, 13, 14, 15, 16.
    assert found["officer_filed"].due.isoformat() == "2026-10-16T23:59:59.999999+08:00"


@pytest.mark.parametrize(
    ("persons", "important", "reported"),
    [
        (PersonCounts(9_999_999, 9_999_999, 9_999_999), False, False),
        (PersonCounts(9_999_999, 1, 0), False, True),
        (PersonCounts(10_000_000), False, True),
        (PersonCounts(10), True, True),
    ],
)
def test_the_disposal_plan_is_reported_from_ten_million_persons_or_with_important_data(
    persons, important, reported
):
    assert ("disposal_plan" in due(persons=persons, important_data=important)) is reported


def test_important_data_raise_only_the_duties_that_name_them():
    assert "officer_filed" not in due(important_data=True)


def test_a_rule_out_of_force_asks_for_nothing():
    assert "impact_assessment" not in due(without(CN, "CN12"))
    assert "impact_assessment" not in due(changed(CN, "CN12", effective_from=date(2027, 1, 1)))
