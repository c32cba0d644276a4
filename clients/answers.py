"""Who is told when a client withdraws consent: rooms above register here what they must do about it.

Handlers run inside the transaction of the withdrawal: it stands together with what follows from it.
"""

from collections.abc import Callable

from clients.models import ConsentRecord

Handler = Callable[[ConsentRecord], None]
_handlers: list[Handler] = []


def on_withdrawal(handler: Handler) -> Handler:
    """A decorator: ``handler`` is called with every withdrawal from now on."""
    if handler not in _handlers:
        _handlers.append(handler)
    return handler


def tell_withdrawn(record: ConsentRecord) -> None:
    """Everybody registered has done what follows from this withdrawal."""
    for handler in _handlers:
        handler(record)
