"""``manage.py prove``: the long proofs, at size."""

import os
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

PROOFS = Path(settings.BASE_DIR) / "handover" / "tests" / "prove"
# The proofs have servers of their own; what leads to this stand's must not reach them.
_OF_THIS_STAND = [
    "DATABASE_URL",
    "MIGRATE_DATABASE_URL",
    "SUPERUSER_URL",
    "REDIS_URL",
    "SECRET_KEY_FILE",
    "ROOT_KEY_FILE",
    "KEYRING_DIR",
    "KEYRING_COPY",
    "FILES_DIR",
    "HANDOVER_PORT",
    "DB_APP_ROLE",
]


class Command(BaseCommand):
    """Runs every proof below ``handover/tests/prove``; the exit status is pytest's, 0 when all hold."""

    help = "Run the long proofs; SCALE is the number of clients of those at size, SEED which invented firm."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--scale", default=os.environ.get("SCALE") or "20000", help="clients of the proofs at size"
        )
        parser.add_argument("--seed", default=os.environ.get("SEED") or "7")
        parser.add_argument("only", nargs="*", help="names of proofs, by default all")

    def handle(self, *, scale: str, seed: str, only: list[str], **_options: Any) -> None:
        kept = {name: value for name, value in os.environ.items() if name not in _OF_THIS_STAND}
        environment = {
            **kept,
            "SCALE": scale,
            "SEED": seed,
            "HANDOVER_STATE": str(Path(settings.STATE) / "proofs"),
        }
        wanted = [f"-k{' or '.join(only)}"] if only else []
        # Uncaptured: whoever waits for hours sees how far it is.
        command = [sys.executable, "-m", "pytest", "-q", "-s", "--durations=0", *wanted, str(PROOFS)]
        self.stdout.write(f"{int(float(scale)):,} clients, seed {seed}")
        self.stdout.flush()
        sys.exit(
            subprocess.run(  # noqa: S603  our own interpreter
                command, cwd=settings.BASE_DIR, env=environment, stdin=subprocess.DEVNULL, check=False
            ).returncode
        )
