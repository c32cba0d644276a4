"""A slow, plain second reading of a world, sharing no rule with the generator."""

import csv
import datetime as dt
import hashlib
import io
import re
import zipfile
from collections import defaultdict
from decimal import Decimal, InvalidOperation

import openpyxl

KEYS = {
    "客户资料": ["客户号"],
    "账户资料": ["客户号", "账户类别", "账户号码"],
    "关联人": ["客户号", "关系", "证件号码"],
    "持仓": ["客户号", "资金账号", "证券账号", "市场", "证券代码", "托管单元"],
    "成交流水": ["成交编号"],
    "投资偏好": ["客户号", "偏好项"],
    "影像资料": ["文件名"],
}
REQUIRED = {
    "客户资料": ["客户号", "客户类型", "客户姓名", "证件类型", "客户状态", "开户日期", "营业部代码"],
    "账户资料": ["客户号", "账户类别", "账户号码", "币种", "账户状态"],
    "关联人": ["客户号", "关系", "姓名"],
    "持仓": ["客户号", "资金账号", "证券账号", "市场", "证券代码", "持仓数量", "币种"],
    "成交流水": ["成交编号", "成交日期", "客户号", "证券代码", "成交数量", "成交金额"],
    "投资偏好": ["客户号", "偏好项"],
    "影像资料": ["文件名", "客户号", "SHA256"],
}
WORDS = {
    "客户类型": "个人 机构 产品",
    "性别": "男 女",
    "风险等级": "最低 C1 C2 C3 C4 C5",
    "投资者类别": "普通 专业A 专业B 专业C",
    "证件类型": "身份证 港澳通行证 台胞证 护照 居住证 统一社会信用代码 其他",
    "洗钱风险等级": "低 中低 中 中高 高",
    "客户状态": "正常 休眠 不合格 销户",
    "账户状态": "正常 冻结 挂失 销户",
    "关系": "监护人 代理人 受益所有人",
    "账户类别": "资金账户 信用资金账户 衍生品资金账户 沪A 深A 北交所 沪B 深B 沪信用 深信用 开放式基金 衍生品合约账户",
    "市场": "沪 深 北 场外",
    "币种": "CNY USD HKD",
    "买卖方向": "买入 卖出",
    "偏好项": "投资期限 投资品种 资讯推送 沟通语言 风险提示方式",
    "材料类型": "身份证正面 身份证反面 开户协议 营业执照 风险测评问卷",
}
DATES = {"证件有效期", "出生日期", "风险评级到期日", "开户日期", "有效期至", "成交日期", "登记日期"}
NUMBERS = {
    "资金余额",
    "冻结金额",
    "持股比例",
    "持仓数量",
    "冻结数量",
    "质押数量",
    "成本价",
    "市值",
    "成交数量",
    "成交价格",
    "成交金额",
    "佣金",
    "印花税",
    "过户费",
    "佣金率",
    "大小",
}
CODES = {"客户号": 12, "证券代码": 6}
PLAIN = {"客户号", "账户号码", "银行卡号", "资金账号", "证券账号", "证券代码", "成交编号"}


def luhn(number):
    digits = [int(c) for c in number[::-1]]
    return (sum(digits[::2]) + sum(sum(divmod(2 * d, 10)) for d in digits[1::2])) % 10 == 0


def id18(number):
    total = sum(int(c) * pow(2, 17 - i, 11) for i, c in enumerate(number[:17]))
    return "10X98765432"[total % 11] == number[17].upper()


def uscc(code):
    letters = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    total = sum(letters.index(c) * pow(3, i, 31) for i, c in enumerate(code[:17]))
    return letters[(31 - total) % 31] == code[17]


def real_date(text):
    try:
        return dt.date(int(text[:4]), int(text[4:6]), int(text[6:])) and len(text) == 8
    except ValueError:
        return False


def decimal(text):
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def read(folder, stem):
    """(line, cells, marks) of every row; marks tell formula and number cells."""
    path = next(folder.glob(stem + ".*"))
    if path.suffix == ".xlsx":
        sheet = openpyxl.load_workbook(path).active
        rows = ([("" if cell.value is None else cell.value) for cell in row] for row in sheet.iter_rows())
    elif path.suffix == ".zip":
        text = zipfile.ZipFile(path).read("索引.csv").decode("gb18030")
        rows = csv.reader(io.StringIO(text, newline=""))
    else:
        encoding = "utf-8-sig" if stem == "投资偏好" else "gb18030"
        with path.open(encoding=encoding, newline="") as text:
            rows = list(csv.reader(text))
    rows = list(rows)
    return path, rows[0], list(enumerate(rows[1:], 2))


def fault(row, stem):
    for column, value in row.items():
        if stem == "账户资料" and isinstance(value, str) and value.startswith("="):
            return column, "formula_cell"
        if not isinstance(value, str):
            return column, "number_cell"
        if re.search(r"[\x00-\x08\x0b-\x1f\u200e\u200f\u202a-\u202e\u2066-\u2069]", value):
            return column, "control_character"
        if column in REQUIRED[stem] and not value:
            return column, "required_missing"
        if value and column in PLAIN and re.fullmatch(r"[\d.]+E[+-]?\d+", value):
            return column, "scientific_notation"
        if value and column in CODES and value.isdigit() and len(value) < CODES[column]:
            return column, "leading_zero_lost"
        if value and column in WORDS and value not in WORDS[column].split():
            return column, "value_unknown"
        if (
            value
            and column in DATES
            and not (column == "证件有效期" and value == "长期")
            and not real_date(value)
        ):
            return column, "date_invalid"
        if value and column in NUMBERS and decimal(value) is None:
            return column, "number_invalid"
    number = row.get("证件号码", "")
    if number and row["证件类型"] in ("身份证", "居住证") and len(number) == 18 and not id18(number):
        return "证件号码", "id_checksum"
    if number and row["证件类型"] == "统一社会信用代码" and not uscc(number):
        return "证件号码", "uscc_checksum"
    return None


class Load:
    """What a careful import keeps and refuses."""

    def __init__(self):
        self.seen = defaultdict(set)
        self.kept = defaultdict(list)
        self.rejects = {}
        self.control = []
        self.rows = {}

    def load(self, folder, sums=()):
        for stem in KEYS:
            path, headings, rows = read(folder, stem)
            archive = zipfile.ZipFile(path) if path.suffix == ".zip" else None
            self.rows[path.name] = len(rows)
            rejects = self.rejects.setdefault(path.name, [])
            totals = {column: Decimal(0) for column in headings if column in sums}
            for line, cells in rows:
                verdict = ("", "ragged_row") if len(cells) != len(headings) else None
                row = dict(zip(headings, cells))
                for column in totals:
                    totals[column] += decimal(str(row.get(column, "")) or "0") or 0
                verdict = verdict or fault(row, stem) or self._context(row, stem, archive)
                if verdict:
                    rejects.append([path.name, line, *verdict])
                else:
                    self.kept[stem].append(row)
            for column, total in totals.items():
                self.control.append([path.name, len(rows), column, total])
            if not totals:
                self.control.append([path.name, len(rows), "", None])
        return self

    def _context(self, row, stem, archive):
        key = tuple(row[column] for column in KEYS[stem])
        if stem != "客户资料" and (row["客户号"],) not in self.seen["客户资料"]:
            return "客户号", "unknown_client"
        if key in self.seen[stem]:
            return KEYS[stem][0], "duplicate_key"
        if archive is not None:
            if row["文件名"] not in archive.namelist():
                return "文件名", "document_missing"
            if hashlib.sha256(archive.read(row["文件名"])).hexdigest() != row["SHA256"]:
                return "SHA256", "document_digest"
        self.seen[stem].add(key)
        return None


def age(birth, as_of):
    born = dt.datetime.strptime(birth, "%Y%m%d").date()
    return as_of.year - born.year - ((as_of.month, as_of.day) < (born.month, born.day))


def findings(kept, other_numbers, as_of):
    found = defaultdict(set)
    today = as_of.strftime("%Y%m%d")
    same = defaultdict(list)
    guarded = {row["客户号"] for row in kept["关联人"] if row["关系"] == "监护人"}
    for row in kept["客户资料"]:
        number = row["客户号"]
        tests = {
            "id_expired": row["证件有效期"].isdigit() and row["证件有效期"] < today,
            "id_missing": row["证件号码"] == "",
            "phone_missing": row["手机号码"] == "",
            "phone_invalid": row["客户类型"] == "个人"
            and row["证件类型"] == "身份证"
            and row["手机号码"] != ""
            and not re.fullmatch(r"1[3-9]\d{9}", row["手机号码"]),
            "dormant": row["客户状态"] == "休眠",
            "unqualified": row["客户状态"] == "不合格",
            "risk_expired": row["风险评级到期日"] != "" and row["风险评级到期日"] < today,
            "staff_missing": row["客户经理"] == "",
            "name_outside_gbk": row["客户姓名"].encode("gbk", "replace") != row["客户姓名"].encode("gb18030"),
            "duplicate_across": row["证件号码"] != "" and row["证件号码"].upper() in other_numbers,
        }
        if row["客户类型"] == "个人" and age(row["出生日期"], as_of) < 18:
            tests |= {
                "minor": True,
                "under_14": age(row["出生日期"], as_of) < 14,
                "minor_without_guardian": number not in guarded,
            }
        for code, true in tests.items():
            if true:
                found[code].add(number)
        if row["证件号码"]:
            same[row["证件类型"], row["证件号码"]].append(number)
    for group in same.values():
        if len(group) > 1:
            found["duplicate_within"].update(group)
    banks = defaultdict(set)
    for row in kept["账户资料"]:
        if row["账户状态"] == "冻结":
            found["frozen"].add(row["客户号"])
        if row["账户类别"] == "沪A" and row["交易单元"] == "":
            found["undesignated"].add(row["客户号"])
        if row["存管银行"]:
            banks[row["客户号"]].add(row["存管银行"])
    found["multi_bank"] = {number for number, names in banks.items() if len(names) > 1}
    for row in kept["持仓"]:
        if Decimal(row["冻结数量"]) > 0:
            found["frozen"].add(row["客户号"])
        if Decimal(row["质押数量"]) > 0:
            found["pledged"].add(row["客户号"])
    return found
