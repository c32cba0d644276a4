"""Deadlines: trigger, duration, calendar and zone become the last moment an act is in time.

Invariants:
- Hours are elapsed hours; clocks that jump in spring do not lengthen or shorten them.
- Days are counted in the deadline's own zone, the day of the trigger is not counted, and the last day
  counts to its end.
- Business days are China's statutory working days, make-up weekends included; trading days are the
  exchange's, which never trades on a weekend.
- A month or year ends on the same day number, or on the last day of a shorter month.
"""

import calendar as months
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

from rules.errors import RulesError
from rules.packs import Pack
from rules.schema import Calendar, CalendarRule, Deadline, Rule


def due_at(pack: Pack, deadline: Deadline, triggered_at: datetime) -> datetime:
    """Return the last moment in time, aware and in the deadline's zone.

    Raises:
        RulesError: the trigger names no time zone.
    """
    if triggered_at.tzinfo is None:
        raise RulesError("a trigger without a time zone has no deadline")
    zone = ZoneInfo(deadline.zone)
    if deadline.calendar == "hours":
        return (triggered_at.astimezone(UTC) + timedelta(hours=deadline.duration)).astimezone(zone)
    return end_of(last_day(pack, deadline, triggered_at.astimezone(zone).date()), zone)


def due_from_day(pack: Pack, deadline: Deadline, triggered_on: date) -> datetime:
    """Return the last moment when only the day of the trigger is known; hours run from its midnight."""
    return due_at(pack, deadline, datetime.combine(triggered_on, time.min, ZoneInfo(deadline.zone)))


def last_day(pack: Pack, deadline: Deadline, triggered_on: date) -> date:
    """Return the last day in time for a deadline counted in days, months or years.

    Raises:
        RulesError: the deadline runs in hours, which have no last day.
    """
    return add(pack, triggered_on, deadline.duration, deadline.calendar)


def add(pack: Pack, day: date, duration: int, calendar: Calendar) -> date:
    """Return the day `duration` steps of `calendar` after `day`, which itself is not counted.

    Raises:
        RulesError: the calendar counts hours.
    """
    if calendar in pack.calendars:
        return _add_open_days(pack.calendars[calendar], day, duration)
    if calendar not in _STEPS:
        raise RulesError(f"{calendar} have no last day")
    return _STEPS[calendar](day, duration)


def deadline_of(rule: Rule, code: str) -> Deadline:
    """Return the rule's deadline of that code.

    Raises:
        RulesError: the rule sets no such deadline.
    """
    for deadline in rule.deadlines:
        if deadline.code == code:
            return deadline
    raise RulesError(f"{rule.id} sets no deadline {code}")


def is_open(calendar: CalendarRule, day: date) -> bool:
    """True if the calendar works on that day; the pack's own corrections come first."""
    if day in calendar.open or day in calendar.closed:
        return day in calendar.open
    return bool(_holidays(calendar.kind, calendar.holidays).is_working_day(day))


def is_provisional(pack: Pack, calendar: Calendar, day: date) -> bool:
    """True if the days off around `day` are not yet announced, so that the deadline may still shift."""
    return calendar in pack.calendars and day > pack.calendars[calendar].confirmed_until


def add_years(day: date, years: int) -> date:
    """Return the same day of another year, 28 February for a 29th that year does not have."""
    return _add_months(day, 12 * years)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """Return the last moment of that day in that zone."""
    return datetime.combine(day, time.max, zone)


@cache
def _holidays(kind: str, code: str) -> holidays.HolidayBase:
    return holidays.country_holidays(code) if kind == "country" else holidays.financial_holidays(code)


def _add_open_days(calendar: CalendarRule, day: date, duration: int) -> date:
    while duration > 0:
        day += timedelta(days=1)
        duration -= is_open(calendar, day)
    return day


def _add_days(day: date, duration: int) -> date:
    return day + timedelta(days=duration)


def _add_months(day: date, duration: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + duration, 12)
    return date(year, month + 1, min(day.day, months.monthrange(year, month + 1)[1]))


_STEPS: dict[str, Callable[[date, int], date]] = {
    "calendar_days": _add_days,
    "months": _add_months,
    "years": add_years,
}
