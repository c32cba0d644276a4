"""The demo's law: agreement, approvals, notices, evidence and the verdict on every client."""

import csv
import datetime
import json
from pathlib import Path

from audit.reading import reading
from clients.models import NoticeCampaign, Objection
from clients.services.notices import (
    approve_campaign,
    enter_announcement,
    import_delivery_evidence,
    sign_off_announcement,
)
from clients.services.objections import decide_objection, import_objections
from governance.services.assessments import approve_assessment, draft_assessment
from handover.demo.cast import Cast
from handover.demo.loading import answers_of, seal_file
from handover.demo.story import Story
from transfer.agreement_document import read_agreement
from transfer.models import ClauseBreach, ClientCase, Transfer
from transfer.services.agreements import (
    check_clauses,
    decide_breach,
    draft_agreement,
    register_executed,
    sign_agreement,
)
from transfer.services.cases import assess_cases, funnel
from transfer.services.letters import draft_notice, usual_values
from transfer.services.transfers import give_counsel_word, record_approval

OFFICER = "个人信息保护负责人 privacy@canglan.example 4008111111"


def agree(story: Story, cast: Cast, transfer: Transfer, world: Path) -> None:
    """Both firms have signed, counsel has spoken, the approval and the impact assessment are on record."""
    story.step("The agreement, signed by both firms")
    officer = cast["canglan.officer1"]
    document = (world / "agreement" / "agreement.json").read_bytes()
    agreement = draft_agreement(transfer=transfer, terms=read_agreement(document), by=officer)
    paper = seal_file(world / "agreement" / "转让协议.pdf", cast.giver, "evidence")
    signed_on = datetime.date.fromisoformat(json.loads(document)["signed_on"])
    with reading(
        actor=officer, organisation=cast.giver.pk, purpose="register_agreement", subjects=[paper.pk]
    ) as right:
        register_executed(agreement=agreement, document=paper, signed_on=signed_on, reading=right, by=officer)
    for signer in (officer, cast["yuanxiu.officer1"]):
        sign_agreement(agreement=agreement, by=signer)
    give_counsel_word(transfer=transfer, by=cast["counsel"])
    record_approval(
        transfer=transfer, kind="csrc", reference="CSRC-2026-0417", granted_on=signed_on, by=officer
    )
    story.say(
        f"version {agreement.version} with {agreement.clauses.count()} clauses; counsel confirms the merger basis"
    )
    assessment = draft_assessment(
        transfer=transfer,
        necessity="合并后由存续公司继续提供证券经纪服务，须承继客户资料。 The successor serves the same clients.",
        risks="移交过程中泄露、错配、遗漏。 Leak, mismatch or loss on the way.",
        measures="逐户加密移交、双方签名、演练与对账。 Custody by key, both signatures, rehearsals, reconciliation.",
        conclusion="accept",
        by=officer,
    )
    approve_assessment(assessment=assessment, by=cast["canglan.officer2"])
    story.say("impact assessment approved by a second person")


def decide_late_extract(story: Story, cast: Cast, transfer: Transfer) -> None:
    """The clause about the extract's day is breached; the transferee decides what follows."""
    check_clauses(transfer=transfer)
    breaches = ClauseBreach.objects.filter(clause__agreement__transfer=transfer, decided_at=None)
    for breach in breaches:
        story.say(f"clause {breach.clause.number} breached ({breach.fact}): {breach.clause.consequence_en}")
        decide_breach(
            breach=breach,
            decision="顺延切换日，不计违约金。 Cutover moved; no fee.",
            by=cast["yuanxiu.officer1"],
        )


def announce(story: Story, cast: Cast, transfer: Transfer) -> NoticeCampaign:
    """The notice is drafted against the law's list and approved by a second person."""
    story.step("The notice to clients, checked against the law's list")
    given = {**usual_values(transfer), "officer_contact": OFFICER}
    campaign = draft_notice(transfer=transfer, given=given, by=cast["canglan.officer1"])
    campaign = approve_campaign(campaign=campaign, by=cast["canglan.officer2"])
    story.say("both languages say everything that PIPL 17 and 22 and the checklist ask for")
    return campaign


def serve(story: Story, cast: Cast, transfer: Transfer, campaign: NoticeCampaign, world: Path) -> None:
    """Evidence, announcement and objections are on record, and every client has the verdict of the answers."""
    story.step("Proof of notice, announcement and objections")
    officer, answers = cast["canglan.officer1"], answers_of(world)
    for name, load in (("送达凭证.csv", import_delivery_evidence), ("异议.csv", import_objections)):
        file = seal_file(world / "evidence" / name, cast.giver, "evidence")
        with reading(
            actor=officer, organisation=cast.giver.pk, purpose="load_evidence", subjects=[file.pk]
        ) as right:
            loaded = load(campaign=campaign, file=file, book=transfer.book, reading=right, by=officer)
        story.say(f"{name}: {loaded.kept} rows")
    _announcements(cast, transfer, campaign, world)
    counts = assess_cases(transfer=transfer, by=officer)
    expected = answers["verdict_counts"]
    cases = ClientCase.objects.filter(transfer=transfer)
    found = {
        "notified_individually": cases.filter(served="individually").count(),
        "served_by_announcement": cases.filter(served="announcement").count(),
        "leaving": counts["leaving"],
        "objected_moves": counts["objected"],
    }
    story.equal("verdicts", found, {name: expected[name] for name in found})
    story.step("Every objection is decided")
    for objection in campaign.objections.exclude(decision__in=["left", "stays"]):
        # A wish that came after the window is the successor's to fulfil: the client stays for now.
        leaves = cases.filter(client=objection.client_id, state=ClientCase.State.LEAVING).exists()
        decision = Objection.Decision.LEAVING if leaves else Objection.Decision.STAYS
        decide_objection(objection=objection, decision=decision, by=officer)
    # Whoever wanted to leave had a month for it: their exits are finished before cutover.
    for objection in campaign.objections.filter(decision=Objection.Decision.LEAVING):
        decide_objection(objection=objection, decision=Objection.Decision.LEFT, by=officer)
    counts = assess_cases(transfer=transfer, by=officer)
    story.equal("clients who left", counts["left"], expected["leaving"])
    story.say(", ".join(f"{state} {count}" for state, count in counts.items() if count))
    story.equal("clients in the funnel", sum(funnel(transfer).values()), expected["clients"])


def _announcements(cast: Cast, transfer: Transfer, campaign: NoticeCampaign, world: Path) -> None:
    with (world / "evidence" / "公告.csv").open(encoding="utf-8-sig", newline="") as text:
        for row in csv.DictReader(text):
            announcement = enter_announcement(
                campaign=campaign,
                medium=row["媒体"],
                published_on=datetime.datetime.strptime(row["刊登日期"], "%Y%m%d")
                .replace(tzinfo=datetime.UTC)
                .date(),
                reference=row["凭证编号"],
                by=cast["canglan.officer1"],
                proof=seal_file(world / "evidence" / "公告.pdf", cast.giver, "evidence"),
            )
            sign_off_announcement(announcement=announcement, occasion=transfer, by=cast["counsel"])


def draft_only(cast: Cast, transfer: Transfer, world: Path) -> None:
    """The agreement is drafted and signed by the transferor alone."""
    document = (world / "agreement" / "agreement.json").read_bytes()
    officer = cast["canglan.officer1"]
    agreement = draft_agreement(transfer=transfer, terms=read_agreement(document), by=officer)
    sign_agreement(agreement=agreement, by=officer)
    check_clauses(transfer=transfer)
