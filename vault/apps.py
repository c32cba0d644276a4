"""Wiring of the vault room."""

from django.apps import AppConfig
from django.core.checks import register


class VaultConfig(AppConfig):
    name = "vault"

    def ready(self) -> None:
        from vault.checks import check_keys

        register(check_keys)
