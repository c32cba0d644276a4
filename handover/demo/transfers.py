"""The demo's transfer as a whole: opened, shown to the guests, and brought from stage to stage."""

from django.utils import timezone

from access.services import grant_object
from handover.demo.cast import Cast
from handover.demo.story import Story
from transfer.gates.registry import gates
from transfer.models import Transfer
from transfer.services.transfers import advance, draft_transfer, name_transferee, plan_cutover


def open_transfer(story: Story, cast: Cast) -> Transfer:
    """A merger of the one firm into the other is drafted, both are named, and the guests may see it."""
    story.step("A transfer is drafted: absorption merger under the rule pack of China")
    officer = cast["canglan.officer1"]
    transfer = draft_transfer(by=officer)
    name_transferee(transfer=transfer, transferee=cast.taker, by=officer)
    plan_cutover(transfer=transfer, at=timezone.now(), by=officer)
    for guest in ("auditor", "counsel"):
        grant_object(cast[guest], "view_transfer", transfer, by=officer)
    transfer = advance(transfer=transfer, by=officer)
    story.say(f"{transfer.number}: {cast.giver.name_en} to {cast.taker.name_en}")
    return transfer


def reach(story: Story, cast: Cast, transfer: Transfer, stage: str) -> None:
    """The transfer is at the next stage; its gates were computed, nobody ticked them."""
    story.step(f"Gates are computed; the transfer is {stage}")
    advance(transfer=transfer, by=cast["canglan.officer1"])
    transfer.refresh_from_db()
    marks = (
        (each.number, "open" if each.holds else "exception" if each.excepted else "closed")
        for each in gates(transfer)
    )
    story.say(", ".join(f"gate {number} {state}" for number, state in marks))
