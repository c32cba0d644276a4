"""One client's own row, made from the seed and the client's place alone.

Invariant: `client_row` needs no other client's row, so a world of any size is written in one pass.
"""

import datetime as dt
import random

from sample import numbers, words
from sample.layouts import INSTITUTION, PERSON, PRODUCT
from sample.plan import Plan

Row = dict[str, object]

# Keeps the identities of the two firms' clients apart.
OTHER_FIRM_OFFSET = 400 * 2997

_CLEAN_PARTS = (
    "break.",
    "rare_",
    "turns_",
    "dormant_",
    "id_exp",
    "risk_exp",
    "minor_",
    "across",
    "old_identity",
    "objects",
    "unreachable",
    "late_",
    "duplicate",
    "two_units",
    "institution_plain",
    "product_plain",
)

# Of a thousand clients: up to which draw, which column, which words; no words means a date gone by.
_ODDITIES: tuple[tuple[int, str, tuple[str, ...]], ...] = (
    (30, "证件有效期", ()),
    (90, "风险评级到期日", ()),
    (100, "手机号码", ("",)),
    (106, "手机号码", ("02066668888", "12345678901", "1380013800", "13800138000-2")),
    (126, "客户经理", ("",)),
    (146, "客户状态", ("休眠",)),
    (151, "客户状态", ("不合格",)),
    (161, "客户状态", ("销户",)),
    (171, "投资者类别", ("专业B", "专业C")),
    (172, "客户姓名", ("王䶮", "李㛃", "𠮷野清")),
)


def day(date: dt.date) -> str:
    return date.isoformat().replace("-", "")


def years_before(date: dt.date, years: int) -> dt.date:
    """The same day so many years earlier; 28 February where the year has no 29th."""
    try:
        return date.replace(year=date.year - years)
    except ValueError:
        return date.replace(year=date.year - years, day=28)


def client_number(index: int) -> str:
    """Twelve digits: branch, then a serial; most begin with a zero."""
    branch = words.BRANCHES[index * 5 % len(words.BRANCHES)][0]
    return f"{branch}{index * 3 + 1000:08d}"


class People:
    """Makes the client rows of one plan."""

    def __init__(self, plan: Plan, as_of: dt.date, *, other_firm: bool = False) -> None:
        self.plan = plan
        self.as_of = as_of
        self.other_firm = other_firm
        self.offset = OTHER_FIRM_OFFSET if other_firm else 0

    def chance_of(self, index: int, salt: int = 0) -> random.Random:
        """The client's own source of chance; ``salt`` separates its uses."""
        return random.Random((self.plan.seed << 48) ^ (salt << 40) ^ index)  # noqa: S311 - not a secret

    def clean(self, index: int) -> bool:
        """Whether chance may add nothing odd to this client."""
        part = self.plan.part(index)
        return bool(part) and (part.startswith(_CLEAN_PARTS) or "." in part)

    def client_row(self, index: int) -> Row:
        """The true row of a client, before any planted fault."""
        kind = self.plan.kind(index)
        chance = self.chance_of(index)
        if kind == PERSON:
            row = self._person(index, chance)
        elif kind == INSTITUTION:
            row = self._institution(index, chance)
        else:
            row = self._product(index, chance)
        if not self.clean(index):
            self._spice(row, chance)
        self._play(row, index)
        return row

    def _row(self, index: int, kind: str, chance: random.Random) -> Row:
        town, postcode = chance.choice(words.TOWNS)
        branch = words.BRANCHES[index * 5 % len(words.BRANCHES)][0]
        road = chance.choice(words.ROADS)
        address = f"{town}{road}{chance.randrange(1, 400)}号"
        if index % 23 == 0:
            address += ",后座"
        opened = self.as_of - dt.timedelta(days=chance.randrange(400, 7000))
        expiry = self.as_of + dt.timedelta(days=chance.randrange(30, 700))
        return {
            "客户号": client_number(index),
            "客户类型": kind,
            "客户姓名": "",
            "证件类型": "",
            "证件号码": "",
            "证件有效期": "",
            "出生日期": "",
            "性别": "",
            "国籍": "中国",
            "手机号码": numbers.mobile(index + self.offset, self.plan.seed),
            "电子邮箱": f"c{index:07d}@example.com",
            "联系地址": address,
            "邮政编码": postcode,
            "职业": "",
            "学历": "",
            "风险等级": chance.choice(("最低", "C1", "C2", "C3", "C3", "C4", "C4", "C5")),
            "风险评级到期日": day(expiry),
            "投资者类别": "普通",
            "洗钱风险等级": chance.choice(("低", "低", "中低", "中", "中高", "高")),
            "客户状态": "正常",
            "开户日期": day(opened),
            "营业部代码": branch,
            "客户经理": f"{branch}{chance.randrange(1, 13):02d}",
            "一码通账号": f"{'18' if kind == PERSON else '19'}{index:010d}",
            "佣金率": chance.choice(("0.00015", "0.00020", "0.00025", "0.00030", "0.00100")),
            "客户标签": chance.choice(words.TAGS),
            "交易密码": f"{chance.getrandbits(64):016x}",
        }

    def _person(self, index: int, chance: random.Random) -> Row:
        row = self._row(index, PERSON, chance)
        same = self.plan.same_person.get(index, index)
        row.update(self.identity(same))
        row["职业"] = chance.choice(words.JOBS)
        row["学历"] = chance.choice(words.SCHOOLING)
        return row

    def identity(self, index: int) -> Row:
        """Who a person is: the columns two client numbers of one person share."""
        part, chance = self.plan.part(index), self.chance_of(index, 1)
        draw = chance.randrange(1000)
        if part == "clients.residence_checksum":
            draw = 5
        elif part == "across_passport_permit":
            draw = 15
        elif part:
            draw = 999
        if draw < 10:
            return self._resident(index, chance)
        if draw < 40:
            return self._from_abroad(index, chance, draw)
        return self._mainlander(index, part, chance, minor=draw < 48)

    def _mainlander(self, index: int, part: str, chance: random.Random, *, minor: bool) -> Row:
        birth = self._birth(index, part, chance, minor=minor)
        number, sex = self._number(index, birth)
        if part == "across_lower_x":
            number, sex, birth = self._ending_in_x(index, birth)
        if part in {"old_identity_15", "across_15_to_18"}:
            number = numbers.identity15(number)
        return {
            "客户姓名": chinese_name(chance),
            "证件类型": "身份证",
            "证件号码": number,
            "出生日期": day(birth),
            "性别": sex,
            "证件有效期": self._validity(birth, chance),
        }

    def _ending_in_x(self, index: int, birth: dt.date) -> tuple[str, str, dt.date]:
        for days in range(400):
            moved = birth - dt.timedelta(days=days * 32)
            number, sex = self._number(index, moved)
            if number.endswith("X"):
                return number, sex, moved
        raise AssertionError("no identity number with an X among four hundred birthdays")

    def _birth(self, index: int, part: str, chance: random.Random, *, minor: bool) -> dt.date:
        exact = {
            "turns_18_today": (18, 0),
            "turns_18_tomorrow": (18, 1),
            "turns_14_today": (14, 0),
            "turns_14_tomorrow": (14, 1),
        }
        if part in exact:
            years, days = exact[part]
            return years_before(self.as_of + dt.timedelta(days=days), years)
        youngest, oldest = 20, 85
        if part in {"minor_under_14", "minor_alone_under_14"}:
            youngest, oldest = 2, 12
        elif part in {"minor_over_14", "minor_alone_over_14"}:
            youngest, oldest = 15, 16
        elif minor:
            youngest, oldest = 1, 16
        birth = self.as_of - dt.timedelta(days=chance.randrange(youngest * 366, oldest * 366))
        return numbers.settle_birth(
            index + self.offset, birth, seed=self.plan.seed, other_firm=self.other_firm
        )

    def _number(self, index: int, birth: dt.date) -> tuple[str, str]:
        return numbers.identity(index + self.offset, birth, seed=self.plan.seed, other_firm=self.other_firm)

    def _validity(self, birth: dt.date, chance: random.Random) -> str:
        age = (self.as_of - birth).days // 365
        if age > 46:
            return "长期"
        return day(self.as_of + dt.timedelta(days=chance.randrange(40, 1700)))

    def _resident(self, index: int, chance: random.Random) -> Row:
        ordinal, serial = self.as_of.toordinal() - chance.randrange(25 * 366, 70 * 366), index + self.offset
        birth = dt.date.fromordinal(ordinal - ordinal % 512 + serial // 2997 % 512)
        number = numbers.residence_permit(serial, birth)
        return {
            "客户姓名": chinese_name(chance),
            "证件类型": "居住证",
            "证件号码": number,
            "出生日期": day(birth),
            "性别": "男" if int(number[16]) % 2 else "女",
            "证件有效期": self._validity(self.as_of, chance),
            "国籍": ("中国香港", "中国澳门", "中国台湾")[index % 3],
        }

    def _from_abroad(self, index: int, chance: random.Random, draw: int) -> Row:
        birth = self.as_of - dt.timedelta(days=chance.randrange(22 * 366, 75 * 366))
        row: Row = {
            "出生日期": day(birth),
            "性别": chance.choice("男女"),
            "证件有效期": self._validity(self.as_of, chance),
            "手机号码": f"+852{51_000_000 + index:08d}",
        }
        if draw < 20:
            nation = chance.choice(words.NATIONS)
            name = f"{chance.choice(words.ENGLISH_GIVEN)} {chance.choice(words.ENGLISH_SURNAMES)}"
            return row | {
                "客户姓名": name,
                "证件类型": "护照",
                "证件号码": f"P{index + self.offset + 10_000_000:08d}",
                "国籍": nation,
            }
        if draw < 32:
            letter, nation = ("H", "中国香港") if index % 2 else ("M", "中国澳门")
            return row | {
                "客户姓名": chinese_name(chance),
                "证件类型": "港澳通行证",
                "证件号码": f"{letter}{index + self.offset + 1_000_000:08d}",
                "国籍": nation,
            }
        return row | {
            "客户姓名": chinese_name(chance),
            "证件类型": "台胞证",
            "证件号码": f"{index + self.offset + 30_000_000:08d}",
            "国籍": "中国台湾",
        }

    def _institution(self, index: int, chance: random.Random) -> Row:
        row = self._row(index, INSTITUTION, chance)
        name = (
            chance.choice(words.FIRM_WORDS)
            + chance.choice(words.FIRM_WORDS)
            + chance.choice(words.FIRM_TRADES)
        )
        row.update(
            {
                "客户姓名": name + chance.choice(words.FIRM_ENDINGS),
                "证件类型": "统一社会信用代码",
                "证件号码": numbers.credit_code(index, other_firm=self.other_firm),
                "证件有效期": "长期",
            }
        )
        if chance.randrange(3) == 0:
            row.update({"投资者类别": "专业A", "风险等级": "", "风险评级到期日": ""})
        return row

    def _product(self, index: int, chance: random.Random) -> Row:
        row = self._row(index, PRODUCT, chance)
        name = f"{chance.choice(words.FIRM_WORDS)}{index % 97 + 1}号{chance.choice(words.PRODUCT_ENDINGS)}"
        row.update(
            {
                "客户姓名": name,
                "证件类型": "其他",
                "证件号码": f"SZ{index + self.offset + 100_000:07d}",
                "证件有效期": "长期",
                "投资者类别": "专业A",
                "风险等级": "",
                "风险评级到期日": "",
            }
        )
        return row

    def _spice(self, row: Row, chance: random.Random) -> None:
        """What is wrong with clients by chance: never a reject, often a finding."""
        draw = chance.randrange(1000)
        found = next(((column, words_) for limit, column, words_ in _ODDITIES if draw < limit), None)
        if found is None or not row[found[0]]:
            return
        column, words_ = found
        past = day(self.as_of - dt.timedelta(days=chance.randrange(2, 900)))
        row[column] = chance.choice(words_) if words_ else past

    def _play(self, row: Row, index: int) -> None:
        """What the client's part asks of its own row."""
        part = self.plan.part(index)
        if not part:
            return
        yesterday = self.as_of - dt.timedelta(days=1)
        changes: dict[str, Row] = {
            "id_expires_today": {"证件有效期": day(self.as_of)},
            "id_expired_yesterday": {"证件有效期": day(yesterday)},
            "risk_expires_today": {"风险评级到期日": day(self.as_of)},
            "risk_expired_yesterday": {"风险评级到期日": day(yesterday)},
            "id_missing": {"证件号码": ""},
            "phone_missing": {"手机号码": ""},
            "phone_invalid": {"手机号码": "10086123456"},
            "staff_missing": {"客户经理": ""},
            "unqualified": {"客户状态": "不合格"},
            "dormant_9999": {"客户状态": "休眠"},
            "dormant_10000": {"客户状态": "休眠"},
            "rare_䶮": {"客户姓名": "王䶮"},
            "rare_㛃": {"客户姓名": "李㛃"},
            "rare_𠮷": {"客户姓名": "𠮷野望舒"},
        }
        row.update(changes.get(part, {}))


def chinese_name(chance: random.Random) -> str:
    """A surname and one or two given characters, all within GBK."""
    given = "".join(chance.choice(words.GIVEN) for _ in range(1 if chance.randrange(4) == 0 else 2))
    surnames: tuple[str, ...] = words.DOUBLE_SURNAMES if chance.randrange(25) == 0 else words.SURNAMES
    return chance.choice(surnames) + given
