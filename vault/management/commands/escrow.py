"""Escrows the root key, proves an escrow, or recovers the root from one."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from vault.errors import VaultError
from vault.escrow import check_escrow, escrow_root, recover_root


class Command(BaseCommand):
    """The passphrase is never an argument: arguments are visible to every process of the machine."""

    help = "Seal the root key into a file, check such a file, or recover the root key from it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        act = parser.add_mutually_exclusive_group(required=True)
        act.add_argument("--out", type=Path, help="write the sealed root key; prints the passphrase once")
        act.add_argument("--check", type=Path, help="prove that this escrow opens to the root key in use")
        act.add_argument("--recover", type=Path, help="put the escrowed root key back in its place")
        parser.add_argument(
            "--passphrase-file",
            type=Path,
            help="file with the passphrase; without it the variable ESCROW_PASSPHRASE is read",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            self.stdout.write(self._act(options))
        except VaultError as error:
            raise CommandError(str(error)) from error

    def _act(self, options: dict[str, Any]) -> str:
        if options["out"]:
            passphrase = escrow_root(options["out"])
            return f"Recovery passphrase (shown once, keep it away from the file):\n{passphrase}"
        passphrase = self._passphrase(options["passphrase_file"])
        if options["check"]:
            check_escrow(options["check"], passphrase)
            return "The escrow opens to the root key in use."
        recover_root(options["recover"], passphrase)
        return "The root key is back in its place."

    @staticmethod
    def _passphrase(file: Path | None) -> str:
        if file is not None:
            return file.read_text(encoding="utf-8").strip()
        if "ESCROW_PASSPHRASE" not in os.environ:
            raise CommandError("give --passphrase-file or set ESCROW_PASSPHRASE")
        return os.environ["ESCROW_PASSPHRASE"]
