"""Thresholds over de-duplicated persons, before and after the merger.

Invariants:
- The comparator is the law's own: "more than" and "or more" differ at the figure itself.
- A person who is a client of both firms counts once after the merger.
- "Before" asks the larger of the two firms, because each firm's duty depends on its own count.
"""

import operator
from collections.abc import Callable
from datetime import date

from msgspec import Struct

from rules.errors import RulesError
from rules.packs import Pack
from rules.schema import Counted, Rule, Text, Threshold

_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class PersonCounts(Struct, frozen=True):
    """Distinct persons of each firm, and how many of them are clients of both."""

    transferor: int
    transferee: int = 0
    both: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.both <= min(self.transferor, self.transferee):
            raise RulesError("clients of both firms cannot outnumber the clients of either")

    @property
    def before(self) -> int:
        """The larger firm's persons."""
        return max(self.transferor, self.transferee)

    @property
    def after(self) -> int:
        """The successor's persons, each counted once."""
        return self.transferor + self.transferee - self.both


class Crossing(Struct, frozen=True):
    """One threshold that the merger touches: reached before it, after it, or both."""

    rule_id: str
    citation: Text
    code: str
    comparator: str
    figure: int
    before: bool
    after: bool

    @property
    def newly(self) -> bool:
        """True if only the merger reaches the figure."""
        return self.after and not self.before


def meets(threshold: Threshold, count: int) -> bool:
    """True if the count stands to the figure as the law's comparator says."""
    return _COMPARE[threshold.comparator](count, threshold.figure)


def applies(threshold: Threshold, persons: PersonCounts) -> bool:
    """True if the count the rule looks at (before, after or either) meets the figure."""
    before, after = meets(threshold, persons.before), meets(threshold, persons.after)
    return {"before": before, "after": after, "either": before or after}[threshold.moment]


def crossings(pack: Pack, persons: PersonCounts, *, on: date) -> tuple[Crossing, ...]:
    """Return every person threshold in force that holds before or after the merger."""
    found = [
        Crossing(
            rule.id,
            rule.citation,
            threshold.code,
            threshold.comparator,
            threshold.figure,
            meets(threshold, persons.before),
            meets(threshold, persons.after),
        )
        for rule in pack.in_force(on)
        for threshold in rule.thresholds
        if threshold.counts == "persons"
    ]
    return tuple(crossing for crossing in found if crossing.before or crossing.after)


def reached(pack: Pack, counted: Counted, count: int, *, on: date) -> tuple[tuple[str, str], ...]:
    """Return (rule id, threshold code) of every figure of that kind the count meets, smallest first."""
    met = [
        (threshold.figure, rule.id, threshold.code)
        for rule in pack.in_force(on)
        for threshold in rule.thresholds
        if threshold.counts == counted and meets(threshold, count)
    ]
    return tuple((rule_id, code) for _, rule_id, code in sorted(met))


def threshold_of(rule: Rule, code: str) -> Threshold:
    """Return the rule's threshold of that code.

    Raises:
        RulesError: the rule sets no such threshold.
    """
    for threshold in rule.thresholds:
        if threshold.code == code:
            return threshold
    raise RulesError(f"{rule.id} sets no threshold {code}")
