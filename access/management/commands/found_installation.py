"""Make the first broker and its administrator on a fresh installation."""

import getpass
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from access.services import found_installation
from audit.errors import Refused


class Command(BaseCommand):
    """Asks the password on the terminal, or reads it from the file that ADMIN_PASSWORD_FILE names."""

    help = "Makes the first broker and its administrator. Refused once an administrator exists."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who and what."""
        for name in ("code", "name-en", "name-zh", "username", "name"):
            parser.add_argument(f"--{name}", required=True)
        parser.add_argument("--uscc", default="")

    def handle(self, **options: Any) -> None:
        """Found it, or say why not."""
        words = {key: options[key] for key in ("code", "name_en", "name_zh", "username", "name", "uscc")}
        try:
            user = found_installation(**words, password=_password())
        except Refused as refusal:
            raise CommandError(str(refusal.message)) from refusal
        self.stdout.write(f"{user.username} may sign in and open accounts.")


def _password() -> str:
    path = os.environ.get("ADMIN_PASSWORD_FILE")
    if path:
        return Path(path).read_text(encoding="utf-8").strip()
    return getpass.getpass("Password of the administrator (at least 15 characters): ")
