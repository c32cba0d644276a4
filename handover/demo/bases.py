"""What the demos of the other legal bases share: the world, the people, the agreement of the basis, and refusals."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

from django.utils import timezone

from audit.errors import Refused
from audit.reading import reading
from governance.services.assessments import approve_assessment, draft_assessment
from handover.demo import loading
from handover.demo.cast import Cast, assemble
from handover.demo.loading import seal_file
from handover.demo.outside import keep_outside
from handover.demo.story import NotAsExpected, Story
from handover.demo.transfers import open_transfer
from sample.bases import write_basis
from sample.world import write_world
from transfer.agreement_document import read_agreement
from transfer.models import Transfer
from transfer.services.agreements import draft_agreement, register_executed, sign_agreement
from transfer.services.closing import close_transfer
from transfer.services.transfers import correct_approval, give_counsel_word, record_approval

CLIENTS = 400
"""How many clients a demo of these bases has unless somebody says otherwise."""


def begin(
    basis: str, story: Story, scratch: Path, outside: Path, *, clients: int | None, seed: int
) -> tuple[Cast, Transfer, Path]:
    """The people, a drafted transfer of this basis, and the world it is about."""
    clients = clients or CLIENTS
    story.step(f"A fictitious brokerage with {clients} clients is generated (seed {seed})")
    world = scratch / "world"
    write_world(world, clients=clients, seed=seed, as_of=timezone.localdate())
    write_basis(world, basis, seed=seed)
    story.step("Two firms, an audit firm, a law firm, and their people")
    cast = assemble(world, loading.a_staff_number(world))
    keep_outside(story, outside)
    return cast, open_transfer(story, cast, basis=basis), world


def agree(
    story: Story, cast: Cast, transfer: Transfer, world: Path, *, approval: str, reference: str
) -> None:
    """Both firms have signed this basis' agreement, counsel has spoken, and what the law asks for is on record."""
    story.step("The agreement of this basis, signed by both firms")
    officer = cast["canglan.officer1"]
    document = (world / "agreement" / "agreement.json").read_bytes()
    agreement = draft_agreement(transfer=transfer, terms=read_agreement(document), by=officer)
    paper = seal_file(world / "agreement" / "转让协议.pdf", cast.giver, "evidence")
    signed_on = date.fromisoformat(json.loads(document)["signed_on"])
    with reading(
        actor=officer, organisation=cast.giver.pk, purpose="register_agreement", subjects=[paper.pk]
    ) as right:
        register_executed(agreement=agreement, document=paper, signed_on=signed_on, reading=right, by=officer)
    for signer in (officer, cast["yuanxiu.officer1"]):
        sign_agreement(agreement=agreement, by=signer)
    give_counsel_word(transfer=transfer, by=cast["counsel"])
    story.say(f"version {agreement.version} with {agreement.clauses.count()} clauses for {transfer.basis}")
    wrong = record_approval(
        transfer=transfer, kind=approval, reference=reference[:-1], granted_on=signed_on, by=officer
    )
    correct_approval(
        approval=wrong,
        reference=reference,
        granted_on=signed_on,
        reason="文号漏录一位。 A digit was missing.",
        by=officer,
    )
    story.say(f"{approval} {reference} on record, with the entry it corrects")
    assessment = draft_assessment(
        transfer=transfer,
        necessity="按交易性质逐项评估。 Weighed for this kind of transaction.",
        risks="未经同意提供、超范围提供。 Provision without consent or beyond its scope.",
        measures="单独同意、密钥移交、密封存档、脱敏统计。 Consent, custody by key, sealed archive, masked figures.",
        conclusion="accept",
        by=officer,
    )
    approve_assessment(assessment=assessment, by=cast["canglan.officer2"])
    story.say("impact assessment approved by a second person")


def close(story: Story, cast: Cast, transfer: Transfer) -> None:
    """Nothing more happens in this transfer."""
    close_transfer(transfer=transfer, by=cast["canglan.officer1"])
    story.say("the transfer is closed: nobody is in limbo")


def refused(story: Story, code: str, act: Callable[[], object]) -> None:
    """Says that the act was refused for exactly this reason.

    Raises:
        NotAsExpected: it went through.
    """
    try:
        act()
    except Refused as refusal:
        story.equal("refused", refusal.code, code)
        return
    raise NotAsExpected(f"this should have been refused with {code}")
