"""The demo of a share transfer: the firm stays the same, so nothing moves, and the buyer sees figures alone."""

import datetime
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.utils import timezone

from audit import checkpoints
from audit.events import AuditEvent
from audit.models import Event
from clients.models import Client
from handover.demo import lawful, loading
from handover.demo.bases import agree, begin, close, refused
from handover.demo.cast import Cast
from handover.demo.loading import answers_of, seal_file
from handover.demo.outside import verify_log
from handover.demo.story import NotAsExpected, Story, wait_until
from handover.demo.transfers import reach
from transfer import verify_handover
from transfer.holding import wraps_of_other_firm
from transfer.models import Certificate, Transfer
from transfer.profile import LEAST
from transfer.services.cases import assess_cases
from transfer.services.certificates import party_keys, read_certificate
from transfer.services.cutover import begin_cutover
from transfer.services.diligence import looks, read_profile, release_profile
from transfer.services.extracts import receive_extract
from transfer.services.letters import draft_notice
from transfer.services.mandates import draft_mandate
from transfer.services.runbooks import draft_runbook
from transfer.services.runs import start_rehearsal
from transfer.services.statements import draft_statement, sign_statement
from transfer.services.transfers import advance


def tell(story: Story, scratch: Path, outside: Path, *, clients: int | None, seed: int) -> tuple[Cast, str]:
    """The whole story of a share transfer; its people, and the last line to print.

    Raises:
        NotAsExpected: a figure is other than the answers say.
    """
    cast, transfer, world = begin(
        Transfer.Basis.SHARE_TRANSFER, story, scratch, outside, clients=clients, seed=seed
    )
    loading.look(story, cast, transfer, world)
    loading.load(story, cast, transfer, world, matched=False)
    _profile(story, cast, transfer, world)
    reach(story, cast, transfer, "reviewing")
    lawful.decide_late_extract(story, cast, transfer)
    _nothing_else(story, cast, transfer, world)
    _verdicts(story, cast, transfer, world)
    _state(story, cast, transfer, outside)
    close(story, cast, transfer)
    verify_log(story, outside)
    return cast, "no handover, verified"


def _profile(story: Story, cast: Cast, transfer: Transfer, world: Path) -> None:
    """Before the agreement the buyer sees nothing; after it, figures in which nobody can be singled out."""
    story.step("A masked profile of the book; it opens to the buyer with the agreement")
    officer, buyer = cast["canglan.officer1"], cast["yuanxiu.officer1"]
    profile = release_profile(transfer=transfer, by=officer)
    refused(story, "diligence.closed", lambda: read_profile(transfer=transfer, by=buyer))
    agree(story, cast, transfer, world, approval="csrc", reference="CSRC-2026-0588")
    for reader in (buyer, cast["yuanxiu.manager"], cast["auditor"]):
        read_profile(transfer=transfer, by=reader)
    story.equal("looks at the profile, in the log", len(looks(transfer)), 3)
    groups = profile.content["groups"]
    story.equal(
        "clients in the profile", groups["clients"]["all"], answers_of(world)["verdict_counts"]["clients"]
    )
    shown = [figure for figure in _figures(groups) if figure is not None]
    story.equal("figures below the least", sum(figure < LEAST for figure in shown), 0)
    hidden = sum(figure is None for figure in _figures(groups))
    story.say(f"{len(shown)} figures shown, {hidden} groups suppressed")


def _figures(groups: Any) -> Iterator[int | None]:
    for found in groups.values():
        if isinstance(found, dict):
            yield from _figures(found)
        else:
            yield found


def _nothing_else(story: Story, cast: Cast, transfer: Transfer, world: Path) -> None:
    """Whatever would hand data over is refused by name."""
    story.step("Whatever would hand data over is refused")
    manager, officer, now = cast["canglan.manager"], cast["canglan.officer1"], timezone.now()
    later = now + datetime.timedelta(hours=12)
    own = world / "transferee" / "客户资料.csv"
    for act in (
        lambda: advance(transfer=transfer, by=officer),
        lambda: start_rehearsal(transfer=transfer, by=manager),
        lambda: draft_notice(transfer=transfer, given={}, by=officer),
        lambda: draft_runbook(transfer=transfer, by=manager),
        lambda: draft_mandate(transfer=transfer, not_before=now, not_after=later, by=manager),
        lambda: begin_cutover(transfer=transfer, by=manager),
        lambda: receive_extract(
            transfer=transfer,
            side=cast.taker,
            sealed_file=seal_file(own, cast.taker, "extract"),
            by=cast["yuanxiu.manager"],
        ),
    ):
        refused(story, "basis.nothing_moves", act)


def _verdicts(story: Story, cast: Cast, transfer: Transfer, world: Path) -> None:
    story.step("Every client's verdict: the handler stays the same, so nobody moves")
    counts = assess_cases(transfer=transfer, by=cast["canglan.officer1"])
    clients = answers_of(world)["verdict_counts"]["clients"]
    story.equal("clients who stay where they are", counts["excluded"], clients)
    story.equal("clients in the funnel", sum(counts.values()), clients)


def _state(story: Story, cast: Cast, transfer: Transfer, outside: Path) -> None:
    """Both firms sign that nothing was handed over; the statement is checked offline from files alone."""
    story.step("The statement that nothing was handed over, checked offline from the files alone")
    story.equal("keys of clients that the buyer holds", wraps_of_other_firm(transfer), 0)
    clients = Client.objects.filter(book=transfer.book)
    read = Event.objects.filter(type=AuditEvent.DATA_READ, organisation=cast.taker.pk)
    story.equal(
        "clients whose data the buyer opened", read.filter(subject__in=clients.values("pk")).count(), 0
    )
    last = looks(transfer)[-1]
    wait_until(lambda: Event.objects.filter(pk=last.pk, leaf__isnull=False).exists(), what="the sequencer")
    giver, taker = cast["canglan.officer1"], cast["yuanxiu.officer1"]
    draft = draft_statement(transfer=transfer, transferor_signer=giver, transferee_signer=taker, by=giver)
    sign_statement(draft=draft, by=giver)
    certificate = sign_statement(draft=draft, by=taker)
    if certificate is None:
        raise NotAsExpected("both have signed, and nothing was issued")
    folder = outside / "certificate"
    _write_out(certificate, cast, folder)
    done = subprocess.run(  # noqa: S603  our own program and files
        [sys.executable, "-I", verify_handover.__file__, "certificate.json", "--keys", "keys.json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    for line in done.stdout.splitlines():
        story.say(line)
    if done.returncode != 0:
        raise NotAsExpected(f"the verifier says: {done.stdout}{done.stderr}")


def _write_out(certificate: Certificate, cast: Cast, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    officer = cast["canglan.officer1"]
    (folder / "certificate.json").write_bytes(read_certificate(certificate=certificate, by=officer))
    (folder / "keys.json").write_bytes(party_keys(certificate.transfer))
    head = checkpoints.latest()
    (folder / "checkpoint.txt").write_text(head.note if head else "", encoding="utf-8")
