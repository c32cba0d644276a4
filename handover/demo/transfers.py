"""The demo's transfer as a whole: opened, shown to the guests, and brought from stage to stage."""

from django.utils import timezone, translation

from access.services import grant_object
from handover.demo.cast import Cast
from handover.demo.story import Story
from transfer.gates.registry import Gate, gates
from transfer.models import Transfer
from transfer.services.transfers import advance, draft_transfer, name_transferee, plan_cutover


def open_transfer(story: Story, cast: Cast, *, basis: str = Transfer.Basis.MERGER) -> Transfer:
    """A transfer on this basis is drafted, both firms are named, and the guests may see it."""
    with translation.override("en"):
        said = str(Transfer.Basis(basis).label).lower()
    story.step(f"A transfer is drafted: {said} under the rule pack of China")
    officer = cast["canglan.officer1"]
    transfer = draft_transfer(by=officer, basis=basis)
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
    marks = ((each.number, _standing(each)) for each in gates(transfer))
    story.say(", ".join(f"gate {number} {state}" for number, state in marks))


def _standing(gate: Gate) -> str:
    if not gate.applies:
        return "does not apply"
    return "open" if gate.holds else "exception" if gate.excepted else "closed"
