"""How gates are put together from facts, and how other rooms add theirs.

Invariants:
- A gate is open when every fact holds, or when each of those that do not is covered by an exception that a
  second person granted. An exception covers the facts that failed when it was granted, and no other.
- A gate that has no place under the transfer's basis is neither open nor closed: it says why.
- A gate without a single registered fact is closed and says that its room is not built.
- Facts read the database each time; nothing about a gate outlives the page that shows it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from access.asking import once
from transfer.bases import why_not
from transfer.models import FieldPolicy, GateException, Transfer

Words = str | Promise


@dataclass(frozen=True)
class Fact:
    """One thing a gate rests on: whether it holds, in a sentence, with the rows behind it.

    ``link`` is the address of exactly the rows counted; ``whose`` is the side whose move it is while the
    fact does not hold: transferor, transferee, counsel, both.
    """

    code: str
    ok: bool
    text: Words
    link: str = ""
    whose: str = "transferor"
    count: int | None = None


@dataclass(frozen=True)
class Gate:
    """One computed gate."""

    number: int
    title: Words
    opens: Words
    facts: tuple[Fact, ...]
    exceptions: tuple[GateException, ...] = field(default=())
    why_not: str | None = None

    @property
    def applies(self) -> bool:
        """False where the transfer's basis leaves nothing for this gate to guard."""
        return self.why_not is None

    @property
    def exception(self) -> GateException | None:
        """The newest exception that was asked for, granted or not."""
        return self.exceptions[-1] if self.exceptions else None

    @property
    def covered(self) -> frozenset[str]:
        """The codes of the facts that granted exceptions cover."""
        granted = (row.facts for row in self.exceptions if row.granted_at is not None)
        return frozenset(code for facts in granted for code in facts)

    @property
    def holds(self) -> bool:
        """Every fact holds, without any exception."""
        return bool(self.facts) and all(fact.ok for fact in self.facts)

    @property
    def excepted(self) -> bool:
        """Somebody with the duty let the transfer pass although exactly these facts do not hold."""
        codes = {fact.code for fact in self.missing}
        return bool(codes) and codes <= self.covered

    @property
    def open(self) -> bool:
        return self.holds or self.excepted

    @property
    def missing(self) -> tuple[Fact, ...]:
        """The facts that do not hold."""
        return tuple(fact for fact in self.facts if not fact.ok)


FactSource = Callable[[Transfer], Iterable[Fact]]

TITLES: dict[int, tuple[Words, Words]] = {
    1: (_("Agreement"), _("the transferee's sight")),
    2: (_("Import"), _("reviewing")),
    3: (_("Compliance"), _("notifying")),
    4: (_("Notice and consent"), _("ready")),
    5: (_("Backup"), _("ready")),
    6: (_("Rehearsal"), _("ready")),
    7: (_("People"), _("ready")),
    8: (_("Go or no-go"), _("cutting over")),
}
# Go/no-go is the decision itself: nothing stands above it that could excuse it.
WITHOUT_EXCEPTION = frozenset({8})

_sources: dict[int, list[FactSource]] = {number: [] for number in TITLES}


def register_facts(number: int) -> Callable[[FactSource], FactSource]:
    """Add a source of facts to a gate; used by this room's gate modules and by rooms above."""

    def add(source: FactSource) -> FactSource:
        if source not in _sources[number]:
            _sources[number].append(source)
        return source

    return add


def gate(transfer: Transfer, number: int) -> Gate:
    """The gate as it stands now; on one page the same each time."""
    return once(("gate", transfer.pk, number, get_language()), lambda: _compute(transfer, number))


def _compute(transfer: Transfer, number: int) -> Gate:
    title, opens = TITLES[number]
    reason = why_not(transfer, number)
    if reason is not None:
        return Gate(number=number, title=title, opens=opens, facts=(), why_not=reason)
    facts = tuple(fact for source in _sources[number] for fact in source(transfer))
    if not facts:
        facts = (
            Fact(
                "room_missing", ok=False, text=_("The part of the product that proves this is not built yet.")
            ),
        )
    exceptions = tuple(_exceptions(transfer).get(number, ()))
    return Gate(number=number, title=title, opens=opens, facts=facts, exceptions=exceptions)


def _exceptions(transfer: Transfer) -> dict[int, list[GateException]]:
    """Every exception that was asked for, by gate, the oldest first; one question for all gates of a page."""
    return once(("exceptions", transfer.pk), lambda: _by_gate(transfer))


def _by_gate(transfer: Transfer) -> dict[int, list[GateException]]:
    found: dict[int, list[GateException]] = {}
    for row in GateException.objects.filter(transfer=transfer).order_by("asked_at", "pk"):
        found.setdefault(row.gate, []).append(row)
    return found


def field_policies(transfer: Transfer) -> list[FieldPolicy]:
    """Every field policy of the transfer; one question for all gates of a page."""
    return once(("policies", transfer.pk), lambda: list(FieldPolicy.objects.filter(transfer=transfer)))


def gates(transfer: Transfer) -> list[Gate]:
    """All eight gates as they stand now."""
    return [gate(transfer, number) for number in TITLES]
