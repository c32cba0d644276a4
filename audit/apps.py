"""Wiring of the audit room."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "audit"

    def ready(self) -> None:
        """Our own events are registered and the database's guards are checked at start."""
        from audit import checks, events  # noqa: F401  importing them registers
