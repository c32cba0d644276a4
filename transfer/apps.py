"""Wiring of the transfer room."""

from importlib import import_module

from django.apps import AppConfig

# Importing them registers the refusals' messages, the kinds of events, the facts of the gates and the papers.
REGISTERING = (
    "transfer.errors",
    "transfer.events",
    "transfer.gates.agreement",
    "transfer.gates.data",
    "transfer.gates.compliance",
    "transfer.gates.notice",
    "transfer.gates.readiness",
    "transfer.gates.decision",
    "transfer.certificate.papers",
    "transfer.services.recalls",
    "transfer.checks",
)


class TransferConfig(AppConfig):
    name = "transfer"

    def ready(self) -> None:
        from access.registry import grant_to_duties
        from clients.panels import register_panel
        from transfer.panels import case_panels
        from transfer.permissions import PERMISSIONS

        for module in REGISTERING:
            import_module(module)
        grant_to_duties(PERMISSIONS)
        register_panel(case_panels)
