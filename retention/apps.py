"""Wiring of the retention room."""

from django.apps import AppConfig


class RetentionConfig(AppConfig):
    name = "retention"
