"""The two firms, their branches and people, the auditor and counsel of the demo."""

import csv
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from access.duties import Duty
from access.models import Organisation, User
from access.services import assign_duty, create_branch, create_organisation, create_user, found_installation

WORDS = (
    "amber",
    "birch",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grove",
    "heron",
    "iris",
    "jade",
    "kelp",
    "lotus",
)
DUTIES: dict[str, tuple[Duty, ...]] = {
    "officer1": (Duty.COMPLIANCE_OFFICER,),
    "officer2": (Duty.COMPLIANCE_OFFICER,),
    "manager": (Duty.TRANSFER_MANAGER, Duty.DATA_STEWARD),
    "staff1": (Duty.CLIENT_SERVICE,),
    "retention": (Duty.RETENTION_OFFICER,),
}
NAMES = {
    "canglan": {
        "officer1": "陈晓岚",
        "officer2": "周以宁",
        "manager": "林致远",
        "staff1": "何静",
        "retention": "韩守仁",
    },
    "yuanxiu": {
        "officer1": "许明哲",
        "officer2": "沈嘉禾",
        "manager": "顾承宇",
        "staff1": "陆小满",
        "retention": "方志远",
    },
}


@dataclass
class Cast:
    """Who takes part, and the passwords they were given."""

    giver: Organisation
    taker: Organisation
    people: dict[str, User] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> User:
        return self.people[name]


def assemble(world: Path, staff_no: str) -> Cast:
    """The installation is founded, both firms have keys, branches and people, the guests have accounts."""
    password = _password()
    admin = found_installation(
        code="CANGLAN",
        name_en="Canglan Securities Co., Ltd.",
        name_zh="沧澜证券有限公司",
        username="admin",
        name="系统管理员",
        password=password,
    )
    taker = create_organisation(
        by=admin,
        code="YUANXIU",
        name_en="Yuanxiu Securities Co., Ltd.",
        name_zh="远岫证券股份有限公司",
        kind="broker",
        contact={"name": "客户服务中心", "phone": "4008000000", "email": "service@yuanxiu.example"},
    )
    cast = Cast(admin.organisation, taker, {"admin": admin}, {"admin": password})
    _open(cast, "yuanxiu.admin", taker, "系统管理员", (Duty.ADMINISTRATOR,), by=admin)
    for organisation, by in ((cast.giver, admin), (taker, cast["yuanxiu.admin"])):
        for name, duties in DUTIES.items():
            number = staff_no if name == "staff1" else ""
            firm = organisation.code.lower()
            _open(cast, f"{firm}.{name}", organisation, NAMES[firm][name], duties, by=by, staff_no=number)
    _branches(world, cast)
    guests = (
        (
            "auditor",
            "MINGCHA",
            "Mingcha Certified Public Accountants",
            "明察会计师事务所",
            "auditor",
            Duty.AUDITOR,
        ),
        ("counsel", "HENGZHI", "Hengzhi Law Firm", "衡直律师事务所", "counsel", Duty.COUNSEL),
    )
    for name, code, name_en, name_zh, kind, duty in guests:
        guest = create_organisation(by=admin, code=code, name_en=name_en, name_zh=name_zh, kind=kind)
        _open(cast, name, guest, name_zh, (duty,), by=admin)
    return cast


def _open(
    cast: Cast,
    account: str,
    organisation: Organisation,
    name: str,
    duties: tuple[Duty, ...],
    *,
    by: User,
    staff_no: str = "",
) -> None:
    password = _password()
    user = create_user(
        by=by, organisation=organisation, username=account, name=name, password=password, staff_no=staff_no
    )
    for duty in duties:
        assign_duty(by=by, user=user, duty=duty)
    cast.people[account], cast.passwords[account] = user, password


def _branches(world: Path, cast: Cast) -> None:
    with (world / "agreement" / "营业部对照.csv").open(encoding="utf-8-sig", newline="") as text:
        for row in csv.DictReader(text):
            for side, organisation, by in (
                ("转让方", cast.giver, cast["admin"]),
                ("受让方", cast.taker, cast["yuanxiu.admin"]),
            ):
                name = row[f"{side}名称"]
                if not organisation.branches.filter(code=row[f"{side}代码"]).exists():
                    create_branch(
                        by=by, organisation=organisation, code=row[f"{side}代码"], name_en=name, name_zh=name
                    )


def _password() -> str:
    """Five words and a number: long enough for every rule, and easy to type from a terminal."""
    return "-".join([*(secrets.choice(WORDS) for _ in range(5)), str(secrets.randbelow(9000) + 1000)])
