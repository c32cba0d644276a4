"""The files of the sample: names, headings, closed vocabularies.

Invariant: a row is written in the order of its heading list, and every value of a closed column
is one of the words listed here (planted faults excepted).
"""
# ruff: noqa: SIM905 - long lists of words read better as one string

CLIENTS, ACCOUNTS, RELATIONS = "clients", "accounts", "relations"
HOLDINGS, TRADES, PREFERENCES, DOCUMENTS = "holdings", "trades", "preferences", "documents"
KINDS = (CLIENTS, ACCOUNTS, RELATIONS, HOLDINGS, TRADES, PREFERENCES, DOCUMENTS)

HEADINGS: dict[str, list[str]] = {
    CLIENTS: (
        "客户号,客户类型,客户姓名,证件类型,证件号码,证件有效期,出生日期,性别,国籍,手机号码,电子邮箱,联系地址,邮政编码,"
        "职业,学历,风险等级,风险评级到期日,投资者类别,洗钱风险等级,客户状态,开户日期,营业部代码,客户经理,一码通账号,"
        "佣金率,客户标签,交易密码"
    ).split(","),
    ACCOUNTS: (
        "客户号,账户类别,账户号码,市场,币种,交易单元,存管银行,银行卡号,账户状态,开户日期,资金余额,冻结金额,交易权限"
    ).split(","),
    RELATIONS: "客户号,关系,姓名,证件类型,证件号码,手机号码,持股比例,有效期至".split(","),
    HOLDINGS: (
        "客户号,资金账号,证券账号,市场,证券代码,证券名称,持仓数量,冻结数量,质押数量,成本价,市值,币种,托管单元"
    ).split(","),
    TRADES: (
        "成交编号,成交日期,客户号,资金账号,证券账号,市场,证券代码,买卖方向,成交数量,成交价格,成交金额,佣金,印花税,"
        "过户费,币种"
    ).split(","),
    PREFERENCES: "客户号,偏好项,偏好值,登记日期".split(","),
    DOCUMENTS: "文件名,客户号,材料类型,SHA256,大小".split(","),
}

FILES: dict[str, str] = {
    CLIENTS: "客户资料.csv",
    ACCOUNTS: "账户资料.xlsx",
    RELATIONS: "关联人.csv",
    HOLDINGS: "持仓.csv",
    TRADES: "成交流水.csv",
    PREFERENCES: "投资偏好.csv",
    DOCUMENTS: "影像资料.zip",
}
ACCOUNTS_AS_CSV = "账户资料.csv"
INDEX = "索引.csv"
CONTROL = "控制总数.csv"
CONTROL_HEADINGS = ["文件名", "记录数", "合计列", "合计值"]

# A sheet holds 1,048,576 rows and takes half a minute to read well before; above this many clients accounts are CSV.
MOST_CLIENTS_IN_A_SHEET = 50_000

ENCODINGS: dict[str, str] = {
    CLIENTS: "gb18030",
    ACCOUNTS: "gb18030",
    RELATIONS: "gb18030",
    HOLDINGS: "gb18030",
    TRADES: "gb18030",
    PREFERENCES: "utf-8-sig",
}

SUMMED: dict[str, list[str]] = {
    ACCOUNTS: ["资金余额"],
    HOLDINGS: ["持仓数量", "市值"],
    TRADES: ["成交金额"],
}

EVIDENCE_HEADINGS = ["客户号", "渠道", "送达日期", "结果", "凭证编号"]
ANNOUNCEMENT_HEADINGS = ["媒体", "刊登日期", "凭证编号"]
OBJECTION_HEADINGS = ["客户号", "提出日期", "处理方式", "去向机构"]
BRANCH_HEADINGS = ["转让方代码", "转让方名称", "受让方代码", "受让方名称"]

PERSON, INSTITUTION, PRODUCT = "个人", "机构", "产品"

# column -> every word it may hold; "" is allowed where the column is not in REQUIRED
VOCABULARY: dict[str, dict[str, list[str]]] = {
    CLIENTS: {
        "客户类型": [PERSON, INSTITUTION, PRODUCT],
        "证件类型": ["身份证", "港澳通行证", "台胞证", "护照", "居住证", "统一社会信用代码", "其他"],
        "性别": ["男", "女"],
        "风险等级": ["最低", "C1", "C2", "C3", "C4", "C5"],
        "投资者类别": ["普通", "专业A", "专业B", "专业C"],
        "洗钱风险等级": ["低", "中低", "中", "中高", "高"],
        "客户状态": ["正常", "休眠", "不合格", "销户"],
    },
    ACCOUNTS: {
        "账户类别": [
            "资金账户",
            "信用资金账户",
            "衍生品资金账户",
            "沪A",
            "深A",
            "北交所",
            "沪B",
            "深B",
            "沪信用",
            "深信用",
            "开放式基金",
            "衍生品合约账户",
        ],
        "市场": ["沪", "深", "北", "场外"],
        "币种": ["CNY", "USD", "HKD"],
        "账户状态": ["正常", "冻结", "挂失", "销户"],
    },
    RELATIONS: {
        "关系": ["监护人", "代理人", "受益所有人"],
        "证件类型": ["身份证", "港澳通行证", "台胞证", "护照", "居住证", "统一社会信用代码", "其他"],
    },
    HOLDINGS: {"市场": ["沪", "深", "北", "场外"], "币种": ["CNY", "USD", "HKD"]},
    TRADES: {"市场": ["沪", "深", "北", "场外"], "币种": ["CNY", "USD", "HKD"], "买卖方向": ["买入", "卖出"]},
    PREFERENCES: {"偏好项": ["投资期限", "投资品种", "资讯推送", "沟通语言", "风险提示方式"]},
    DOCUMENTS: {"材料类型": ["身份证正面", "身份证反面", "开户协议", "营业执照", "风险测评问卷"]},
}

REQUIRED: dict[str, list[str]] = {
    CLIENTS: ["客户号", "客户类型", "客户姓名", "证件类型", "客户状态", "开户日期", "营业部代码"],
    ACCOUNTS: ["客户号", "账户类别", "账户号码", "币种", "账户状态"],
    RELATIONS: ["客户号", "关系", "姓名"],
    HOLDINGS: ["客户号", "资金账号", "证券账号", "市场", "证券代码", "持仓数量", "币种"],
    TRADES: [
        "成交编号",
        "成交日期",
        "客户号",
        "资金账号",
        "证券账号",
        "市场",
        "证券代码",
        "买卖方向",
        "成交数量",
        "成交价格",
        "成交金额",
        "币种",
    ],
    PREFERENCES: ["客户号", "偏好项"],
    DOCUMENTS: ["文件名", "客户号", "SHA256"],
}

# What depository and banks write where the extracts write a word.
MARKET_CODES = {"沪": "SH", "深": "SZ", "北": "BJ", "场外": "OTC"}

# The English names of the headings above, in the same order: the agreement's field scope is written in them.
FIELD_NAMES: dict[str, list[str]] = {
    CLIENTS: (
        "client_no kind name id_type id_number id_expires_on birth_date sex nationality phone email "
        "address postcode occupation education risk_level risk_expires_on investor_class aml_level "
        "status opened_on branch staff_no unified_account commission_rate tags trading_password"
    ).split(),
    ACCOUNTS: (
        "client_no kind number market currency trading_unit bank bank_card status opened_on balance "
        "frozen permissions"
    ).split(),
    RELATIONS: "client_no relation name id_type id_number phone share_percent valid_until".split(),
    HOLDINGS: (
        "client_no fund_account account_no market code name quantity frozen pledged cost_price "
        "market_value currency custody_unit"
    ).split(),
    TRADES: (
        "trade_no traded_on client_no fund_account account_no market code side quantity price amount "
        "commission stamp_duty transfer_fee currency"
    ).split(),
    PREFERENCES: "client_no item value stated_on".split(),
    DOCUMENTS: "file_name client_no kind sha256 size".split(),
}
NEVER_MOVED = ("tags", "trading_password")

CHANNELS = ["短信", "挂号信", "电子邮件", "应用推送", "电话录音"]
DELIVERED, BOUNCED = "已送达", "退回"
TO_OTHER_BROKER, CLOSE, ONLY_OBJECTS = "转户", "销户", "仅异议"


def file_of(kind: str, clients: int) -> str:
    """The file name of a kind in a world of this many clients."""
    if kind == ACCOUNTS and clients > MOST_CLIENTS_IN_A_SHEET:
        return ACCOUNTS_AS_CSV
    return FILES[kind]
