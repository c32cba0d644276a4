"""Wiring of the handover room."""

from django.apps import AppConfig


class HandoverConfig(AppConfig):
    name = "handover"

    def ready(self) -> None:
        """Register the system checks and the edge's events; tasks asked for anywhere reach our broker."""
        import handover.celery
        import handover.checks
        import handover.events  # noqa: F401
