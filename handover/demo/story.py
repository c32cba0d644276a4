"""How the demo speaks, and how it stops when something is not as the answers say."""

import time
from collections.abc import Callable
from typing import Any


class NotAsExpected(Exception):  # noqa: N818
    """Something came out other than the answers; the message says what."""


class Story:
    """Numbers the steps, times them, and compares what is with what should be."""

    def __init__(self, write: Callable[[str], Any]) -> None:
        self._write = write
        self._began = time.monotonic()
        self._step = 0

    def step(self, title: str) -> None:
        """A new step begins."""
        self._step += 1
        self._write(f"[{time.monotonic() - self._began:6.1f} s] {self._step:2d}. {title}")

    def say(self, line: str) -> None:
        """One line of what happened."""
        self._write(f"              {line}")

    def equal(self, what: str, found: object, expected: object) -> None:
        """Says that both are equal.

        Raises:
            NotAsExpected: they are not.
        """
        if found != expected:
            raise NotAsExpected(f"{what}: {found!r} instead of {expected!r}")
        self.say(f"{what}: {_short(found)}, as the answers say")


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def patience(size: int) -> float:
    """How many seconds to wait for work over so many bytes: many times what two slow cores need."""
    return 600 + size / 50_000


def wait_until(ready: Callable[[], bool], *, what: str, seconds: float = 600) -> None:
    """Returns once ``ready`` holds.

    Raises:
        NotAsExpected: it did not within the time.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise NotAsExpected(f"{what} did not end within {seconds:.0f} s")
        time.sleep(0.2)
