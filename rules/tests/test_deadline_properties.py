"""What holds for every deadline, whatever the day."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.deadlines import add, add_years, due_at, is_open
from rules.schema import Deadline
from rules.tests.helpers import CN

UNHURRIED = settings(deadline=None)  # the machine may be busy; these tests are about dates, not speed
DAYS = st.dates(date(2015, 1, 1), date(2026, 12, 31))
ZONES = st.sampled_from(["Asia/Shanghai", "America/New_York", "Europe/London", "Europe/Berlin", "UTC"])
OPEN_DAYS = st.sampled_from(["business_days", "trading_days"])
MOMENTS = st.datetimes(datetime(2015, 1, 1), datetime(2026, 12, 31)).flatmap(
    lambda at: ZONES.map(lambda zone: at.replace(tzinfo=ZoneInfo(zone)))
)


@UNHURRIED
@given(DAYS, st.integers(1, 40), OPEN_DAYS)
def test_a_count_of_open_days_ends_on_an_open_day_and_counts_exactly_that_many(day, duration, calendar):
    end = add(CN, day, duration, calendar)
    between = [day + timedelta(days=n) for n in range(1, (end - day).days + 1)]

    assert is_open(CN.calendars[calendar], end)
    assert sum(is_open(CN.calendars[calendar], each) for each in between) == duration


@UNHURRIED
@given(DAYS, st.integers(0, 20), st.integers(0, 20), OPEN_DAYS)
def test_open_days_add_up(day, first, second, calendar):
    assert add(CN, add(CN, day, first, calendar), second, calendar) == add(CN, day, first + second, calendar)


@UNHURRIED
@given(DAYS)
def test_every_trading_day_is_a_business_day_and_a_weekday(day):
    if is_open(CN.calendars["trading_days"], day):
        assert day.weekday() < 5
        assert is_open(CN.calendars["business_days"], day)


@UNHURRIED
@given(DAYS, st.integers(0, 400), st.sampled_from(["calendar_days", "months", "years", "business_days"]))
def test_a_later_trigger_never_ends_earlier(day, duration, calendar):
    duration = min(duration, 40)

    assert add(CN, day, duration, calendar) <= add(CN, day + timedelta(days=1), duration, calendar)


@UNHURRIED
@given(DAYS, st.integers(0, 240))
def test_months_keep_the_day_or_take_the_last_of_the_month(day, duration):
    end = add(CN, day, duration, "months")

    assert (end.year * 12 + end.month) - (day.year * 12 + day.month) == duration
    assert end.day == day.day or (end + timedelta(days=1)).day == 1 and end.day < day.day


@UNHURRIED
@given(DAYS, st.integers(0, 30))
def test_a_year_is_twelve_months(day, years):
    assert add_years(day, years) == add(CN, day, 12 * years, "months")


@UNHURRIED
@given(MOMENTS, st.integers(0, 1000), ZONES)
def test_hours_are_exact_whatever_the_zones(at, hours, zone):
    due = due_at(CN, Deadline("t", "incident_discovered", hours, "hours", zone, "policy"), at)

    assert due.tzinfo == ZoneInfo(zone)
    assert due.timestamp() - at.timestamp() == hours * 3600


@UNHURRIED
@given(MOMENTS, st.integers(0, 60), ZONES)
def test_days_end_at_the_end_of_the_day_in_the_zone(at, days, zone):
    due = due_at(CN, Deadline("t", "incident_discovered", days, "calendar_days", zone, "policy"), at)

    assert due.time() == time.max
    assert due.date() - at.astimezone(ZoneInfo(zone)).date() == timedelta(days=days)
