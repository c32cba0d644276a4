"""A second transfer, left standing half-way so that there is something to do in the browser."""

from pathlib import Path

from django.utils import timezone

from handover.demo import lawful, loading
from handover.demo.cast import Cast
from handover.demo.story import Story
from handover.demo.transfers import open_transfer
from sample.world import write_world
from transfer.models import Transfer

CLIENTS = 400


def leave_standing(story: Story, cast: Cast, scratch: Path, *, seed: int) -> Transfer:
    """A transfer of another book is loaded with its rejects open; the agreement waits for the second signature."""
    story.step(f"A second transfer with {CLIENTS} clients is left half-way")
    world = scratch / "second"
    write_world(world, clients=CLIENTS, seed=seed, as_of=timezone.localdate())
    transfer = open_transfer(story, cast)
    loading.load_first(transfer, cast, world)
    lawful.draft_only(cast, transfer, world)
    return transfer
