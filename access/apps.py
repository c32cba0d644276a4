"""Wiring of the access room."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "access"
