"""Breach, notice, proof of it, objections, and what becomes of every client."""

import csv
import datetime
import re

from handover.tests.browser.company import Walk
from handover.tests.browser.people import Person

OFFICER = "个人信息保护负责人 privacy@canglan.example 4008111111"
CONTACT = "客户服务中心 service@yuanxiu.example 4008000000"


def advance(walk: Walk) -> Person:
    """The next stage, as far as its gates let it."""
    officer = walk.at("canglan.officer1").follow("To the next stage").press(re.compile("^Go to"))
    return officer.reads("The transfer is now at")


def decide_breaches(walk: Walk) -> None:
    """The extract came late: the clause says what it costs, and the transferee decides."""
    officer = walk.at("canglan.officer1", "agreement/")
    officer.press("Check every clause now").reads(re.compile(r"\d+ breach(es)? of"))
    other = walk.at("yuanxiu.officer1", "agreement/")
    while other.page.locator("main").get_by_role("link", name="Decide", exact=True).count():
        other.follow("Decide", within="main").reads("Each day of delay costs 50,000 yuan")
        other.fill(decision="顺延切换日，不计违约金。 Cutover moved; no fee.").press(
            "Decide", within="main form"
        )
        other.reads("The breach is decided")
    other.reads("decided")
    advance(walk)


def announce(walk: Walk) -> None:
    """The notice says all the law asks for; a second officer approves it."""
    officer = walk.at("canglan.officer1", "notices/").follow("Draft the notice")
    officer.fill(officer_contact=OFFICER, transferee_contact=CONTACT)
    officer.press("Draft the notice").reads("The notice is drafted")
    other = walk.at("canglan.officer2", "notices/").follow("Read and approve")
    other.press("Approve the notice").reads("The notice is approved")
    advance(walk)


def prove_delivery(walk: Walk) -> None:
    evidence = walk.world / "evidence"
    with (evidence / "公告.csv").open(encoding="utf-8-sig", newline="") as text:
        (announced,) = csv.DictReader(text)
    officer = walk.at("canglan.officer1", "notices/").follow("Load evidence of delivery")
    officer.fill(document=evidence / "送达凭证.csv").press("Load the evidence")
    officer.reads(f"Lines kept: {walk.answers['evidence']['attempts']};")
    officer.follow("Enter an announcement")
    officer.fill(
        medium=announced["媒体"],
        published_on=_day(announced["刊登日期"]).isoformat(),
        reference=announced["凭证编号"],
        proof=evidence / "公告.pdf",
    ).press("Enter the announcement").reads("The announcement is on record")
    counsel = (
        walk.at("counsel", "notices/").follow("Sign off", within="main").press("I sign it off as counsel")
    )
    counsel.reads("signed off by counsel")
    officer.follow("Load objections").fill(document=evidence / "异议.csv").press("Load the objections")
    officer.reads(f"Lines kept: {walk.answers['evidence']['objections']};")
    officer.reads_first(
        f"{walk.answers['verdict_counts']['notified_individually']} clients have proof of delivery"
    )


def assess(walk: Walk) -> None:
    """Every client has the verdict of the answers, in exactly one state."""
    counts = walk.answers["verdict_counts"]
    officer = walk.at("canglan.officer1", "cases/").press("Assess every client now")
    officer.reads(f"{counts['clients']} clients were assessed")
    assert state_count(officer, "leaving") == counts["leaving"]
    assert state_count(officer, "objected") == counts["objected_moves"]


def state_count(person: Person, state: str) -> int:
    """The figure that leads to exactly the clients of a state."""
    text = person.page.locator(f'main a[href$="?state={state}"]').first.inner_text()
    return int(re.search(r"[\d,]+", text)[0].replace(",", ""))


def decide_objections(walk: Walk) -> None:
    """Who asked in time leaves before the cutover; whoever objects only, or asked too late, stays for now."""
    late = set(walk.answers["verdicts"]["late_objection"])
    officer = walk["canglan.officer1"]
    with (walk.world / "evidence" / "异议.csv").open(encoding="utf-8-sig", newline="") as text:
        rows = list(csv.DictReader(text))
    for place, row in enumerate(rows):
        leaves = row["处理方式"] != "仅异议" and row["客户号"] not in late
        _decide(
            walk, officer, row, "left" if leaves else "stays", first="leaving" if leaves and place < 2 else ""
        )
    officer.go(f"{walk.transfer}cases/").press("Assess every client now")
    assert state_count(officer, "left") == walk.answers["verdict_counts"]["leaving"]


def _decide(walk: Walk, officer: Person, row: dict[str, str], decision: str, *, first: str = "") -> None:
    """The newest state of this client's wish; an exit may first be under way and then be finished."""
    day = _day(row["提出日期"]).strftime("%-d %b %Y")
    for step in filter(None, (first, decision)):
        officer.go(f"{walk.transfer}notices/")
        line = officer.page.locator("#objections tbody tr").filter(has_text=day)
        link = line.get_by_role("link", name="Decide", exact=True).first
        officer.open(link).fill(decision=step).press("Decide", within="main form")
        officer.reads("The objection is decided")


def _day(text: str) -> datetime.date:
    return datetime.datetime.strptime(text, "%Y%m%d").date()
