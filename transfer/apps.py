"""Wiring of the transfer room."""

from django.apps import AppConfig


class TransferConfig(AppConfig):
    name = "transfer"
