"""Which papers the regulator's pack holds, in which order; rooms above add theirs when they start.

Invariants:
- A kind is registered once, with a place in the order of its own.
- A paper that the law does not ask for in this transfer is not made; its maker says so by giving none.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.utils.functional import Promise

from transfer.models import Certificate

Maker = Callable[[Certificate, dict[str, Any]], dict[str, Any] | None]
"""The data of a paper, from the certificate and the statement it signs; None where none is asked for."""

M = TypeVar("M", bound=Maker)


@dataclass(frozen=True)
class PaperKind:
    """One kind of paper: its code, its title, the form it is printed on, its place, and what fills it."""

    code: str
    title: str | Promise
    form: str
    place: int
    make: Maker


_kinds: dict[str, PaperKind] = {}


def register_paper(code: str, *, title: str | Promise, form: str, place: int) -> Callable[[M], M]:
    """The pack holds this kind of paper from now on.

    Raises:
        ValueError: the code or the place is taken by another maker.
    """

    def add(make: M) -> M:
        for known in _kinds.values():
            if known.make is not make and (known.code == code or known.place == place):
                raise ValueError(f"paper {known.code} has this code or place already")
        _kinds[code] = PaperKind(code, title, form, place, make)
        return make

    return add


def paper_kinds() -> list[PaperKind]:
    """Every kind, in the order of the pack."""
    return sorted(_kinds.values(), key=lambda kind: kind.place)


def title_of(code: str) -> str | Promise:
    """What a paper of this kind is called."""
    return _kinds[code].title
