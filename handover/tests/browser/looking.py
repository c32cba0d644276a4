"""Who may find and see a client before and after the handover, and how the log tells of it."""

import csv

from playwright.sync_api import expect

from handover.tests.browser.company import Walk
from handover.tests.browser.people import PATIENCE, Person


def a_moving_client(walk: Walk) -> dict[str, str]:
    """A client of the staff number at hand who was loaded at once and moves."""
    file = walk.answers["files"]["客户资料.csv"]
    refused = {line for _, line, _, _ in file["rejects"]}
    leaving = {
        number for way in ("leaving_transfer", "leaving_close") for number in walk.answers["verdicts"][way]
    }
    parked = set(walk.answers["verdicts"]["parked_candidates"])
    with (walk.world / "transferor" / "客户资料.csv").open(encoding="gb18030", newline="") as text:
        for line, row in enumerate(csv.DictReader(text), start=2):
            plain = row["客户类型"] == "个人" and row["证件号码"] and row["手机号码"]
            if plain and row["客户经理"] == walk.staff_no and line not in refused:
                if row["客户号"] not in leaving | parked:
                    return row
    raise AssertionError("nobody of this staff number moves")


def _search(walk: Walk, account: str) -> Person:
    person = walk[account].go("/").follow("Clients")
    person.fill(field="id_number", value=a_moving_client(walk)["证件号码"])
    return person.press("Search", within="main")


def the_old_firm_finds_its_client(walk: Walk) -> None:
    _search(walk, "canglan.staff1").reads_first("1 client has exactly this value")


def the_new_firm_finds_and_reveals(walk: Walk) -> None:
    """The successor's staff finds the client by the whole number and shows one field for a purpose."""
    client = a_moving_client(walk)
    staff = _search(walk, "yuanxiu.staff1").reads_first("1 client has exactly this value")
    staff.reads_nowhere(client["客户姓名"]).reads_nowhere(client["证件号码"])
    staff.open(staff.page.locator("main tbody tr a").first)
    staff.reads_first("Yuanxiu Securities Co., Ltd.").reads("signature holds").reads_nowhere(
        client["手机号码"]
    )
    field = staff.page.locator(".reveal").filter(has_text="Show Telephone").first
    field.locator("summary").click()
    field.locator("select[name=purpose]").select_option("contact")
    field.locator("input[name=words]").fill("回访确认移交")
    field.get_by_role("button", name="Show and record").click()
    expect(staff.page.locator(".reveal-value")).to_have_text(client["手机号码"], timeout=PATIENCE)


def the_old_firm_finds_it_no_more(walk: Walk) -> None:
    _search(walk, "canglan.staff1").reads_first("0 clients have exactly this value")


def the_auditor_sees_the_reveal(walk: Walk) -> None:
    """Who looked, when and for what stands in the log; the value does not."""
    auditor = walk["auditor"].go("/").follow("Audit")
    auditor.fill(actor="yuanxiu.staff1").press("Filter", within="main")
    auditor.reads("client")
    auditor.open(
        auditor.page.locator("main tbody tr").filter(has_text="eveal").first.get_by_role("link").first
    )
    auditor.reads("contact").reads_nowhere(a_moving_client(walk)["手机号码"])
    auditor.go("/").follow("Audit").press("Verify the log").waits_for_the_work()
    auditor.go("/audit/").reads_first("verified")
