"""What the log says, for assertions."""

from audit.models import Event


def events(prefix: str = "") -> list[str]:
    """The types of all events in the order they were written."""
    found = Event.objects.order_by("id").values_list("type", flat=True)
    return [kind for kind in found if kind.startswith(prefix)]


def last_event() -> Event:
    """The newest event."""
    return Event.objects.order_by("id").last()
