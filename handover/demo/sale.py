"""The demo of an asset sale: who consents moves, everybody else stays, and the transferor keeps a sealed archive."""

import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from audit.reading import reading
from clients.models import ArchivedRow, Client, NoticeCampaign
from clients.services.archives import open_archive
from clients.services.consents import answer_counts, give_consent, import_consents, withdraw_consent
from clients.services.notices import import_delivery_evidence
from handover.demo import crossing, lawful, loading
from handover.demo.bases import agree, begin, close, refused
from handover.demo.cast import Cast
from handover.demo.loading import seal_file
from handover.demo.outside import verify_log
from handover.demo.story import NotAsExpected, Story
from handover.demo.transfers import reach
from sample.consents import ANSWERS, FILE
from transfer.consenting import moved_without_consent
from transfer.models import Recall, Transfer
from transfer.services.cases import assess_cases, funnel
from transfer.services.recalls import keep_client, open_recalls, return_client
from vault.models import SealedFile, Wrap
from vault.rows import Reading
from vault.tokens import source_digest


def tell(story: Story, scratch: Path, outside: Path, *, clients: int | None, seed: int) -> tuple[Cast, str]:
    """The whole story of a sale; its people, and the last line to print.

    Raises:
        NotAsExpected: a figure is other than the answers say.
    """
    cast, transfer, world = begin(
        Transfer.Basis.ASSET_SALE, story, scratch, outside, clients=clients, seed=seed
    )
    answers = json.loads((world / "evidence" / ANSWERS).read_text(encoding="utf-8"))
    loading.look(story, cast, transfer, world)
    agree(story, cast, transfer, world, approval="appraisal", reference="ZPB-2026-118")
    loading.load(story, cast, transfer, world)
    lawful.decide_late_extract(story, cast, transfer)
    reach(story, cast, transfer, "reviewing")
    campaign = lawful.announce(story, cast, transfer)
    reach(story, cast, transfer, "notifying")
    _ask(story, cast, transfer, campaign, world, answers)
    crossing.prove_backup(story, cast)
    crossing.rehearse(story, cast, transfer, world, scratch)
    crossing.except_people(story, cast, transfer)
    reach(story, cast, transfer, "ready")
    crossing.prepare(story, cast, transfer)
    run = crossing.cut_over(story, cast, transfer, world)
    _who_stayed(story, cast, transfer, answers)
    _archive(story, cast, transfer, answers)
    crossing.settle(story, cast, transfer, run, world, scratch)
    crossing.certify(story, cast, transfer, outside / "certificate")
    _change_of_mind(story, cast, transfer, campaign, answers)
    close(story, cast, transfer)
    verify_log(story, outside)
    return cast, "handover verified"


def _ask(
    story: Story,
    cast: Cast,
    transfer: Transfer,
    campaign: NoticeCampaign,
    world: Path,
    answers: dict[str, Any],
) -> None:
    """Proof that the question arrived, and every client's answer; each client has the verdict of the answers."""
    story.step("Each client is asked for separate consent; silence is no")
    officer = cast["canglan.officer1"]
    file, right = _evidence(cast, world, "送达凭证.csv")
    with right as opened:
        proof = import_delivery_evidence(
            campaign=campaign, file=file, book=transfer.book, reading=opened, by=officer
        )
    story.say(f"送达凭证.csv: {proof.kept} rows")
    file, right = _evidence(cast, world, FILE)
    with right as opened:
        loaded = import_consents(campaign=campaign, file=file, book=transfer.book, reading=opened, by=officer)
    story.say(f"{FILE}: {loaded.kept} rows")
    story.equal("answers that cannot count", len(loaded.refused_lines), answers["refused_lines"])
    found = answer_counts(transfer.pk)
    story.equal("answers", found, {name: answers[name] for name in ("given", "refused", "withdrawn")})
    counts = assess_cases(transfer=transfer, by=officer)
    wanted = {"cleared": "moving", "excluded": "excluded", "undeliverable": "undeliverable"}
    for state, name in wanted.items():
        story.equal(f"clients {state}", counts[state], answers[name])
    story.equal("clients in the funnel", sum(counts.values()), answers["clients"])


def _evidence(cast: Cast, world: Path, name: str) -> tuple[SealedFile, AbstractContextManager[Reading]]:
    """A file of evidence, sealed, with the right to read it."""
    file = seal_file(world / "evidence" / name, cast.giver, "evidence")
    right = reading(
        actor=cast["canglan.officer1"],
        organisation=cast.giver.pk,
        purpose="load_evidence",
        subjects=[file.pk],
    )
    return file, right


def _who_stayed(story: Story, cast: Cast, transfer: Transfer, answers: dict[str, Any]) -> None:
    """Nobody moved without consent; whoever stayed is in the transferor's custody, with its key untouched."""
    story.step("Who did not consent stays with the transferor, untouched")
    story.equal("clients who moved without consent", moved_without_consent(transfer), 0)
    stayed = Client.objects.filter(book=transfer.book, custodian=cast.giver)
    expected = answers["excluded"] + answers["undeliverable"]
    story.equal("clients who stay", stayed.count(), expected)
    keys = Wrap.objects.filter(subject__in=stayed.values("pk"), holder=cast.giver.pk, purpose="custody")
    story.equal("custody keys of those who stay", keys.count(), expected)
    others = Wrap.objects.filter(subject__in=stayed.values("pk")).exclude(holder=cast.giver.pk)
    story.equal("keys of theirs that anybody else holds", others.count(), 0)


def _archive(story: Story, cast: Cast, transfer: Transfer, answers: dict[str, Any]) -> None:
    """Of those who moved the transferor keeps ciphertext; its retention officer opens one client's, for a reason."""
    story.step("The transferor keeps a sealed archive of those who moved, and no key to read it in its work")
    archived = ArchivedRow.objects.filter(archive__occasion=transfer.pk)
    story.equal("clients in the archive", archived.values("client").distinct().count(), answers["moving"])
    moved = Client.objects.filter(book=transfer.book, custodian=cast.taker)
    wraps = Wrap.objects.filter(subject__in=moved.values("pk"), holder=cast.giver.pk)
    story.equal("custody keys the transferor still holds", wraps.filter(purpose="custody").count(), 0)
    story.equal("archive keys", wraps.filter(purpose="archive").count(), answers["moving"])
    newest = Wrap.objects.filter(subject__in=moved.values("pk"), holder=cast.taker.pk, key_version=2)
    story.equal("clients with a key version of the transferee alone", newest.count(), answers["moving"])
    client = moved.order_by("pk").first()
    if client is None:
        raise NotAsExpected("nobody moved")
    opened = open_archive(client=client, words="证监局现场检查调阅", by=cast["canglan.retention"])
    story.say(f"the retention officer opened one client's archive for an inspection: {len(opened)} rows")
    refused(
        story, "archive.none", lambda: open_archive(client=client, words="x", by=cast["yuanxiu.retention"])
    )


def _change_of_mind(
    story: Story, cast: Cast, transfer: Transfer, campaign: NoticeCampaign, answers: dict[str, Any]
) -> None:
    """Two clients withdraw after the handover: one is given back, one consents anew and stays."""
    story.step("Two clients withdraw consent after the handover: each is a recall to decide")
    digest = source_digest(transfer.book_id, "clients", answers["changes_mind"])
    first = Client.objects.get(book=transfer.book, source_digest=digest)
    second = Client.objects.filter(book=transfer.book, custodian=cast.taker).exclude(pk=first.pk)
    other = second.filter(is_under14=False).order_by("-pk").first()
    if other is None:
        raise NotAsExpected("nobody else moved")
    for client in (first, other):
        withdraw_consent(campaign=campaign, client=client, channel="call", by=cast["yuanxiu.staff1"])
    story.equal("recalls that wait", open_recalls(transfer), 2)
    refused(story, "transfer.clients_in_limbo", lambda: close(story, cast, transfer))
    officer = cast["yuanxiu.officer1"]
    return_client(
        recall=Recall.objects.get(transfer=transfer, client=first), words="客户撤回同意，退回。", by=officer
    )
    first.refresh_from_db()
    story.equal("the first client's custodian", first.custodian.code, cast.giver.code)
    held = Wrap.objects.filter(subject=first.pk, holder=cast.taker.pk)
    story.equal("keys of it that the transferee keeps", held.count(), 0)
    give_consent(campaign=campaign, client=other, channel="branch", by=cast["yuanxiu.staff1"])
    keep_client(
        recall=Recall.objects.get(transfer=transfer, client=other), words="客户重新同意。", by=officer
    )
    story.equal("clients recalled", funnel(transfer)["recalled"], 1)
