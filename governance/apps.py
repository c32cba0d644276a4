"""Wiring of the governance room."""

from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    name = "governance"
