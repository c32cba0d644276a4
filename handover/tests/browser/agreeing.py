"""A transfer is begun from nothing: a first look at the data, the parties, the agreement, law and approval."""

import datetime
import json
import re

from handover.tests.browser.company import CHINA, TAKER, Walk


def draft(walk: Walk) -> None:
    officer = walk["canglan.officer1"]
    officer.go("/").reads("No transfer yet").follow("New transfer")
    officer.fill(basis="merger").press("Draft the transfer")
    officer.reads("The transfer is drafted", "transferee not named yet")
    walk.transfer = re.search(r"/transfers/[0-9a-f-]{36}/", officer.page.url)[0]


def look_at_the_data(walk: Walk) -> None:
    """The manager sees how healthy the client file is, before any agreement exists."""
    manager = walk.at("canglan.manager").follow("Data health").follow("Look at a file")
    manager.fill(file=walk.world / "transferor" / "客户资料.csv").press("Look at it")
    file = walk.answers["files"]["客户资料.csv"]
    manager.reads_first(
        f"{file['rows']} lines looked at: {file['accepted']} can be loaded, {len(file['rejects'])} cannot."
    )
    manager.follow("Data health", within="main .page-actions")
    expired = walk.answers["finding_counts"]["first"]["id_expired"]
    assert manager.cells("Identity document expired")[1] == str(expired)


def name_the_transferee(walk: Walk) -> None:
    officer = walk.at("canglan.officer1").follow("Name the transferee")
    officer.fill(transferee=TAKER["name_en"]).press("Name the transferee")
    officer.reads("The transferee is named")


def plan_the_cutover(walk: Walk) -> None:
    """For this very day: evidence is forty days old and no clock is moved."""
    now = datetime.datetime.now(CHINA).strftime("%Y-%m-%dT%H:%M")
    officer = walk.at("canglan.officer1").follow("Plan the cutover")
    officer.fill(at=now).press("Plan the cutover").reads("The cutover is planned")


def open_to_guests(walk: Walk) -> None:
    officer = walk["canglan.officer1"]
    for guest in ("auditor", "counsel"):
        officer.go(walk.transfer).follow("Open to a guest")
        _choose_guest(officer, guest)
        officer.press("Open it").reads("It is opened")
    walk.at("auditor").reads(TAKER["name_en"])


def _choose_guest(officer, guest: str) -> None:
    options = officer.page.locator("#id_user option").filter(has_text=guest)
    officer.page.select_option("#id_user", options.first.get_attribute("value"))


def agree(walk: Walk) -> None:
    """The agreement is read from its document; every clause stands on the page."""
    papers = walk.world / "agreement"
    terms = json.loads((papers / "agreement.json").read_text(encoding="utf-8"))
    officer = walk.at("canglan.officer1").follow("Agreement").follow("Read it from a document")
    officer.fill(document=papers / "agreement.json").press(re.compile("Draft|Read"), within="main form")
    officer.reads(terms["title"]["en"])


def execute(walk: Walk) -> None:
    """The executed paper is registered, and both firms sign with their keys."""
    papers = walk.world / "agreement"
    terms = json.loads((papers / "agreement.json").read_text(encoding="utf-8"))
    officer = walk.at("canglan.officer1", "agreement/").follow("Register the executed agreement")
    officer.fill(document=papers / "转让协议.pdf", signed_on=terms["signed_on"]).press("Register it")
    officer.reads("The executed agreement is registered")
    for account in ("canglan.officer1", "yuanxiu.officer1"):
        signer = walk.at(account, "agreement/").follow("Sign")
        signer.reads("Cannot be undone", f"{len(terms['clauses'])}").press("Sign")
        signer.reads("Your firm has signed")
    signer.reads_first("is signed by both parties")


def word_and_approval(walk: Walk) -> None:
    counsel = walk["counsel"].go("/").follow(re.compile("^T-|^[A-Z]+-|20"), within="main table")
    counsel.follow("Agreement").follow("Confirm the legal basis").press("I confirm as counsel")
    counsel.reads("Your word is on record")
    terms = json.loads((walk.world / "agreement" / "agreement.json").read_text(encoding="utf-8"))
    officer = walk.at("canglan.officer1", "agreement/").follow("Record an approval")
    officer.fill(kind="csrc", reference="CSRC-2026-0417", granted_on=terms["signed_on"])
    officer.press("Record the approval").reads("CSRC-2026-0417")


def assess_impact(walk: Walk) -> None:
    """The impact assessment is written by one officer and approved by another, from gate 1."""
    officer = walk.at("canglan.officer1", "gates/1/").follow(re.compile("impact assessment"), within="main")
    officer.follow("Write the assessment")
    officer.fill(
        necessity="合并后由存续公司继续提供证券经纪服务，须承继客户资料。",
        risks="移交过程中泄露、错配、遗漏。",
        measures="逐户加密移交、双方签名、演练与对账。",
    )
    officer.page.check("input[name=conclusion][value=accept]")
    officer.press("Hand over for approval").reads("waits for a second person")
    other = walk.at("canglan.officer2", "gates/1/").follow(re.compile("impact assessment"), within="main")
    other.press("Approve").reads("The assessment is approved")
    other.go(f"{walk.transfer}gates/1/").reads_first(re.compile("is open"))
