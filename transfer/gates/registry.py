"""How gates are put together from facts, and how other rooms add theirs.

Invariants:
- A gate is open when every fact holds, or when an exception to it was granted by a second person.
- A gate without a single registered fact is closed and says that its room is not built.
- Facts read the database each time; nothing about a gate outlives the page that shows it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from access.asking import once
from transfer.models import GateException, Transfer

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
    exception: GateException | None = field(default=None)

    @property
    def holds(self) -> bool:
        """Every fact holds, without any exception."""
        return bool(self.facts) and all(fact.ok for fact in self.facts)

    @property
    def excepted(self) -> bool:
        """Somebody with the duty let the transfer pass although a fact does not hold."""
        return not self.holds and self.exception is not None and self.exception.granted_at is not None

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
    facts = tuple(fact for source in _sources[number] for fact in source(transfer))
    if not facts:
        facts = (
            Fact(
                "room_missing", ok=False, text=_("The part of the product that proves this is not built yet.")
            ),
        )
    exception = _exceptions(transfer).get(number)
    return Gate(number=number, title=title, opens=opens, facts=facts, exception=exception)


def _exceptions(transfer: Transfer) -> dict[int, GateException]:
    rows = GateException.objects.filter(transfer=transfer)
    return once(("exceptions", transfer.pk), lambda: {row.gate: row for row in rows})


def gates(transfer: Transfer) -> list[Gate]:
    """All eight gates as they stand now."""
    return [gate(transfer, number) for number in TITLES]
