"""Wiring of the transfer room."""

from django.apps import AppConfig


class TransferConfig(AppConfig):
    name = "transfer"

    def ready(self) -> None:
        from access.registry import grant_to_duties
        from clients.panels import register_panel
        from transfer import errors, events
        from transfer.gates import agreement, compliance, data, decision, notice, readiness
        from transfer.panels import case_panels
        from transfer.permissions import PERMISSIONS

        # Importing them registers the refusals' messages, the kinds of events and the gates' facts.
        assert errors and events  # noqa: S101
        assert agreement and compliance and data and decision and notice and readiness  # noqa: S101, PT018
        grant_to_duties(PERMISSIONS)
        register_panel(case_panels)
