"""Field classification: how sensitive a field is and how it is handled.

Invariants:
- The world is closed: a field the pack does not know has no class and is refused.
- Every field of a child is sensitive while the rule on sensitive data is in force.
- A set of fields takes the class of its highest one.
"""

from collections.abc import Iterable
from datetime import date

from msgspec import Struct

from rules.ages import CHILD_RULE
from rules.errors import RulesError
from rules.packs import Pack
from rules.schema import FieldRule, Handling, JrtClass


class FieldClass(Struct, frozen=True):
    """The class of one field for one kind of person."""

    field: str
    jrt: JrtClass
    sensitive: bool
    handling: Handling


def classify(pack: Pack, field: str, *, on: date, child: bool = False) -> FieldClass:
    """Return the class of a canonical field.

    Raises:
        RulesError: the pack does not know the field.
    """
    entry = _entry(pack, field)
    protected = pack.applying(CHILD_RULE, on) is not None
    return FieldClass(field, entry.jrt, protected and (entry.sensitive or child), entry.handling)


def highest(pack: Pack, fields: Iterable[str]) -> JrtClass:
    """Return the class of the most sensitive of the fields.

    Raises:
        RulesError: there are none, or the pack does not know one.
    """
    classes = [_entry(pack, field).jrt for field in fields]
    if not classes:
        raise RulesError("no fields, no class")
    return max(classes)


def _entry(pack: Pack, field: str) -> FieldRule:
    for entry in pack.classification:
        if entry.field == field:
            return entry
    raise RulesError(f"{pack.code}: no classification of {field}")
