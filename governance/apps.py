"""Wiring of the governance room."""

from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    name = "governance"

    def ready(self) -> None:
        from access.registry import grant_to_duties
        from governance import errors, events, papers, proofs
        from governance.permissions import PERMISSIONS

        # Importing them registers the messages, the kinds of events, the papers and the proofs of duties.
        assert errors and events and papers and proofs  # noqa: PT018
        grant_to_duties(PERMISSIONS)
