"""``manage.py export_audit_leaves``: the log as a file that others can verify."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.checkpoints import log_key
from audit.errors import Refused
from audit.exporting import SUFFIX, export_leaves


class Command(BaseCommand):
    """Writes the leaves and the newest checkpoint, and says how to verify them without the product."""

    help = "Export every leaf in exactly its hashed form, with the newest checkpoint beside it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--out", type=Path, required=True)

    def handle(self, *, out: Path, **_options: Any) -> None:
        try:
            head = export_leaves(out, by=None)
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"{head.size} leaves in {out}, checkpoint in {out}{SUFFIX}")
        self.stdout.write("verify with:")
        self.stdout.write(
            f"python -m audit.offline {out} --checkpoint {out}{SUFFIX} --key '{log_key().text}'"
        )
