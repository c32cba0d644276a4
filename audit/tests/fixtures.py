"""What every room's tests ask of the log."""

from collections.abc import Callable
from uuid import UUID

import pytest

from audit.models import Event


@pytest.fixture
def audited(db: None) -> Callable[[], list[tuple[str, UUID]]]:
    """Calling it gives (type, subject) of the events recorded since the fixture was made, in order.

    A subject is the id of the thing; types compare equal to the members of the rooms' enums.
    """
    before = set(Event.objects.values_list("id", flat=True))

    def since() -> list[tuple[str, UUID]]:
        rows = Event.objects.order_by("at", "id").values_list("id", "type", "subject")
        return [(kind, subject) for key, kind, subject in rows if key not in before]

    return since
