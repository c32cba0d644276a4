"""Wiring of the handover room."""

from django.apps import AppConfig


class HandoverConfig(AppConfig):
    name = "handover"

    def ready(self) -> None:
        """Register the system checks, the edge's events and the API's security scheme; tasks reach our broker."""
        import handover.api.schema
        import handover.celery
        import handover.checks
        import handover.events  # noqa: F401
