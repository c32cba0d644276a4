"""Wiring of the continuity room."""

from django.apps import AppConfig


class ContinuityConfig(AppConfig):
    name = "continuity"
