"""The two firms and their guests as the walk needs them, and the browser each person sits at."""

import datetime
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser

from handover.tests.browser.people import Person

CHINA = ZoneInfo("Asia/Shanghai")
GIVER = {"code": "CANGLAN", "name_en": "Canglan Securities Co., Ltd.", "name_zh": "沧澜证券有限公司"}
TAKER = {"code": "YUANXIU", "name_en": "Yuanxiu Securities Co., Ltd.", "name_zh": "远岫证券股份有限公司"}
AUDITORS = {
    "code": "MINGCHA",
    "name_en": "Mingcha Certified Public Accountants",
    "name_zh": "明察会计师事务所",
}
COUNSEL = {"code": "HENGZHI", "name_en": "Hengzhi Law Firm", "name_zh": "衡直律师事务所"}

# The accounts of each firm, opened by its own administrator.
DUTIES = {
    "officer1": ("compliance_officer",),
    "officer2": ("compliance_officer",),
    "manager": ("transfer_manager", "data_steward"),
    "staff1": ("client_service",),
}
NAMES = {
    "canglan": ("陈晓岚", "周以宁", "林致远", "何静"),
    "yuanxiu": ("许明哲", "沈嘉禾", "顾承宇", "陆小满"),
}


@dataclass
class Walk:
    """One walk: the stand's address, the sample world, everybody's password, and the transfer under way."""

    browser: Browser
    base: str
    world: Path
    scratch: Path
    answers: dict
    staff_no: str
    passwords: dict[str, str] = field(default_factory=dict)
    transfer: str = ""
    known: dict[str, str] = field(default_factory=dict)
    seated: dict[str, Person] = field(default_factory=dict)

    def __getitem__(self, account: str) -> Person:
        """The person at their browser, signed in."""
        if account not in self.seated:
            self.seated[account] = Person(self.browser, self.base, account, self.passwords[account]).sign_in()
        return self.seated[account]

    def at(self, account: str, page: str = "") -> Person:
        """The person on one page of the transfer."""
        return self[account].go(f"{self.transfer}{page}")

    def today(self) -> str:
        """The day as the product counts it."""
        return datetime.datetime.now(CHINA).date().isoformat()

    def leave(self) -> None:
        for person in self.seated.values():
            person.leave()

    def complaints(self) -> list[str]:
        """What browsers complained of, and every answer that was the server's own fault."""
        return [line for person in self.seated.values() for line in person.complaints]
