"""The demo of an absorption merger, the default: everybody who has not left moves."""

from pathlib import Path

from django.utils import timezone

from handover.demo import crossing, halfway, lawful, loading
from handover.demo.cast import Cast, assemble
from handover.demo.outside import keep_outside, verify_log
from handover.demo.story import Story
from handover.demo.transfers import open_transfer, reach
from sample.world import write_world

CLIENTS = 2_000
"""How many clients the demo has unless somebody says otherwise."""


def tell(story: Story, scratch: Path, outside: Path, *, clients: int | None, seed: int) -> tuple[Cast, str]:
    """The whole story of a merger; its people, and the last line to print.

    Raises:
        NotAsExpected: a figure is other than the answers say.
    """
    clients = clients or CLIENTS
    story.step(f"A fictitious brokerage with {clients} clients is generated (seed {seed})")
    world = scratch / "world"
    answers = write_world(world, clients=clients, seed=seed, as_of=timezone.localdate())
    story.say(f"{sum(found.rows for found in answers.files.values())} rows in {len(answers.files)} extracts")
    story.step("Two firms, an audit firm, a law firm, and their people")
    cast = assemble(world, loading.a_staff_number(world))
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
    return cast, "handover verified"
