"""Backup and drill, rehearsals, exception, runbook, mandate, cutover, and what came back from outside."""

import re

from handover.tests.browser.company import Walk
from handover.tests.browser.notifying import advance
from handover.tests.browser.people import Person
from sample.returns import write_returns

RETURNS = (
    "transferee/clients",
    "transferee/accounts",
    "transferee/holdings",
    "depository/holdings",
    "bank/balances",
)
FOLDERS = {"bank": "banks"}


def prove_backup(walk: Walk) -> None:
    manager = walk["canglan.manager"].go("/").follow("Backups").press("Take a backup")
    manager.waits_for_the_work().go(manager.page.url)
    manager.press("Restore aside and compare").waits_for_the_work().go(manager.page.url)
    manager.reads_first("Everything that was recorded was found again")


def first_rehearsal(walk: Walk) -> None:
    """The planted breaks are found, all of them and no other."""
    _rehearse(walk, 1)


def explain_breaks(walk: Walk) -> None:
    """Each says what happened, until the rehearsal leaves nothing unexplained."""
    manager = walk["canglan.manager"]
    for _ in walk.answers["breaks"]["rehearsal-1"]:
        manager.go(f"{walk.transfer}breaks/?state=open")
        manager.open(manager.page.locator("main tbody tr a").first)
        manager.fill(words="受让方装载程序缺陷，已修复。 Loader fault, mended before the next run.").press(
            "Explain"
        )
        manager.reads("The break is explained")
    manager.go(f"{walk.transfer}rehearsals/").reads_first(re.compile(r"\b0\b"))


def second_rehearsal(walk: Walk) -> None:
    _rehearse(walk, 2)


def _rehearse(walk: Walk, number: int) -> None:
    manager = walk.at("canglan.manager", "rehearsals/").press("Start a rehearsal").waits_for_the_work()
    manager.reads("tokens under a throw-away key")
    taker = walk.at("yuanxiu.manager", "rehearsals/").follow(f"Rehearsal {number}", within="main table")
    _send_back(walk, taker, f"rehearsal-{number}")
    found = len(walk.answers["breaks"][f"rehearsal-{number}"])
    taker.press("Reconcile").waits_for_the_work()
    taker.reads_first(re.compile(rf"Reconciled\D+{found}\D+{found}\b"))


def _send_back(walk: Walk, taker: Person, name: str, *, corrected: bool = False) -> None:
    """The delivery is downloaded and given to the world outside; what it answers is uploaded."""
    folder = walk.scratch / (name + ("-corrected" if corrected else ""))
    delivery = taker.downloads("Download the delivery", folder / "delivery.zip")
    home = walk.known.setdefault(name, re.search(r"/transfers/[^?]*", _page_of(taker))[0])
    write_returns(delivery, out=folder / "back", run=name, world=walk.world, corrected=corrected)
    for what in RETURNS:
        source, kind = what.split("/")
        taker.go(home)
        taker.fill(what=what, file=folder / "back" / FOLDERS.get(source, source) / f"{kind}.csv")
        taker.press("Upload and check").reads("rows came back")


def _page_of(person: Person) -> str:
    """The page the person was on; the step-up page names it as the way back, escaped."""
    found = re.search(r"next=([^&]+)", person.page.url)
    return re.sub("delivery/$", "", found[1].replace("%2F", "/")) if found else person.page.url


def except_people(walk: Walk) -> None:
    """Gate 7 has no room yet: one asks for an exception, another grants it."""
    officer = walk.at("canglan.officer1", "gates/7/").follow("Ask for an exception")
    officer.fill(reason="培训模块尚未启用，线下培训记录另附。 Training is recorded on paper for now.")
    officer.press("Ask for the exception").reads("The exception is asked for")
    other = walk.at("yuanxiu.officer1", "gates/7/").follow("Grant the exception").press("Grant the exception")
    other.reads("The gate is open by exception")
    advance(walk)


def prepare(walk: Walk) -> None:
    """The runbook stands, every outside party has proved that it is ready, and two people of each side say go."""
    manager = (
        walk.at("canglan.manager", "runbook/").press("Draft the runbook").reads("The runbook is drafted")
    )
    while manager.page.locator("main tr").filter(has_text="not proved").count():
        manager.open(
            manager.page.locator("main tr").filter(has_text="not proved").first.get_by_role("link").first
        )
        manager.fill(tested_on=walk.today(), evidence_reference="TEST-2026-01").press("Record the proof")
        manager.reads("The party is ready")
    manager.go(f"{walk.transfer}mandate/").follow("Draft a mandate").press("Draft the mandate")
    moving = walk.answers["verdict_counts"]["moving"]
    manager.reads_first(f"4 of 4 signatures are missing for {moving} clients")
    for account in ("canglan.manager", "canglan.officer1", "yuanxiu.manager", "yuanxiu.officer1"):
        signer = walk.at(account, "mandate/").follow("Say go").press("Say go").reads("Your go is signed")
    signer.reads_first(f"Both sides have said go for {moving} clients")


def follow_the_runbook(walk: Walk, first: int, last: int) -> None:
    """Each side starts and finishes its own steps in their order."""
    sides = {"Transferor": "canglan.manager", "Transferee": "yuanxiu.manager"}
    for number in range(first, last + 1):
        page = walk.at("canglan.manager", "runbook/").page
        owner = (
            page.locator("#runbook-steps tbody tr").nth(number - 1).locator("td").nth(2).inner_text().strip()
        )
        doer = walk.at(sides[owner], "runbook/")
        doer.press(f"Start step {number}").press(f"Finish step {number}").reads(f"Step {number} is done")


def ready_the_ground(walk: Walk) -> None:
    follow_the_runbook(walk, 1, 8)


def finish_the_runbook(walk: Walk) -> None:
    follow_the_runbook(walk, 9, 17)


def cut_over(walk: Walk) -> None:
    """Every client who may move passes from one firm to the other, batch by batch."""
    moving = walk.answers["verdict_counts"]["moving"]
    manager = walk.at("canglan.manager", "cutover/").follow("Begin the cutover")
    manager.reads_first(f"{moving} clients pass").reads("From now on the transfer cannot be aborted.")
    manager.press("Begin the cutover").waits_for_the_work()
    manager.reads_first(f"{moving} clients were handed over")


def reconcile(walk: Walk) -> None:
    """What came back after the cutover differs in exactly the planted places."""
    planted = len(walk.answers["breaks"]["cutover"])
    taker = walk.at("yuanxiu.manager", "cutover/")
    _send_back(walk, taker, "cutover")
    taker.press("Reconcile").waits_for_the_work().reads("Breaks of this run")
    assert _breaks(walk, taker, "open") == planted


def write_off(walk: Walk) -> None:
    """One difference is written off: asked for at one firm, decided at the other."""
    taker = walk["yuanxiu.manager"]
    for one in walk.answers["breaks"]["cutover"]:
        if one["outcome"] != "written_off":
            continue
        taker.go(f"{walk.transfer}breaks/?state=open&source={one['source']}&run={_run_of(taker, walk)}")
        taker.open(taker.page.locator("main tbody tr a").first)
        taker.fill(words="分位差异，双方确认。 Rounding, confirmed by both.").press("Ask to write it off")
        taker.reads("is asked to decide the write-off")
        other = walk.at("canglan.officer1", "breaks/?state=asked")
        other.open(other.page.locator("main tbody tr a").first)
        other.press("Write it off").reads("The break is written off")


def settle(walk: Walk) -> None:
    """Of three breaks one is corrected, one is written off by two people, and one stays open."""
    taker = walk.at("yuanxiu.manager", "cutover/")
    _send_back(walk, taker, "cutover", corrected=True)
    taker.press("Reconcile again").waits_for_the_work().reads("Breaks of this run")
    planted = walk.answers["breaks"]["cutover"]
    for state in ("corrected", "written_off", "open"):
        assert _breaks(walk, taker, state) == sum(one["outcome"] == state for one in planted), state


def _breaks(walk: Walk, taker: Person, state: str) -> int:
    """How many breaks of the cutover the ledger shows in one state."""
    taker.go(f"{walk.transfer}breaks/?state={state}&run={_run_of(taker, walk)}")
    return taker.page.locator("main tbody tr").count()


def _run_of(taker: Person, walk: Walk) -> str:
    """The value by which the filter of the ledger knows the cutover."""
    taker.go(f"{walk.transfer}breaks/")
    return taker.page.locator("select[name=run] option").filter(has_text="Cutover").get_attribute("value")
