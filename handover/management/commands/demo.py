"""manage.py demo: a fictitious brokerage's clients are handed over, from a first look to a verified certificate."""

import os
import shutil
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from audit.errors import Refused
from handover.demo import crossing, halfway, lawful, loading
from handover.demo.cast import Cast, assemble
from handover.demo.outside import keep_outside, verify_log
from handover.demo.story import NotAsExpected, Story
from handover.demo.transfers import open_transfer, reach
from sample.world import write_world


class Command(BaseCommand):
    """Exits 0 and prints "handover verified" only if every figure equals the generator's answers."""

    help = "Hands a generated brokerage's clients over from end to end."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--clients", type=int, default=int(os.environ.get("CLIENTS", "2000")))
        parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", "7")))

    def handle(self, *_args: Any, clients: int, seed: int, **_options: Any) -> None:
        story = Story(self._line)
        # What outside parties would hold in clear lies in a folder of its own and goes at the end.
        scratch = Path(tempfile.mkdtemp(prefix="handover-demo-"))
        try:
            cast = self._tell(story, scratch, clients=clients, seed=seed)
        except (NotAsExpected, Refused) as fault:
            said = fault.message if isinstance(fault, Refused) else str(fault)
            raise CommandError(f"the demo did not come out as it should: {said} ({fault})") from fault
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        self._sign_ins(cast)
        self._line("handover verified")

    def _tell(self, story: Story, scratch: Path, *, clients: int, seed: int) -> Cast:
        story.step(f"A fictitious brokerage with {clients} clients is generated (seed {seed})")
        world = scratch / "world"
        answers = write_world(world, clients=clients, seed=seed, as_of=timezone.localdate())
        story.say(
            f"{sum(found.rows for found in answers.files.values())} rows in {len(answers.files)} extracts"
        )
        story.step("Two firms, an audit firm, a law firm, and their people")
        cast = assemble(world, loading.a_staff_number(world))
        outside = Path(os.environ.get("HANDOVER_OUTSIDE") or Path(settings.STATE) / "outside")
        keep_outside(story, outside)
        transfer = open_transfer(story, cast)
        loading.look(story, cast, transfer, world)
        lawful.agree(story, cast, transfer, world)
        loading.load(story, cast, transfer, world)
        lawful.decide_late_extract(story, cast, transfer)
        reach(story, cast, transfer, "reviewing")
        campaign = lawful.announce(story, cast, transfer)
        reach(story, cast, transfer, "notifying")
        lawful.serve(story, cast, transfer, campaign, world)
        crossing.prove_backup(story, cast)
        crossing.rehearse(story, cast, transfer, world, scratch)
        crossing.except_people(story, cast, transfer)
        reach(story, cast, transfer, "ready")
        crossing.prepare(story, cast, transfer)
        run = crossing.cut_over(story, cast, transfer, world)
        crossing.settle(story, cast, transfer, run, world, scratch)
        crossing.certify(story, cast, transfer, outside / "certificate")
        halfway.leave_standing(story, cast, scratch, seed=seed + 1)
        verify_log(story, outside)
        return cast

    def _sign_ins(self, cast: Cast) -> None:
        self._line("")
        self._line(f"Open http://localhost:{settings.PORT}/ and sign in as one of:")
        for account, password in sorted(cast.passwords.items()):
            self._line(f"  {account:<20} {password}")
        self._line("")

    def _line(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
