"""Makes the keys of the installation."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from vault.errors import VaultError
from vault.keyring import prepare_installation


class Command(BaseCommand):
    """Repeatable: what exists is checked and left alone; a missing copy of the keyring is completed."""

    help = "Make the root key, index and digest keys and the log signer, as far as they are missing."
    requires_system_checks: list[str] = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        try:
            prepare_installation()
        except VaultError as error:
            raise CommandError(str(error)) from error
        self.stdout.write("The installation has its keys.")
