"""The administrator registers who takes part; accounts are opened, duties given, and newcomers sign in."""

import secrets

from handover.tests.browser.company import AUDITORS, COUNSEL, DUTIES, NAMES, TAKER, Walk
from handover.tests.browser.people import Person


def found(walk: Walk) -> None:
    admin = walk["admin"]
    for words, kind in ((TAKER, "broker"), (AUDITORS, "auditor"), (COUNSEL, "counsel")):
        admin.go("/").follow("Organisations").follow("Register an organisation")
        admin.fill(kind=kind, **words).press("Register an organisation")
        admin.reads(words["name_en"])
    admin.reads_first("4 organisations take part")
    _open(walk, admin, "yuanxiu.admin", "系统管理员", ("administrator",), TAKER["name_en"])
    _open(walk, admin, "auditor", "明察会计师事务所", ("auditor",), AUDITORS["name_en"])
    _open(walk, admin, "counsel", "衡直律师事务所", ("counsel",), COUNSEL["name_en"])
    for firm, by in (("canglan", admin), ("yuanxiu", walk["yuanxiu.admin"])):
        for name, (account, duties) in zip(NAMES[firm], DUTIES.items(), strict=True):
            number = walk.staff_no if account == "staff1" else ""
            _open(walk, by, f"{firm}.{account}", name, duties, staff_no=number)
    admin.go("/access/people/").reads_first("7 people have an account")


def _open(
    walk: Walk,
    by: Person,
    account: str,
    name: str,
    duties: tuple[str, ...],
    firm: str = "",
    staff_no: str = "",
) -> None:
    walk.passwords[account] = secrets.token_urlsafe(15)
    by.go("/").follow("People and duties").follow("Open an account")
    by.fill(username=account, name=name, language="en", password=walk.passwords[account], staff_no=staff_no)
    if firm:
        by.fill(organisation=firm)
    by.press("Open an account")
    for duty in duties:
        by.fill(duty=duty).press("Give the duty")
        by.reads("The duty is given")


def first_sign_in(walk: Walk) -> None:
    """A newcomer signs in with the first password, is asked nothing, and chooses their own."""
    newcomer = walk["yuanxiu.staff1"]
    own = secrets.token_urlsafe(18)
    newcomer.page.locator(".topbar .person").click()
    newcomer.reads("Client service", "Yuanxiu Securities Co., Ltd.")
    newcomer.follow("Change your password")
    newcomer.fill(old=newcomer.password, new=own, again=own).press("Change the password")
    newcomer.reads("Your password is changed")
    walk.passwords["yuanxiu.staff1"] = newcomer.password = own
