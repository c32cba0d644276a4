"""The extracts are handed in, loaded, their rejects mended or left out, and every figure equals the answers."""

import csv
import re

from handover.tests.browser.company import Walk
from handover.tests.browser.people import Person

KINDS = {
    "客户资料.csv": "Clients",
    "账户资料.xlsx": "Accounts",
    "关联人.csv": "Related persons",
    "持仓.csv": "Holdings",
    "成交流水.csv": "Trades",
    "投资偏好.csv": "Preferences",
    "影像资料.zip": "Documents",
}


def begin_loading(walk: Walk) -> None:
    officer = walk.at("canglan.officer1").follow("To the next stage").press(re.compile("^Go to"))
    officer.reads("The transfer is now at")


def load_the_other_firms_clients(walk: Walk) -> None:
    """The transferee's own clients serve the matching only."""
    manager = walk.at("yuanxiu.manager", "imports/").follow("Hand in a file")
    manager.fill(file=walk.world / "transferee" / "客户资料.csv").press("Hand in", within="main")
    count = walk.answers["transferee_clients"]
    _load(manager, rows=count, accepted=count)


def load(walk: Walk) -> None:
    """Each file: recognised, looked at column by column, loaded, and its figures equal to the answers."""
    manager = walk["canglan.manager"]
    for name, kind in KINDS.items():
        manager.go(f"{walk.transfer}imports/")
        if name == "客户资料.csv":  # Handed in already for the first look.
            manager.follow(kind, within="main table")
            manager.reads("密码", "not stored")
        else:
            manager.follow("Hand in a file").fill(file=walk.world / "transferor" / name).press(
                "Hand in", within="main"
            )
        expected = walk.answers["files"][name]
        _load(manager, rows=expected["rows"], accepted=expected["accepted"])
        walk.known[name] = re.search(r"/transfers/.*", manager.page.url)[0]


def _load(manager: Person, *, rows: int, accepted: int) -> None:
    manager.press("Load", within="main .page-actions").waits_for_the_work()
    manager.reads_first(f"{accepted:,d} of {rows:,d} lines are loaded, {rows - accepted} rejected.")


def declare_totals(walk: Walk) -> None:
    manager = walk.at("canglan.manager", "imports/").follow("Declare control totals")
    manager.fill(file=walk.world / "transferor" / "控制总数.csv").press("Hand in", within="main")
    manager.go(f"{walk.transfer}imports/")
    for kind in KINDS.values():
        assert "equal" in manager.cells(kind), manager.cells(kind)


def look_for_clients_of_both(walk: Walk) -> None:
    manager = walk.at("canglan.manager", "health/").press("Look for clients of both firms")
    manager.reads(f"{len(walk.answers['matches'])} clients are clients of both firms")


def findings_equal(walk: Walk, when: str) -> None:
    """Every finding on the page has the count of the answers, and nothing else is found."""
    page = walk.at("canglan.manager", "health/").page
    counts = page.locator('main td a[href*="/health/"]').evaluate_all(
        "all => all.map(one => [one.getAttribute('href').split('/').slice(-2)[0], one.textContent])"
    )
    found = {
        code: int(re.search(r"[\d,]+", words)[0].replace(",", ""))
        for code, words in counts
        if "?" not in code
    }
    expected = {code: count for code, count in walk.answers["finding_counts"][when].items() if count}
    assert {code: found.get(code) for code in expected if code != "under_14"} == {
        code: count for code, count in expected.items() if code != "under_14"
    }
    assert set(found) <= set(expected)


def first_findings(walk: Walk) -> None:
    findings_equal(walk, "first")


def mend(walk: Walk) -> None:
    """The rejects are taken away as a file to mend; what comes back mended is loaded."""
    manager = walk["canglan.manager"]
    for name in KINDS:
        expected = walk.answers["files"][name]
        if not expected["rejects"]:
            continue
        manager.go(f"{walk.known[name]}rejects/")
        total = len(expected["rejects"])
        manager.reads_first(f"{total} of {total} rejected lines are still open")
        if name == "客户资料.csv":
            taken = manager.downloads(
                "Download, to mend", walk.scratch / f"rejects-{name}.csv", role="button"
            )
            with taken.open(encoding="utf-8-sig", newline="") as text:
                lines = {(int(row[0]), row[1]) for row in list(csv.reader(text))[1:]}
            assert lines == {(line, column) for _, line, column, _ in expected["rejects"]}
        manager.follow("Load the mended file")
        manager.fill(file=walk.world / "mended" / name).press("Hand in and load")
        manager.waits_for_the_work().reads_first(
            f"{expected['mended_rows']} of {expected['mended_rows']} lines"
        )


def leave_out(walk: Walk) -> None:
    """What cannot be mended stays out for a reason."""
    manager = walk["canglan.manager"]
    for name in KINDS:
        expected = walk.answers["files"][name]
        total = len(expected["rejects"])
        for place, _ in enumerate(expected["left_out"]):
            manager.go(f"{walk.known[name]}rejects/?decision=open")
            left = len(expected["left_out"]) - place
            manager.reads_first(f"{left} of {total} rejected lines are still open")
            manager.follow(re.compile("^Leave out line"), within="main table")
            manager.fill(reason="重复或无法认领的记录 / duplicate or unclaimed").press(
                "Leave out", within="main form"
            )
            manager.reads("1 line is left out")
    manager.go(f"{walk.transfer}imports/").reads_first("0 rejected lines open")


def last_findings(walk: Walk) -> None:
    look_for_clients_of_both(walk)
    findings_equal(walk, "after_mending")
