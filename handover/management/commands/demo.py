"""manage.py demo: a fictitious brokerage's clients are handed over, from a first look to a verified certificate."""

import os
import shutil
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from audit.errors import Refused
from handover.demo import merger, sale, shares
from handover.demo.cast import Cast
from handover.demo.story import NotAsExpected, Story

#: How each legal basis is told.
BASES = {"merger": merger.tell, "asset_sale": sale.tell, "share_transfer": shares.tell}


class Command(BaseCommand):
    """Exits 0 and prints "handover verified" only if every figure equals the generator's answers."""

    help = "Hands a generated brokerage's clients over from end to end."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--basis", default=os.environ.get("BASIS") or "merger")
        parser.add_argument("--clients", type=int, default=int(os.environ.get("CLIENTS", "0")) or None)
        parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", "7")))

    def handle(self, *_args: Any, basis: str, clients: int | None, seed: int, **_options: Any) -> None:
        if basis not in BASES:
            raise CommandError(f"there is no demo of the basis {basis!r}; choose from {', '.join(BASES)}")
        story = Story(self._line)
        # What outside parties would hold in clear lies in a folder of its own and goes at the end.
        scratch = Path(tempfile.mkdtemp(prefix="handover-demo-"))
        try:
            outside = Path(os.environ.get("HANDOVER_OUTSIDE") or Path(settings.STATE) / "outside")
            cast, last = BASES[basis](story, scratch, outside, clients=clients, seed=seed)
        except (NotAsExpected, Refused) as fault:
            said = fault.message if isinstance(fault, Refused) else str(fault)
            raise CommandError(f"the demo did not come out as it should: {said} ({fault})") from fault
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        self._sign_ins(cast)
        self._line(last)

    def _sign_ins(self, cast: Cast) -> None:
        self._line("")
        self._line(f"Open http://localhost:{settings.PORT}/ and sign in as one of:")
        for account, password in sorted(cast.passwords.items()):
            self._line(f"  {account:<20} {password}")
        self._line("")

    def _line(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
