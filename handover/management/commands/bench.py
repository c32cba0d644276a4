"""``manage.py bench``: our paths beside their peers and limits; see ``handover.bench``."""

import os
from argparse import SUPPRESS, ArgumentParser
from json import dumps, loads
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from handover.bench.memory import be_the_child
from handover.bench.running import PATHS, Wanted, run_bench


class Command(BaseCommand):
    """Prints, per path and peer, the median of the paired rounds; ``--json`` writes it for programs too."""

    help = "Measure import, custody, search, list page, certificate and memory beside plaintext and peers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--clients", type=int, default=int(os.environ.get("SCALE") or 100_000))
        parser.add_argument("--rounds", type=int, default=5)
        parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED") or 7))
        parser.add_argument("--only", action="append", choices=PATHS, help="one path; may be repeated")
        parser.add_argument("--data", type=Path, help="where the extracts are kept between runs")
        parser.add_argument("--json", type=Path, help="a file for the figures")
        parser.add_argument("--child", help=SUPPRESS)

    def handle(self, *, only: list[str] | None, json: Path | None, child: str | None, **options: Any) -> None:
        if child:
            self._say(dumps(be_the_child(loads(child))))
            return
        wanted = Wanted(
            clients=options["clients"],
            rounds=options["rounds"],
            seed=options["seed"],
            paths=tuple(only or PATHS),
            data=options["data"],
        )
        run_bench(wanted, say=self._say, json_file=json)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
