"""Wiring of the continuity room."""

from django.apps import AppConfig


class ContinuityConfig(AppConfig):
    name = "continuity"

    def ready(self) -> None:
        from access.registry import grant_to_duties
        from continuity import errors, events
        from continuity.permissions import PERMISSIONS

        # Importing them registers the messages and the kinds of events.
        assert errors and events  # noqa: PT018
        grant_to_duties(PERMISSIONS)
