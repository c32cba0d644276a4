"""Questions asked of the database once for a reading, and anew for every act.

Invariants:
- Only inside ``asked_once`` is anything remembered, and only until its block ends, in this thread or task.
- Acts are never inside: they ask after they hold their locks, so a duty that ended meanwhile no longer counts,
  and a gate that closed meanwhile is closed.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

Found = TypeVar("Found")

_answers: ContextVar[dict[Hashable, Any] | None] = ContextVar("access_answers", default=None)


@contextmanager
def asked_once() -> Iterator[None]:
    """Inside, ``once`` remembers what it was answered; for pages that show and for searches."""
    token = _answers.set({} if _answers.get() is None else _answers.get())
    try:
        yield
    finally:
        _answers.reset(token)


def once(question: Hashable, ask: Callable[[], Found]) -> Found:
    """What ``ask`` says; within one block the same question is asked once, outside of any each time."""
    answers = _answers.get()
    if answers is None:
        return ask()
    if question not in answers:
        answers[question] = ask()
    found: Found = answers[question]
    return found
