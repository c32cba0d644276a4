"""What belongs to one client: accounts, holdings, trades, preferences, related persons, documents.

Invariants: a holding or trade names accounts its client has; money is counted in cents and quantities in
hundredths, so no sum is ever rounded; a client's bundle depends on the seed and the client's place alone.
"""

import dataclasses
import datetime as dt
import random

from sample import layouts, numbers, words
from sample.layouts import ACCOUNTS, CLIENTS, DOCUMENTS, HOLDINGS, PERSON, PREFERENCES, RELATIONS, TRADES
from sample.people import People, Row, chinese_name, day

_PERMISSIONS = ("", "", "科创板", "创业板", "科创板;创业板", "创业板;港股通", "风险警示;可转债")


@dataclasses.dataclass
class Broken:
    """One planted fault: what is written instead of the true row, and how it must be refused."""

    column: str
    code: str
    written: list[object]
    mended: bool = True  # False: the row is to be left out for good


@dataclasses.dataclass
class Bundle:
    """All rows of one client as they truly are, and the faults planted among them."""

    index: int
    client: Row
    rows: dict[str, list[Row]] = dataclasses.field(
        default_factory=lambda: {kind: [] for kind in layouts.KINDS}
    )
    broken: dict[tuple[str, int], Broken] = dataclasses.field(default_factory=dict)

    def add(self, kind: str, row: Row) -> Row:
        self.rows[kind].append(row)
        return row

    @property
    def number(self) -> str:
        return str(self.client["客户号"])

    def main(self, kind: str) -> Row | None:
        """The client's first account of a kind."""
        return next((row for row in self.rows[ACCOUNTS] if row["账户类别"] == kind), None)


class Book:
    """Makes bundles."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.plan = people.plan
        self.as_of = people.as_of

    def bundle(self, index: int) -> Bundle:
        """Everything about one client, before faults."""
        client = self.people.client_row(index)
        bundle = Bundle(index, client)
        bundle.add(CLIENTS, client)
        part = self.plan.part(index)
        if part.endswith(".missing_client"):
            return bundle
        chance = self.people.chance_of(index, 2)
        if part.startswith("break."):
            self._plain_accounts(bundle, chance)
        else:
            self._accounts(bundle, chance)
            self._odd_accounts(bundle, chance, part)
        self._holdings(bundle, chance, part)
        self._trades(bundle, chance, part)
        if not part.startswith("break."):
            self._preferences(bundle, chance)
            self._relations(bundle, chance, part)
        return bundle

    # accounts

    def account(self, bundle: Bundle, kind: str, number: str, market: str = "", currency: str = "CNY") -> Row:
        """Add an account; cash and permissions are set by the caller."""
        client = bundle.client
        units = {"沪": "23456", "深": "391200", "北": "721300"}
        return bundle.add(
            ACCOUNTS,
            {
                "客户号": client["客户号"],
                "账户类别": kind,
                "账户号码": number,
                "市场": market,
                "币种": currency,
                "交易单元": units.get(market, ""),
                "存管银行": "",
                "银行卡号": "",
                "账户状态": "销户" if client["客户状态"] == "销户" else "正常",
                "开户日期": client["开户日期"],
                "资金余额": "",
                "冻结金额": "",
                "交易权限": "",
            },
        )

    def cash_account(self, bundle: Bundle, kind: str, cents: int, bank: str, *, currency: str = "CNY") -> Row:
        """Add a cash account at a bank with its card."""
        place = sum(1 for row in bundle.rows[ACCOUNTS] if row["存管银行"])
        row = self.account(bundle, kind, f"08{bundle.index:08d}{place:02d}", currency=currency)
        closed = row["账户状态"] == "销户"
        row.update(
            {
                "存管银行": bank,
                "银行卡号": numbers.bank_card(bundle.index * 100 + place),
                "资金余额": numbers.money(0 if closed else cents),
                "冻结金额": "0.00",
            }
        )
        return row

    def _plain_accounts(self, bundle: Bundle, chance: random.Random) -> None:
        self.cash_account(
            bundle, "资金账户", chance.randrange(1_000_00, 90_000_00), chance.choice(words.BANKS)
        )
        self.account(bundle, "深A", self._shenzhen(bundle), "深")

    def _shenzhen(self, bundle: Bundle) -> str:
        prefix = "01" if bundle.client["客户类型"] == PERSON else "08"
        return prefix + f"{numbers.spread(bundle.index, self.plan.seed, 10**8, 48_271):08d}"

    def _shanghai(self, bundle: Bundle, letter: str) -> str:
        return letter + f"{numbers.spread(bundle.index, self.plan.seed, 10**9, 48_271):09d}"

    def _accounts(self, bundle: Bundle, chance: random.Random) -> None:
        client, serial = bundle.client, bundle.index
        letter = {"个人": "A", "机构": "B", "产品": "D"}[str(client["客户类型"])]
        bank = chance.choice(words.BANKS)
        self.cash_account(bundle, "资金账户", self._cash(client, chance), bank)
        self.account(bundle, "沪A", self._shanghai(bundle, letter), "沪")["交易权限"] = chance.choice(
            _PERMISSIONS
        )
        shenzhen = self._shenzhen(bundle)
        self.account(bundle, "深A", shenzhen, "深")["交易权限"] = chance.choice(_PERMISSIONS)
        draw = chance.randrange(1000)
        if draw < 150:
            self.account(bundle, "北交所", shenzhen, "北")
        if draw % 4 == 0:
            self.account(bundle, "开放式基金", f"98{serial:010d}", "场外")
        if draw % 17 == 3:
            self._credit(bundle, chance, bank)
        if draw % 97 == 5:
            self.cash_account(bundle, "衍生品资金账户", chance.randrange(10**8), bank)
            self.account(bundle, "衍生品合约账户", self._shanghai(bundle, letter) + "001", "沪")
        if draw % 53 == 7:
            self._foreign(bundle, chance, bank)

    def _cash(self, client: Row, chance: random.Random) -> int:
        if client["客户状态"] == "休眠":
            return chance.randrange(0, 100_01)
        if client["客户类型"] == PERSON:
            return chance.choice(
                (0, 1, 5_00, chance.randrange(10_00, 9_000_00), chance.randrange(10_000_00, 900_000_00))
            )
        return chance.randrange(100_000_00, 90_000_000_00)

    def _credit(self, bundle: Bundle, chance: random.Random, bank: str) -> None:
        self.cash_account(bundle, "信用资金账户", chance.randrange(50_000_000), bank)
        tail = f"{numbers.spread(bundle.index, self.plan.seed, 10**9, 48_271):09d}"
        self.account(bundle, "沪信用", "E" + tail, "沪")["交易权限"] = "融资融券"
        self.account(bundle, "深信用", "06" + tail[1:], "深")["交易权限"] = "融资融券"

    def _foreign(self, bundle: Bundle, chance: random.Random, bank: str) -> None:
        tail = f"{numbers.spread(bundle.index, self.plan.seed, 10**8, 48_271):08d}"
        self.cash_account(bundle, "资金账户", chance.randrange(2_000_000), bank, currency="USD")
        self.account(bundle, "沪B", "C9" + tail, "沪", "USD")
        self.cash_account(bundle, "资金账户", chance.randrange(9_000_000), bank, currency="HKD")
        self.account(bundle, "深B", "20" + tail, "深", "HKD")

    def _odd_accounts(self, bundle: Bundle, chance: random.Random, part: str) -> None:
        ordinary = not part
        cash = {"dormant_9999": "99.99", "dormant_10000": "100.00", "dormant_10001": "100.01"}
        if part in cash:
            bundle.rows[ACCOUNTS][0]["资金余额"] = cash[part]
        if part == "multi_bank" or (ordinary and chance.randrange(33) == 0):
            first = str(bundle.rows[ACCOUNTS][0]["存管银行"])
            other = words.BANKS[(words.BANKS.index(first) + 3) % len(words.BANKS)]
            self.cash_account(bundle, "资金账户", chance.randrange(10_000_00), other)
        if part == "undesignated" or (ordinary and chance.randrange(60) == 0):
            self._set(bundle, "沪A", "交易单元", "")
        if part == "frozen_account" or (ordinary and chance.randrange(500) == 0):
            self._set(bundle, "资金账户", "账户状态", "冻结")
        if ordinary and chance.randrange(300) == 0:
            self._set(bundle, "深A", "账户状态", "挂失")

    def _set(self, bundle: Bundle, kind: str, column: str, value: str) -> None:
        account = bundle.main(kind)
        if account is not None:
            account[column] = value

    # holdings and trades

    def holding(self, bundle: Bundle, account: Row, code: str, name: str, cents: int, hundredths: int) -> Row:
        """Add a holding; its value is price times quantity, to the cent."""
        market = str(account["市场"])
        unit = str(account["交易单元"]) or ("391200" if market == "深" else "")
        whole = hundredths % 100 == 0
        return bundle.add(
            HOLDINGS,
            {
                "客户号": bundle.client["客户号"],
                "资金账号": self._cash_for(bundle, str(account["币种"]))["账户号码"],
                "证券账号": account["账户号码"],
                "市场": market,
                "证券代码": code,
                "证券名称": name,
                "持仓数量": str(hundredths // 100) if whole else numbers.money(hundredths),
                "冻结数量": "0",
                "质押数量": "0",
                "成本价": numbers.money(cents * 97 // 100),
                "市值": numbers.money(cents * hundredths // 100),
                "币种": account["币种"],
                "托管单元": unit,
            },
        )

    def _cash_for(self, bundle: Bundle, currency: str) -> Row:
        return next(
            row for row in bundle.rows[ACCOUNTS] if row["账户类别"] == "资金账户" and row["币种"] == currency
        )

    def _holdings(self, bundle: Bundle, chance: random.Random, part: str) -> None:
        if bundle.client["客户状态"] in {"休眠", "销户"} or part.startswith("dormant"):
            return
        many = 1 if part.startswith("break.") else max(1 if part else 0, chance.choice((0, 1, 2, 2, 3, 4)))
        places = [
            row
            for row in bundle.rows[ACCOUNTS]
            if row["市场"] and row["账户类别"] not in {"衍生品合约账户", "沪信用", "深信用"}
        ]
        taken: set[tuple[object, str]] = set()
        for _ in range(many):
            account = chance.choice(places)
            market = str(account["市场"])
            book = str(account["账户类别"]) if account["币种"] != "CNY" else market
            code, name, cents = chance.choice(words.SECURITIES[book])
            if (account["账户号码"], code) in taken:
                continue
            taken.add((account["账户号码"], code))
            hundredths = (
                chance.randrange(1_00, 90_000_00) if market == "场外" else chance.randrange(1, 300) * 100_00
            )
            row = self.holding(bundle, account, code, name, cents, hundredths)
            if not part:
                self._encumber(row, hundredths // 100, chance)
        self._odd_holdings(bundle, part)

    def _encumber(self, row: Row, quantity: int, chance: random.Random) -> None:
        draw = chance.randrange(1000)
        if draw < 2:
            row["冻结数量"] = str(max(1, quantity // 2))
        elif draw < 4:
            row["质押数量"] = str(max(1, quantity // 3))

    def _odd_holdings(self, bundle: Bundle, part: str) -> None:
        shenzhen = bundle.main("深A")
        if part == "two_units" and shenzhen is not None:
            for unit in ("391200", "391205"):
                self.holding(bundle, shenzhen, "000858", "听涛文旅", 3_120, 600_00)["托管单元"] = unit
        columns = {"frozen_holding": "冻结数量", "part_pledged": "质押数量"}
        if part in columns and shenzhen is not None:
            row = self.holding(bundle, shenzhen, "000876", "知秋农业", 947, 1000_00)
            row[columns[part]] = "400"

    def trade(self, bundle: Bundle, holding: Row, place: int, chance: random.Random) -> Row:
        """Add a trade in the security of a holding, with fees at the usual rates."""
        when = self.as_of - dt.timedelta(days=chance.randrange(1, 1000))
        quantity, cents = chance.randrange(1, 80) * 100, chance.randrange(2_00, 60_00)
        amount, sells = quantity * cents, chance.randrange(2) == 0
        return bundle.add(
            TRADES,
            {
                "成交编号": f"{day(when)}{bundle.index:08d}{place:02d}",
                "成交日期": day(when),
                "客户号": holding["客户号"],
                "资金账号": holding["资金账号"],
                "证券账号": holding["证券账号"],
                "市场": holding["市场"],
                "证券代码": holding["证券代码"],
                "买卖方向": "卖出" if sells else "买入",
                "成交数量": str(quantity),
                "成交价格": numbers.money(cents),
                "成交金额": numbers.money(amount),
                "佣金": numbers.money(max(5_00, amount * 25 // 100_000)),
                "印花税": numbers.money(amount * 5 // 10_000 if sells else 0),
                "过户费": numbers.money(amount // 100_000),
                "币种": holding["币种"],
            },
        )

    def _trades(self, bundle: Bundle, chance: random.Random, part: str) -> None:
        holdings = bundle.rows[HOLDINGS]
        if not holdings:
            return
        for place in range(max(1 if part else 0, chance.randrange(0, 13))):
            self.trade(bundle, chance.choice(holdings), place, chance)

    # the rest

    def _preferences(self, bundle: Bundle, chance: random.Random) -> None:
        values = {
            "投资期限": ("短期", "中期", "长期"),
            "投资品种": ("股票", "债券", "基金", "混合"),
            "资讯推送": ("开", "关"),
            "沟通语言": ("中文", "English"),
            "风险提示方式": ("短信", "电话", "应用推送"),
        }
        for item in chance.sample(layouts.VOCABULARY[PREFERENCES]["偏好项"], chance.randrange(0, 4)):
            when = self.as_of - dt.timedelta(days=chance.randrange(10, 900))
            bundle.add(
                PREFERENCES,
                {
                    "客户号": bundle.client["客户号"],
                    "偏好项": item,
                    "偏好值": chance.choice(values[item]),
                    "登记日期": day(when),
                },
            )

    def relation(self, bundle: Bundle, relation: str, chance: random.Random, share: str = "") -> Row:
        """Add a related person with a valid identity number of their own."""
        birth = self.as_of - dt.timedelta(days=chance.randrange(26 * 366, 60 * 366))
        serial = bundle.index * 3 + len(bundle.rows[RELATIONS])
        number, _ = numbers.identity(serial % numbers.SERIALS, birth, seed=self.plan.seed + 1)
        until = self.as_of + dt.timedelta(days=chance.randrange(100, 1500))
        return bundle.add(
            RELATIONS,
            {
                "客户号": bundle.client["客户号"],
                "关系": relation,
                "姓名": chinese_name(chance),
                "证件类型": "身份证",
                "证件号码": number,
                "手机号码": numbers.mobile(serial + 5_000_000, self.plan.seed),
                "持股比例": share,
                "有效期至": day(until),
            },
        )

    def _relations(self, bundle: Bundle, chance: random.Random, part: str) -> None:
        client = bundle.client
        if client["客户类型"] == PERSON:
            limit = (self.as_of - dt.timedelta(days=18 * 366 + 40)).strftime("%Y%m%d")
            if str(client["出生日期"]) > limit and not part.startswith("minor_alone"):
                self.relation(bundle, "监护人", chance)
            elif not part and chance.randrange(50) == 0:
                self.relation(bundle, "代理人", chance)
        elif client["客户类型"] == "机构":
            for share in ("51.00", "30.50")[: chance.randrange(1, 3)]:
                self.relation(bundle, "受益所有人", chance, share)
            self.relation(bundle, "代理人", chance)

    def document(self, bundle: Bundle, what: str, content: bytes, digest: str) -> Row:
        """Add the index row of a document."""
        ending = "png" if what.startswith("身份证") or what == "营业执照" else "pdf"
        name = f"{bundle.client['客户号']}_{what}.{ending}"
        return bundle.add(
            DOCUMENTS,
            {
                "文件名": name,
                "客户号": bundle.client["客户号"],
                "材料类型": what,
                "SHA256": digest,
                "大小": str(len(content)),
            },
        )
