"""The shape of a rule pack: frozen values that only a checked pack file can become.

Invariants:
- Nothing here computes law; figures come from the file and are read by the modules beside this one.
- Unknown keys are refused, so a misspelt figure never passes for a missing one.
- Everything is immutable; a changed rule is another pack with another digest.
"""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

Said = Annotated[str, Meta(min_length=1)]
Code = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$")]
RuleId = Annotated[str, Meta(pattern=r"^[A-Z]{2}[0-9]{2}$")]
Count = Annotated[int, Meta(ge=0)]

Mark = Literal["P", "S", "M"]
"""P: the rule's text was read; S: a secondary source; M: memory, and therefore disabled."""
Nature = Literal["statutory", "policy"]
Calendar = Literal["hours", "calendar_days", "business_days", "trading_days", "months", "years"]
Trigger = Literal[
    "notice_served",
    "incident_discovered",
    "incident_closed",
    "threshold_reached",
    "application_filed",
    "merger_resolved",
    "audit_completed",
]
Comparator = Literal["<", "<=", ">", ">="]
Counted = Literal["persons", "age", "persons_leaked"]
Moment = Literal["before", "after", "either"]
Basis = Literal["merger", "asset_sale", "share_transfer", "due_diligence", "licence_withdrawn"]
Start = Literal["account_closed", "record_created", "relationship_ended", "trade_made"]
Category = Literal[
    "kyc",
    "trades",
    "correspondence",
    "suitability",
    "consents",
    "impact_assessments",
    "provision_records",
    "business_logs",
    "network_logs",
    "training",
    "incidents",
]
Reader = Literal[
    "verdict",
    "age",
    "deadline",
    "threshold",
    "retention",
    "checklist",
    "classification",
    "duty",
]
JrtClass = Literal["C1", "C2", "C3"]
Handling = Literal[
    "normal",
    "mask",
    "mask_middle",
    "show_last_four",
    "encrypt_blind_index",
    "encrypt_watermark",
    "encrypt",
    "field_access",
    "purpose_bound",
    "drop_unless_purpose",
    "reject",
    "never_migrate",
]


class Text(Struct, frozen=True, forbid_unknown_fields=True):
    """The same statement in both languages of the product."""

    en: Said
    zh: Said

    def __str__(self) -> str:
        return self.en

    def in_language(self, language: str) -> str:
        """Return the Chinese text for any Chinese language code, else the English one."""
        return self.zh if language.lower().startswith("zh") else self.en


class Deadline(Struct, frozen=True, forbid_unknown_fields=True):
    """A duty's time: trigger, duration, calendar and zone. Zero hours means immediately."""

    code: Code
    trigger: Trigger
    duration: Count
    calendar: Calendar
    zone: Said
    nature: Nature


class Threshold(Struct, frozen=True, forbid_unknown_fields=True):
    """A figure from which a duty applies, with its comparator; `moment` says which count is compared."""

    code: Code
    counts: Counted
    comparator: Comparator
    figure: Count
    moment: Moment = "after"


class Retention(Struct, frozen=True, forbid_unknown_fields=True):
    """A minimum time a category is kept, counted from the latest of `starts`."""

    category: Category
    duration: Count
    calendar: Literal["calendar_days", "months", "years"]
    starts: Annotated[tuple[Start, ...], Meta(min_length=1)]
    nature: Nature


class DutyRule(Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody must have done for the whole transfer, and the fact that proves it.

    `due` is "before_cutover" or the code of one of the rule's deadlines; `gate` is the gate that asks for
    it, none for a clock that blocks nothing; `threshold` limits it to transfers that reach that figure.
    """

    code: Code
    text: Text
    satisfied_by: Code
    due: Code
    bases: Annotated[tuple[Basis, ...], Meta(min_length=1)]
    gate: Literal[1, 3] | None = None
    threshold: Code | None = None
    or_important_data: bool = False


class Rule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One obligation, with its source, its dates and the modules that read it."""

    id: RuleId
    law: Text
    article: Text
    obligation: Text
    mark: Mark
    source: Said
    effective_from: date
    effective_to: date | None
    reviewed_on: date
    enabled: bool
    used_by: tuple[Reader, ...]
    deadlines: tuple[Deadline, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    retention: tuple[Retention, ...] = ()
    duties: tuple[DutyRule, ...] = ()
    attempts_before_announcement: Annotated[int, Meta(ge=1)] | None = None

    @property
    def citation(self) -> Text:
        """Law and article together, as a letter or a certificate quotes them."""
        return Text(f"{self.law.en}, {self.article.en}", f"{self.law.zh}{self.article.zh}")

    def applies_on(self, day: date) -> bool:
        """True while the rule is enabled and in effect on `day`; both ends of its dates count."""
        ended = self.effective_to is not None and day > self.effective_to
        return self.enabled and self.effective_from <= day and not ended


class Item(Struct, frozen=True, forbid_unknown_fields=True):
    """One thing a document must say.

    It is said when every value named by `needs` stands in the text, or one of the `says` phrases does.
    `when` names a context value without which the item is not asked for.
    """

    code: Code
    rule: RuleId
    text: Text
    needs: tuple[Code, ...] = ()
    says: tuple[Said, ...] = ()
    when: Code | None = None


class Checklist(Struct, frozen=True, forbid_unknown_fields=True):
    """The content a kind of document must have."""

    code: Code
    name: Text
    items: Annotated[tuple[Item, ...], Meta(min_length=1)]


class FieldRule(Struct, frozen=True, forbid_unknown_fields=True):
    """How one canonical field is classed and handled; mark M is our own cautious call."""

    field: Code
    label: Text
    jrt: JrtClass
    sensitive: bool
    handling: Handling
    mark: Mark


class CalendarRule(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a calendar's open days come from, until when they are announced, and our corrections to it."""

    kind: Literal["country", "market"]
    holidays: Said
    confirmed_until: date
    closed: tuple[date, ...] = ()
    open: tuple[date, ...] = ()
