"""Content checklists: what a notice or report must say, and whether a rendered text says it.

Invariants:
- A value counts as said only if it is given and stands in the text itself; a template that drops it fails.
- A list counts only if every element stands in the text.
- Line breaks, spaces and letter case never decide.
- An item whose rule is not in force is not asked for.
"""

from collections.abc import Mapping
from datetime import date

from msgspec import Struct

from rules.errors import RulesError
from rules.packs import Pack
from rules.schema import Checklist, Item


class Coverage(Struct, frozen=True):
    """Which items of a checklist a document covers."""

    covered: tuple[Item, ...]
    missing: tuple[Item, ...]
    not_asked: tuple[Item, ...]

    @property
    def complete(self) -> bool:
        """True if nothing that is asked for is missing."""
        return not self.missing


def checklist(pack: Pack, code: str) -> Checklist:
    """Return the checklist of that code.

    Raises:
        RulesError: the pack has no such checklist.
    """
    for found in pack.checklists:
        if found.code == code:
            return found
    raise RulesError(f"{pack.code}: no checklist {code}")


def items_in_force(pack: Pack, code: str, *, on: date) -> tuple[Item, ...]:
    """Return the items whose rules are in force on that day, conditional ones included.

    Raises:
        RulesError: the pack has no such checklist.
    """
    return tuple(item for item in checklist(pack, code).items if pack.applying(item.rule, on) is not None)


def cover(pack: Pack, code: str, *, text: str, context: Mapping[str, object], on: date) -> Coverage:
    """Compare a rendered text, and the values it was rendered from, with a checklist.

    Raises:
        RulesError: the pack has no such checklist.
    """
    plain = _plain(text)
    covered: list[Item] = []
    missing: list[Item] = []
    not_asked: list[Item] = []
    for item in items_in_force(pack, code, on=on):
        if item.when is not None and not context.get(item.when):
            not_asked.append(item)
        elif _says(item, plain, context):
            covered.append(item)
        else:
            missing.append(item)
    return Coverage(tuple(covered), tuple(missing), tuple(not_asked))


def _says(item: Item, plain: str, context: Mapping[str, object]) -> bool:
    if any(_plain(phrase) in plain for phrase in item.says):
        return True
    return bool(item.needs) and all(_stands(context.get(name), plain) for name in item.needs)


def _stands(value: object, plain: str) -> bool:
    if isinstance(value, (list, tuple)):
        return bool(value) and all(_stands(element, plain) for element in value)
    wanted = "" if value is None else _plain(str(value))
    return wanted != "" and wanted in plain


def _plain(text: str) -> str:
    return "".join(text.split()).casefold()
