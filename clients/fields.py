"""The fields of the extracts a brokerage hands over: one table for import, policies, masking and documents.

Invariants:
- A field has one canonical name per kind of extract, one Chinese heading, and aliases under which other
  systems write it; no two fields of a kind share an alias.
- The key fields of a kind together name one row of the source system for ever.
- Grades follow JR/T 0171-2020: C3 credentials, C2 what identifies a person or their money, C1 the rest.
"""

import unicodedata
from dataclasses import dataclass, field
from typing import Final

CLIENT_NO: Final = "client_no"


@dataclass(frozen=True, slots=True)
class Field:
    """One column. ``parse`` names how its text is read; ``choices`` maps words of the source to codes."""

    name: str
    heading: str
    parse: str = "text"
    required: bool = False
    grade: str = "C1"
    aliases: tuple[str, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()
    policy: str = "move"
    sums: bool = False

    def names(self) -> tuple[str, ...]:
        """Everything a heading may say to mean this field."""
        return (self.heading, self.name, *self.aliases)


@dataclass(frozen=True)
class Layout:
    """The columns of one kind of extract and the ones that form the source key."""

    kind: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    by_name: dict[str, Field] = field(init=False)
    by_heading: dict[str, Field] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {item.name: item for item in self.fields})
        headings = {plain(name): item for item in self.fields for name in item.names()}
        object.__setattr__(self, "by_heading", headings)

    def required(self) -> list[Field]:
        """The columns without which the extract cannot be read."""
        return [item for item in self.fields if item.required]


def plain(heading: str) -> str:
    """A heading as compared: compatibility forms folded, no blanks, lower case."""
    return "".join(unicodedata.normalize("NFKC", heading).split()).lower()


def same(*words: str) -> tuple[tuple[str, str], ...]:
    """Words kept as they are."""
    return tuple((word, word) for word in words)


_CLIENT_NO: Final = Field(
    CLIENT_NO,
    "客户号",
    "code",
    True,
    "C2",
    ("客户代码", "客户编号", "client_id", "cust_code"),
    policy="remap",
)
_CURRENCY: Final = Field(
    "currency",
    "币种",
    "choice",
    True,
    "C1",
    ("货币代码", "money_type"),
    (*same("CNY", "USD", "HKD"), ("人民币", "CNY"), ("美元", "USD"), ("港币", "HKD")),
)
_MARKET: Final = Field(
    "market",
    "市场",
    "choice",
    False,
    "C1",
    ("交易市场", "exchange_type"),
    (("沪", "SH"), ("深", "SZ"), ("北", "BJ"), ("场外", "OTC"), *same("SH", "SZ", "BJ", "OTC")),
)
_MARKET_NEEDED: Final = Field(
    _MARKET.name, _MARKET.heading, "choice", True, "C1", _MARKET.aliases, _MARKET.choices
)
ID_TYPES: Final = (
    ("身份证", "id_card"),
    ("港澳通行证", "hk_mo_permit"),
    ("台胞证", "tw_permit"),
    ("护照", "passport"),
    ("居住证", "residence_permit"),
    ("统一社会信用代码", "uscc"),
    ("其他", "other"),
)
_FUND_ACCOUNT: Final = Field(
    "fund_account", "资金账号", "code", True, "C2", ("资金账户", "资金帐号", "fund_account_no")
)
_ACCOUNT_NO: Final = Field(
    "account_no", "证券账号", "code", True, "C2", ("股东账户", "证券帐号", "股东代码", "stock_account")
)
_SECURITY: Final = Field("code", "证券代码", "code", True, "C1", ("zqdm", "security_code"))
_ID_TYPE: Final = Field("id_type", "证件类型", "choice", False, "C1", ("证件类别", "id_kind"), ID_TYPES)
_ID_NUMBER: Final = Field("id_number", "证件号码", "identity", False, "C2", ("证件编号", "身份证号", "id_no"))
_PHONE: Final = Field("phone", "手机号码", "text", False, "C2", ("手机", "联系电话", "mobile"))

CLIENTS: Final = Layout(
    "clients",
    (
        _CLIENT_NO,
        Field(
            "kind",
            "客户类型",
            "choice",
            True,
            "C1",
            ("客户类别", "client_type"),
            (("个人", "person"), ("机构", "institution"), ("产品", "product")),
        ),
        Field("name", "客户姓名", "text", True, "C2", ("客户名称", "姓名", "股东姓名", "股东名称", "khxm")),
        Field("id_type", "证件类型", "choice", True, "C1", ("证件类别", "id_kind"), ID_TYPES),
        _ID_NUMBER,
        Field(
            "id_expires_on", "证件有效期", "expiry", False, "C2", ("证件到期日", "证件有效期至", "id_expiry")
        ),
        Field("birth_date", "出生日期", "date", False, "C2", ("生日", "birthday")),
        Field("sex", "性别", "choice", False, "C1", ("gender",), same("男", "女")),
        Field("nationality", "国籍", "text", False, "C1", ("国家地区",)),
        _PHONE,
        Field("email", "电子邮箱", "text", False, "C2", ("邮箱", "e_mail")),
        Field("address", "联系地址", "text", False, "C2", ("地址", "通讯地址")),
        Field("postcode", "邮政编码", "code", False, "C1", ("邮编", "zip_code")),
        Field("occupation", "职业", "text", False, "C1", ("职业代码",)),
        Field("education", "学历", "text", False, "C1", ("学历代码",)),
        Field(
            "risk_level",
            "风险等级",
            "choice",
            False,
            "C2",
            ("风险承受能力", "corp_risk_level"),
            same("最低", "C1", "C2", "C3", "C4", "C5"),
            "remap",
        ),
        Field("risk_expires_on", "风险评级到期日", "date", False, "C1", ("风险测评到期日", "risk_expiry")),
        Field(
            "investor_class",
            "投资者类别",
            "choice",
            False,
            "C1",
            ("投资者分类",),
            same("普通", "专业A", "专业B", "专业C"),
        ),
        Field(
            "aml_level",
            "洗钱风险等级",
            "choice",
            False,
            "C2",
            ("反洗钱等级", "aml_risk"),
            same("低", "中低", "中", "中高", "高"),
        ),
        Field(
            "status",
            "客户状态",
            "choice",
            True,
            "C1",
            ("状态", "client_status"),
            (("正常", "normal"), ("休眠", "dormant"), ("不合格", "unqualified"), ("销户", "closed")),
        ),
        Field("opened_on", "开户日期", "date", True, "C1", ("开户日", "open_date")),
        Field(
            "branch", "营业部代码", "code", True, "C1", ("营业部", "机构代码", "branch_no"), policy="remap"
        ),
        Field("staff_no", "客户经理", "code", False, "C1", ("客户经理工号", "staff")),
        Field("unified_account", "一码通账号", "code", False, "C2", ("一码通", "一码通号", "unified_no")),
        Field("commission_rate", "佣金率", "number", False, "C1", ("佣金费率", "fare_rate")),
        Field("tags", "客户标签", "text", False, "C1", ("标签",), policy="never"),
        Field("trading_password", "交易密码", "text", False, "C3", ("密码", "password"), policy="never"),
    ),
    (CLIENT_NO,),
)

ACCOUNTS: Final = Layout(
    "accounts",
    (
        _CLIENT_NO,
        Field(
            "kind",
            "账户类别",
            "choice",
            True,
            "C1",
            ("账户类型", "帐户类别", "account_type"),
            (
                ("资金账户", "fund"),
                ("信用资金账户", "fund_credit"),
                ("衍生品资金账户", "fund_derivatives"),
                ("沪A", "sh_a"),
                ("深A", "sz_a"),
                ("北交所", "bj"),
                ("沪B", "sh_b"),
                ("深B", "sz_b"),
                ("沪信用", "sh_credit"),
                ("深信用", "sz_credit"),
                ("开放式基金", "open_fund"),
                ("衍生品合约账户", "derivatives"),
            ),
        ),
        Field("number", "账户号码", "code", True, "C2", ("账号", "帐号", "account_number")),
        _MARKET,
        _CURRENCY,
        Field("trading_unit", "交易单元", "code", False, "C1", ("席位代码", "交易席位", "席位号", "seat_no")),
        Field("bank", "存管银行", "text", False, "C1", ("银行", "bank_name")),
        Field("bank_card", "银行卡号", "code", False, "C2", ("银行账号", "银行帐号", "bank_account")),
        Field(
            "status",
            "账户状态",
            "choice",
            True,
            "C1",
            ("状态", "account_status"),
            (("正常", "normal"), ("冻结", "frozen"), ("挂失", "lost"), ("销户", "closed")),
        ),
        Field("opened_on", "开户日期", "date", False, "C1", ("开户日", "open_date")),
        Field("balance", "资金余额", "number", False, "C2", ("余额", "current_amount"), sums=True),
        Field("frozen", "冻结金额", "number", False, "C2", ("冻结资金", "frozen_amount")),
        Field("permissions", "交易权限", "text", False, "C1", ("权限", "trade_access")),
    ),
    (CLIENT_NO, "kind", "number"),
)

RELATIONS: Final = Layout(
    "relations",
    (
        _CLIENT_NO,
        Field(
            "relation",
            "关系",
            "choice",
            True,
            "C1",
            ("关系类型", "relation_type"),
            (("监护人", "guardian"), ("代理人", "agent"), ("受益所有人", "owner")),
        ),
        Field("name", "姓名", "text", True, "C2", ("关联人姓名", "related_name")),
        _ID_TYPE,
        _ID_NUMBER,
        _PHONE,
        Field("share_percent", "持股比例", "number", False, "C1", ("比例", "share")),
        Field("valid_until", "有效期至", "expiry", False, "C1", ("有效期", "valid_to")),
    ),
    (CLIENT_NO, "relation", "id_number"),
)

HOLDINGS: Final = Layout(
    "holdings",
    (
        _CLIENT_NO,
        _FUND_ACCOUNT,
        _ACCOUNT_NO,
        _MARKET_NEEDED,
        _SECURITY,
        Field("name", "证券名称", "text", False, "C1", ("证券简称", "stock_name")),
        Field("quantity", "持仓数量", "number", True, "C2", ("股份数量", "持股数量"), sums=True),
        Field("frozen", "冻结数量", "number", False, "C2", ("frozen_quantity",)),
        Field("pledged", "质押数量", "number", False, "C2", ("pledged_quantity",)),
        Field("cost_price", "成本价", "number", False, "C2", ("成本价格",)),
        Field("market_value", "市值", "number", False, "C2", ("证券市值",), sums=True),
        _CURRENCY,
        Field("custody_unit", "托管单元", "code", False, "C1", ("托管席位",)),
    ),
    (CLIENT_NO, "fund_account", "account_no", "market", "code", "custody_unit"),
)

TRADES: Final = Layout(
    "trades",
    (
        Field("trade_no", "成交编号", "code", True, "C1", ("成交号", "cjbh")),
        Field("traded_on", "成交日期", "date", True, "C1", ("成交日", "trade_date")),
        _CLIENT_NO,
        _FUND_ACCOUNT,
        _ACCOUNT_NO,
        _MARKET_NEEDED,
        _SECURITY,
        Field(
            "side",
            "买卖方向",
            "choice",
            True,
            "C2",
            ("买卖标志", "entrust_bs"),
            (("买入", "buy"), ("卖出", "sell"), ("B", "buy"), ("S", "sell")),
        ),
        Field("quantity", "成交数量", "number", True, "C2", ("成交股数", "business_amount")),
        Field("price", "成交价格", "number", True, "C2", ("成交价", "business_price")),
        Field("amount", "成交金额", "number", True, "C2", ("成交额", "business_balance"), sums=True),
        Field("commission", "佣金", "number", False, "C1", ("手续费", "fare0")),
        Field("stamp_duty", "印花税", "number", False, "C1", ("印花", "fare1")),
        Field("transfer_fee", "过户费", "number", False, "C1", ("过户", "fare2")),
        _CURRENCY,
    ),
    ("trade_no",),
)

PREFERENCES: Final = Layout(
    "preferences",
    (
        _CLIENT_NO,
        Field(
            "item",
            "偏好项",
            "choice",
            True,
            "C1",
            ("偏好类型",),
            same("投资期限", "投资品种", "资讯推送", "沟通语言", "风险提示方式"),
        ),
        Field("value", "偏好值", "text", False, "C2", ("偏好内容",)),
        Field("stated_on", "登记日期", "date", False, "C1", ("登记日",)),
    ),
    (CLIENT_NO, "item"),
)

DOCUMENTS: Final = Layout(
    "documents",
    (
        Field("file_name", "文件名", "text", True, "C1", ("文件",)),
        _CLIENT_NO,
        Field(
            "kind",
            "材料类型",
            "choice",
            False,
            "C1",
            ("影像类型", "document_kind"),
            same("身份证正面", "身份证反面", "开户协议", "营业执照", "风险测评问卷"),
        ),
        Field("sha256", "SHA256", "text", True, "C1", ("摘要", "digest")),
        Field("size", "大小", "number", False, "C1", ("字节数", "bytes")),
    ),
    ("file_name",),
)

LAYOUTS: Final = {
    layout.kind: layout for layout in (CLIENTS, ACCOUNTS, RELATIONS, HOLDINGS, TRADES, PREFERENCES, DOCUMENTS)
}

LINE_HEADINGS: Final = ("行号", "列", "原因")
"""Columns a file of rejects has in front of the source's own; not fields of the source."""
