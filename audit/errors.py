"""Why something was refused, and what misuse of the log raises."""

from collections.abc import Mapping

from django.utils.functional import Promise

_messages: dict[str, str | Promise] = {}


class Refused(Exception):  # noqa: N818  it reads as a sentence where it is raised
    """A rule of the house forbids this act; nothing has changed.

    ``code`` has the form ``area.reason`` and is stable: the API and the tests speak of it.
    ``params`` fill the message's named placeholders.
    """

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params = params

    @property
    def message(self) -> str:
        """The refusal in the reader's language; the bare code where no room registered words for it."""
        words = _messages.get(self.code)
        return self.code if words is None else str(words) % self.params


class NotRecordable(Exception):  # noqa: N818
    """The log was misused by our own code: outside a transaction, an unknown event, a fact that is no code.

    Never shown to people as a refusal: it is a defect, and the act it belongs to does not happen.
    """


def register_messages(messages: Mapping[str, str | Promise]) -> None:
    """The words of these refusal codes, with named placeholders (``%(name)s``).

    Raises:
        ValueError: a code has words already.
    """
    for code in messages:
        if code in _messages:
            raise ValueError(f"the refusal {code!r} has words already")
    _messages.update(messages)


def message_codes() -> list[str]:
    """Every refusal code that has words, sorted."""
    return sorted(_messages)
