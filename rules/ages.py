"""Ages the law distinguishes: child, minor, adult.

Invariants:
- The figures come from the pack: under 14 from the sensitive-data rule, under 18 from the minors rule.
- An age is reached at the start of the birthday; who is born on 29 February has it on 28 February in
  other years, the month's last day standing in for the day that is missing.
- A rule that is not in force protects nobody, so a missing figure never makes anyone a child.
"""

from datetime import date
from typing import Literal

from rules.deadlines import add_years
from rules.packs import Pack
from rules.thresholds import meets

CHILD_RULE, MINOR_RULE = "CN05", "CN06"
AgeBand = Literal["child", "minor", "adult"]


def age(born_on: date, on: date) -> int:
    """Return the completed years of life; negative before birth."""
    years = on.year - born_on.year
    return years - (add_years(born_on, years) > on)


def age_band(pack: Pack, born_on: date, *, on: date) -> AgeBand:
    """Return which protection the person's age gives on that day."""
    if _under(pack, CHILD_RULE, born_on, on):
        return "child"
    return "minor" if _under(pack, MINOR_RULE, born_on, on) else "adult"


def _under(pack: Pack, rule_id: str, born_on: date, on: date) -> bool:
    rule = pack.applying(rule_id, on)
    thresholds = rule.thresholds if rule is not None else ()
    return any(meets(threshold, age(born_on, on)) for threshold in thresholds if threshold.counts == "age")
