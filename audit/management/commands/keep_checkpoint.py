"""``manage.py keep_checkpoint``: a signed head of the log, to be kept outside."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.checkpoints import log_key
from audit.errors import Refused
from audit.exporting import keep_checkpoint


class Command(BaseCommand):
    """Writes the newest checkpoint, and names the key by which others check it."""

    help = "Write the newest checkpoint to a file; keep it where this installation cannot change it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--out", type=Path, required=True)

    def handle(self, *, out: Path, **_options: Any) -> None:
        try:
            head = keep_checkpoint(out)
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"checkpoint of {head.size} leaves in {out}")
        self.stdout.write(f"verifier key: {log_key().text}")
