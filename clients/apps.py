"""Wiring of the clients room."""

from importlib import import_module

from django.apps import AppConfig

# Importing them registers the refusals' messages and the kinds of events.
REGISTERING = ("clients.errors", "clients.events")


class ClientsConfig(AppConfig):
    name = "clients"

    def ready(self) -> None:
        from access.registry import grant_to_duties
        from clients.permissions import PERMISSIONS

        for module in REGISTERING:
            import_module(module)
        grant_to_duties(PERMISSIONS)
