"""Wiring of the clients room."""

from django.apps import AppConfig


class ClientsConfig(AppConfig):
    name = "clients"

    def ready(self) -> None:
        from access.registry import grant_to_duties
        from clients import errors, events
        from clients.permissions import PERMISSIONS

        # Importing them registers the refusals' messages and the kinds of events.
        assert errors and events  # noqa: S101
        grant_to_duties(PERMISSIONS)
