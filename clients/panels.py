"""What rooms above know of a client, for its page: they register here, the page only shows.

Invariants:
- A panel holds codes, dates and words of the product, never an opened value.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.functional import Promise

from access.models import User
from clients.models import Client


@dataclass(frozen=True)
class Panel:
    """One card on the client's page: facts as ``parts/facts.html`` takes them, and sentences below."""

    title: str | Promise
    facts: list[dict[str, Any]]
    reasons: list[str]
    since: date | datetime | None = None
    url: str = ""


Provider = Callable[[Client, User], list[Panel]]
_providers: list[Provider] = []


def register_panel(provider: Provider) -> None:
    """Ask ``provider`` whenever a client's page is shown. Called from a room's ``ready()``."""
    if provider not in _providers:
        _providers.append(provider)


def panels_of(client: Client, user: User) -> list[Panel]:
    """Everything the rooms above have to say, in the order they registered."""
    return [panel for provider in _providers for panel in provider(client, user)]
