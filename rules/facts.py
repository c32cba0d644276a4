"""What a verdict is computed from: the facts of one client, without anything that names the client."""

from datetime import date
from typing import Literal, get_args

from msgspec import Struct
from msgspec.structs import fields

from rules.errors import RulesError
from rules.schema import Basis

Kind = Literal["person", "institution", "product"]
Notice = Literal["none", "delivered", "bounced", "announced"]
Objection = Literal["none", "objection_only", "exit_transfer", "exit_close"]
Consent = Literal["none", "given", "refused", "withdrawn"]


class ClientFacts(Struct, frozen=True, kw_only=True):
    """One client on one day.

    `noticed_on` is the day of service or of publication; `attempts` counts failed individual attempts
    on different channels; `objection` is the client's standing word: an objection taken back, or decided
    in favour of staying, is "none". A notice or objection dated after `as_of` has not happened yet, so
    the verdict of any earlier day can be computed from today's facts.

    Raises:
        RulesError: a value outside its list, an undated service or objection, or negative attempts.
    """

    as_of: date
    kind: Kind = "person"
    jurisdiction: str = "CN"
    under14: bool = False
    minor: bool = False
    has_guardian: bool = False
    basis: Basis = "merger"
    purpose_changed: bool = False
    notice: Notice = "none"
    noticed_on: date | None = None
    attempts: int = 0
    counsel_signed_announcement: bool = False
    objection: Objection = "none"
    objected_on: date | None = None
    exit_done: bool = False
    separate_consent: Consent = "none"

    def __post_init__(self) -> None:
        for name, known in _KNOWN.items():
            if getattr(self, name) not in known:
                raise RulesError(f"{name}: unknown value {getattr(self, name)!r}")
        if self.notice in {"delivered", "announced"} and self.noticed_on is None:
            raise RulesError("noticed_on: a served notice has a day")
        if self.objection != "none" and self.objected_on is None:
            raise RulesError("objected_on: an objection has a day")
        if self.attempts < 0:
            raise RulesError("attempts: cannot be negative")

    @property
    def served_so_far(self) -> Notice:
        """The state of notice on `as_of`: what is dated later has not happened."""
        return "none" if self.noticed_on is not None and self.noticed_on > self.as_of else self.notice

    @property
    def objected_so_far(self) -> date | None:
        """The day the client objected or asked to leave, none if that has not happened by `as_of`."""
        if self.objection == "none" or self.objected_on is None or self.objected_on > self.as_of:
            return None
        return self.objected_on


FACT_FIELDS: tuple[str, ...] = tuple(field.name for field in fields(ClientFacts))
"""Order in which a row of plain values is read as facts."""

_KNOWN: dict[str, tuple[str, ...]] = {
    "kind": get_args(Kind),
    "basis": get_args(Basis),
    "notice": get_args(Notice),
    "objection": get_args(Objection),
    "separate_consent": get_args(Consent),
}
