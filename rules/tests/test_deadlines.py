"""Deadlines against dates worked out by hand from the published calendars of 2026."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from rules.deadlines import add, deadline_of, due_at, due_from_day, is_open, is_provisional, last_day
from rules.errors import RulesError
from rules.schema import Deadline
from rules.tests.helpers import CN

SHANGHAI = ZoneInfo("Asia/Shanghai")


def deadline(duration, calendar, zone="Asia/Shanghai"):
    return Deadline("test", "incident_discovered", duration, calendar, zone, "policy")


# Business days: New Year 1–3 January with work on Sunday 4; Spring Festival 15–23 February with work on
# Saturdays 14 and 28; Qingming 4–6 April; Labour Day 1–5 May with work on Saturday 9; Dragon Boat 19–21
# June; Mid-Autumn 25–27 September; National Day 1–7 October with work on Sunday 20 September and
# Saturday 10 October.
@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        (date(2025, 12, 31), 1, date(2026, 1, 4)),  # a Sunday on which China works
        (date(2026, 2, 13), 1, date(2026, 2, 14)),  # Saturday before Spring Festival is worked
        (date(2026, 2, 13), 2, date(2026, 2, 24)),  # 15 to 23 February are off
        (date(2026, 2, 27), 1, date(2026, 2, 28)),  # Saturday after Spring Festival is worked
        (date(2026, 2, 27), 2, date(2026, 3, 2)),
        (date(2026, 4, 3), 1, date(2026, 4, 7)),  # Qingming: 4 to 6 April
        (date(2026, 4, 30), 1, date(2026, 5, 6)),  # Labour Day: 1 to 5 May
        (date(2026, 4, 30), 4, date(2026, 5, 9)),  # 6, 7, 8 and Saturday 9 May
        (date(2026, 6, 18), 1, date(2026, 6, 22)),
        (date(2026, 9, 18), 1, date(2026, 9, 20)),  # Sunday 20 September is worked
        (date(2026, 9, 24), 1, date(2026, 9, 28)),
        (date(2026, 9, 30), 1, date(2026, 10, 8)),
        (date(2026, 9, 30), 3, date(2026, 10, 10)),  # 8, 9 and Saturday 10 October
        (date(2026, 9, 30), 4, date(2026, 10, 12)),
        (
            date(2026, 11, 20),
            29,
            date(2026, 12, 31),
        ),  # a Friday, then six weeks without a holiday less one day
        (date(2026, 11, 20), 30, date(2027, 1, 4)),  # Friday 1 January is off
        (date(2026, 11, 21), 1, date(2026, 11, 23)),
    ],
)
def test_business_days_follow_the_state_council_calendar(start, days, end):
    assert add(CN, start, days, "business_days") == end


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        (date(2025, 12, 31), 1, date(2026, 1, 5)),  # the worked Sunday 4 January has no trading
        (date(2026, 2, 13), 1, date(2026, 2, 24)),  # nor has Saturday 14 February
        (date(2026, 2, 27), 1, date(2026, 3, 2)),
        (date(2026, 4, 30), 4, date(2026, 5, 11)),  # 6, 7, 8 May, then Monday
        (date(2026, 9, 18), 1, date(2026, 9, 21)),
        (date(2026, 9, 30), 1, date(2026, 10, 8)),
        (date(2026, 9, 30), 3, date(2026, 10, 12)),  # 8, 9 October, then Monday 12
    ],
)
def test_trading_days_never_fall_on_a_weekend(start, days, end):
    assert add(CN, start, days, "trading_days") == end


@pytest.mark.parametrize(
    ("start", "duration", "calendar", "end"),
    [
        (date(2026, 10, 14), 30, "calendar_days", date(2026, 11, 13)),
        (date(2026, 1, 31), 1, "months", date(2026, 2, 28)),
        (date(2028, 1, 31), 1, "months", date(2028, 2, 29)),
        (date(2026, 9, 30), 3, "months", date(2026, 12, 30)),
        (date(2026, 11, 30), 3, "months", date(2027, 2, 28)),
        (date(2028, 2, 29), 20, "years", date(2048, 2, 29)),
        (date(2028, 2, 29), 3, "years", date(2031, 2, 28)),
        (date(2026, 12, 31), 2, "years", date(2028, 12, 31)),
    ],
)
def test_calendar_days_months_and_years(start, duration, calendar, end):
    assert add(CN, start, duration, calendar) == end


def test_the_last_day_counts_to_its_end_in_the_zone_of_the_deadline():
    due = due_at(CN, deadline(30, "calendar_days"), datetime(2026, 10, 14, 9, 0, tzinfo=SHANGHAI))

    assert due.isoformat() == "2026-11-13T23:59:59.999999+08:00"


def test_the_day_of_the_trigger_is_the_day_in_the_zone_of_the_deadline():
    late_in_london = datetime(2026, 10, 13, 17, 0, tzinfo=UTC)  # one in the morning of the 14th in Shanghai

    due = due_at(CN, deadline(30, "calendar_days"), late_in_london)

    assert due.date() == date(2026, 11, 13)


def test_hours_are_elapsed_hours_across_a_clock_change():
    before_spring_jump = datetime(2026, 3, 7, 22, 0, tzinfo=ZoneInfo("America/New_York"))

    due = due_at(CN, deadline(4, "hours", "America/New_York"), before_spring_jump)

    assert due.isoformat() == "2026-03-08T03:00:00-04:00"  # two o'clock does not exist that night
    assert due - before_spring_jump.astimezone(UTC) == timedelta(hours=4)


def test_hours_cross_zones():
    due = due_at(CN, deadline(4, "hours"), datetime(2026, 11, 23, 20, 30, tzinfo=UTC))

    assert due.isoformat() == "2026-11-24T08:30:00+08:00"


def test_immediately_is_the_moment_of_the_trigger():
    at = datetime(2026, 11, 23, 20, 30, tzinfo=timezone(timedelta(hours=8)))

    assert due_at(CN, deadline_of(CN.rule("CN13"), "breach_remedy_and_notice"), at) == at


def test_a_trigger_known_by_its_day_runs_in_the_zone_of_the_deadline():
    rule = CN.rule("CN10")

    due = due_from_day(CN, deadline_of(rule, "officer_filing"), date(2026, 11, 20))

    assert due.isoformat() == "2027-01-04T23:59:59.999999+08:00"


def test_hours_from_a_day_run_from_its_midnight():
    due = due_from_day(CN, deadline(4, "hours"), date(2026, 11, 20))

    assert due.isoformat() == "2026-11-20T04:00:00+08:00"


def test_a_trigger_without_a_zone_is_refused():
    with pytest.raises(RulesError, match="without a time zone"):
        due_at(CN, deadline(4, "hours"), datetime(2026, 11, 23))


def test_hours_have_no_last_day():
    with pytest.raises(RulesError, match="hours have no last day"):
        last_day(CN, deadline(4, "hours"), date(2026, 11, 23))


def test_a_deadline_the_rule_does_not_set_is_refused():
    with pytest.raises(RulesError, match="CN29 sets no deadline closing"):
        deadline_of(CN.rule("CN29"), "closing")


def test_days_beyond_the_announced_calendar_are_provisional():
    assert not is_provisional(CN, "business_days", date(2026, 12, 31))
    assert is_provisional(CN, "business_days", date(2027, 1, 1))
    assert is_provisional(CN, "trading_days", date(2027, 1, 1))
    assert not is_provisional(CN, "calendar_days", date(2027, 1, 1))


def test_a_calendar_is_corrected_in_the_pack():
    announced = replace(CN.calendars["business_days"], open=(date(2027, 2, 20),), closed=(date(2027, 2, 12),))
    corrected = replace(CN, calendars={**CN.calendars, "business_days": announced})

    assert is_open(announced, date(2027, 2, 20))
    assert not is_open(announced, date(2027, 2, 12))
    assert add(corrected, date(2027, 2, 19), 1, "business_days") == date(2027, 2, 20)
    assert add(CN, date(2027, 2, 19), 1, "business_days") != date(2027, 2, 20)
