"""The executed agreement of the sample: a paper and its clauses as data, in both languages.

Invariant: exactly one clause is breached by the world itself: the extract was due five days before its day.
"""

import datetime as dt
import json
from pathlib import Path

from sample import words
from sample.documents import pdf
from sample.layouts import BRANCH_HEADINGS, FIELD_NAMES, NEVER_MOVED
from sample.writers import write_rows

CHECKS = (
    "extract_on_time",
    "fields_in_scope",
    "notice_30_days",
    "backup_proved",
    "people_trained",
    "rehearsal_clean",
    "batches_within_window",
    "none",
)

# code, owner, check, title en, title zh, text en, text zh, consequence en, consequence zh
_CLAUSES = (
    (
        "C01",
        "transferor",
        "extract_on_time",
        "Delivery of the extract",
        "数据交付日期",
        "The transferor delivers the complete extract by the agreed date.",
        "转让方应于约定日期前交付完整数据。",
        "Each day of delay costs 50,000 yuan; the transferee may move the cutover.",
        "每迟延一日支付人民币五万元，受让方可顺延切换日。",
    ),
    (
        "C02",
        "both",
        "fields_in_scope",
        "Scope of fields",
        "字段范围",
        "Only the listed fields are handed over; tags and passwords are not.",
        "仅移交所列字段，标签与密码不在其内。",
        "A field outside the list is destroyed and reported within one day.",
        "范围外字段须于一日内销毁并通报。",
    ),
    (
        "C03",
        "transferor",
        "notice_30_days",
        "Notice to clients",
        "客户告知",
        "Every client is told thirty days before cutover.",
        "切换前三十日告知每一位客户。",
        "Clients not told in time stay behind until they are.",
        "未按期告知的客户暂缓移交。",
    ),
    (
        "C04",
        "transferor",
        "backup_proved",
        "Proved backup",
        "备份验证",
        "A backup is restored and compared before cutover.",
        "切换前须恢复备份并比对。",
        "No cutover takes place.",
        "不得切换。",
    ),
    (
        "C05",
        "both",
        "people_trained",
        "Training of staff",
        "人员培训",
        "Everyone who opens client data has a valid certificate.",
        "接触客户数据的人员须持有效培训证书。",
        "Access is withdrawn until the exam is passed.",
        "考试合格前收回权限。",
    ),
    (
        "C06",
        "both",
        "rehearsal_clean",
        "Clean rehearsal",
        "演练无差异",
        "The last rehearsal before cutover shows no open break.",
        "切换前最近一次演练不得有未决差异。",
        "Another rehearsal is held.",
        "须再次演练。",
    ),
    (
        "C07",
        "both",
        "batches_within_window",
        "Cutover window",
        "切换窗口",
        "Batches move after the day's clearing and before the next trading day.",
        "清算后、下一交易日前分批切换。",
        "A batch outside the window is rolled back.",
        "窗口外批次应予回退。",
    ),
    (
        "C08",
        "both",
        "none",
        "Confidentiality",
        "保密",
        "Both sides keep client data confidential without limit of time.",
        "双方对客户数据永久保密。",
        "Damages, and notice to the supervisor.",
        "赔偿损失并报告监管机构。",
    ),
    (
        "C09",
        "both",
        "none",
        "Notice of incidents",
        "事件通报",
        "An incident is reported to the other side within one hour.",
        "安全事件一小时内通报对方。",
        "The silent side bears the fines that follow.",
        "未通报方承担由此产生的处罚。",
    ),
    (
        "C10",
        "transferee",
        "none",
        "Retention",
        "保存期限",
        "Records are kept at least twenty years after the account closes.",
        "销户后至少保存二十年。",
        "The transferee answers to the supervisor alone.",
        "由受让方独自向监管机构负责。",
    ),
    (
        "C11",
        "transferor",
        "none",
        "Cooperation afterwards",
        "后续配合",
        "The transferor's staff answer questions for six months.",
        "转让方人员配合处理遗留事项六个月。",
        "Half of the last instalment is kept back.",
        "扣留尾款之半。",
    ),
    (
        "C12",
        "both",
        "none",
        "Liability",
        "责任划分",
        "Who has custody at the moment of an event answers for it.",
        "事件发生时持有数据控制权的一方负责。",
        "Claims are passed on within ten days.",
        "十日内转交索赔。",
    ),
    (
        "C13",
        "transferee",
        "none",
        "Duties pass to the successor",
        "义务承继",
        "The transferor dissolves; what it must keep or destroy passes to the successor.",
        "转让方解散，其保存与销毁义务由存续方承继。",
        "Copies left behind are reported as an incident.",
        "遗留副本按安全事件处理。",
    ),
    (
        "C14",
        "both",
        "none",
        "Postponement",
        "延期",
        "A new cutover date is told to clients before the old one.",
        "切换日变更须于原定日期前告知客户。",
        "The side that caused it pays for the notices.",
        "由责任方承担告知费用。",
    ),
)


def write_agreement(folder: Path, as_of: dt.date) -> None:
    """Write 转让协议.pdf, agreement.json and the crosswalk of branches."""
    folder.mkdir(parents=True, exist_ok=True)
    signed, cutover = as_of - dt.timedelta(days=60), as_of
    content = {
        "format": "sample-agreement/1",
        "title": {
            "en": "Agreement on absorption merger and handover of clients",
            "zh-hans": "吸收合并及客户移交协议",
        },
        "basis": "absorption_merger",
        "parties": [
            {
                "side": "transferor",
                "code": "CANGLAN",
                "name_en": words.TRANSFEROR_EN,
                "name_zh": words.TRANSFEROR_ZH,
            },
            {
                "side": "transferee",
                "code": "YUANXIU",
                "name_en": words.TRANSFEREE_EN,
                "name_zh": words.TRANSFEREE_ZH,
            },
        ],
        "signed_on": signed.isoformat(),
        "cutover_on": cutover.isoformat(),
        "purposes": ["securities_account_service", "legal_retention"],
        "purpose_changed": False,
        "field_scope": _field_scope(),
        "clauses": [_clause(row, as_of) for row in _CLAUSES],
    }
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    (folder / "agreement.json").write_text(text, encoding="utf-8")
    lines = [
        "吸收合并及客户移交协议",
        words.TRANSFEROR_ZH,
        words.TRANSFEREE_ZH,
        f"签署日期 {signed:%Y-%m-%d}",
    ]
    lines += [f"{row[0]} {row[4]} {row[6]}" for row in _CLAUSES]
    (folder / "转让协议.pdf").write_bytes(pdf(lines))
    write_rows(folder / "营业部对照.csv", BRANCH_HEADINGS, words.BRANCHES)


def _clause(row: tuple[str, ...], as_of: dt.date) -> dict[str, object]:
    code, owner, check, title_en, title_zh, text_en, text_zh, consequence_en, consequence_zh = row
    breached = check == "extract_on_time"
    params: dict[str, object] = {"days": 30} if check == "notice_30_days" else {}
    due_on = (as_of - dt.timedelta(days=5)).isoformat() if breached else None
    return {
        "code": code,
        "owner": owner,
        "check": check,
        "params": params,
        "due_on": due_on,
        "title": {"en": title_en, "zh-hans": title_zh},
        "text": {"en": text_en, "zh-hans": text_zh},
        "consequence": {"en": consequence_en, "zh-hans": consequence_zh},
        "breached_by_the_sample": breached,
    }


def _field_scope() -> list[str]:
    """Every field that may move, as kind.field."""
    return [
        f"{kind}.{name}" for kind, names in FIELD_NAMES.items() for name in names if name not in NEVER_MOVED
    ]
