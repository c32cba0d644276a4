"""The list of answers: what a correct import, health report, verdict and reconciliation must find.

Rules, with D = the day the world is written for (``as_of``):

- Only accepted rows count. ``first`` is the state after the extracts alone, ``after_mending`` after the
  files in ``mended/`` as well. A row left out (a duplicate, an orphan nobody claims) counts in neither.
- id_expired: 证件有效期 is a date before D (长期 and empty never expire; what ends on D is valid).
- id_missing: 证件号码 is empty.
- phone_missing: 手机号码 is empty, whatever the client type.
- phone_invalid: 客户类型 个人 and 证件类型 身份证, 手机号码 not empty and not ``1[3-9]`` and nine digits.
- minor: 客户类型 个人 and not yet eighteen on D by 出生日期; who turns eighteen on D is of age. Born on
  29 February: of age on 1 March in a year without one. ``under_14``: the same rule with fourteen.
- minor_without_guardian: a minor without an accepted row 监护人 in 关联人.
- dormant: 客户状态 休眠. unqualified: 客户状态 不合格.
- frozen: any holding with 冻结数量 above zero, or any account with 账户状态 冻结 (冻结金额 does not count:
  orders in flight).
- pledged: any holding with 质押数量 above zero.
- risk_expired: 风险评级到期日 is a date before D (empty never expires).
- name_outside_gbk: 客户姓名 holds a character that Python's ``gbk`` codec cannot encode.
- staff_missing: 客户经理 is empty.
- undesignated: an account 沪A with an empty 交易单元.
- multi_bank: more than one distinct non-empty 存管银行 among the client's accounts.
- duplicate_within: every 客户号 of a group of at least two that share (证件类型, 证件号码), not empty.
- duplicate_across: 证件号码, upper-cased and stripped, equals that of a row in the transferee's
  客户资料.csv, not empty. A number of 15 characters and its 18-character successor are different
  numbers, as are two different documents.

Verdicts (absorption merger, after mending, evidence imported, on D):

- notified_individually: at least one attempt 已送达, dated forty days before D; windows are thirty days.
- served_by_announcement: no attempt 已送达, at least two attempts on different channels 退回, and the
  announcement published forty days before D.
- An objection is in time if 提出日期 is at most thirty days after service. In time with 转户 or 销户: the
  client leaves. 仅异议 and late objections are recorded and the client moves: in a merger the successor
  takes over by law, so everybody who has not left moves.
- guardian: minors under fourteen with a guardian (notice and consent go to the guardian).
  parked_candidates: every minor without a guardian; they move too unless the transfer decides to park.
"""

import dataclasses
import datetime as dt
import json
import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from sample.layouts import ACCOUNTS, HOLDINGS, PERSON, RELATIONS
from sample.people import Row, day, years_before

FINDINGS = (
    "id_expired",
    "id_missing",
    "phone_missing",
    "phone_invalid",
    "minor",
    "minor_without_guardian",
    "dormant",
    "frozen",
    "pledged",
    "unqualified",
    "duplicate_within",
    "duplicate_across",
    "risk_expired",
    "name_outside_gbk",
    "staff_missing",
    "undesignated",
    "multi_bank",
)
LISTS_OF_CLIENTS = ("findings", "matches", "non_matches", "verdicts")
_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)


class Numbers:
    """Client numbers in the order they were met, eight bytes each: a million clients have many findings."""

    def __init__(self) -> None:
        self._numbers = array("Q")

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[str]:
        return (f"{number:012d}" for number in self._numbers)

    def append(self, number: str) -> None:
        self._numbers.append(int(number))

    def extend(self, numbers: Iterable[str]) -> None:
        for number in numbers:
            self.append(number)

    def sort(self) -> None:
        self._numbers = array("Q", sorted(self._numbers))


@dataclasses.dataclass(frozen=True)
class Reject:
    """One row that must be refused: ``line`` counts physical lines, the heading is line 1."""

    file: str
    line: int
    column: str
    code: str


@dataclasses.dataclass
class FileAnswer:
    """What a file holds and what becomes of it."""

    rows: int = 0
    accepted: int = 0
    rejects: list[Reject] = dataclasses.field(default_factory=list)
    left_out: list[Reject] = dataclasses.field(default_factory=list)
    mended_rows: int = 0

    @property
    def after_mending(self) -> int:
        return self.accepted + self.mended_rows


@dataclasses.dataclass
class Break:
    """One difference planted in what comes back; empty values depend on the delivery (see sample.returns)."""

    run: str
    kind: str
    source: str
    file: str
    source_no: str
    field: str
    expected: str | None
    actual: str | None
    outcome: str
    key: str = ""


@dataclasses.dataclass
class Answers:
    """Everything a correct run must find; `save` writes it as answers.json."""

    seed: int
    clients: int
    as_of: dt.date
    files: dict[str, FileAnswer] = dataclasses.field(default_factory=dict)
    control: list[list[str]] = dataclasses.field(default_factory=list)
    findings: dict[str, dict[str, Numbers]] = dataclasses.field(
        default_factory=lambda: {
            when: {code: Numbers() for code in (*FINDINGS, "under_14")} for when in ("first", "after_mending")
        }
    )
    matches: list[list[str]] = dataclasses.field(default_factory=list)
    non_matches: list[list[str]] = dataclasses.field(default_factory=list)
    transferee_clients: int = 0
    verdicts: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    verdict_counts: dict[str, int] = dataclasses.field(default_factory=dict)
    breaks: dict[str, list[Break]] = dataclasses.field(default_factory=dict)
    evidence: dict[str, int] = dataclasses.field(default_factory=dict)

    def found(self, when: str, number: str, codes: Sequence[str]) -> None:
        for code in codes:
            self.findings[when][code].append(number)

    def as_json(self) -> dict[str, object]:
        """The answers as lists and words; client numbers in order."""
        for lists in self.findings.values():
            for numbers in lists.values():
                numbers.sort()
        files: dict[str, object] = {}
        for name, answer in self.files.items():
            files[name] = {
                "rows": answer.rows,
                "accepted": answer.accepted,
                "mended_rows": answer.mended_rows,
                "after_mending": answer.after_mending,
                "rejects": [[r.file, r.line, r.column, r.code] for r in answer.rejects],
                "left_out": [[r.file, r.line, r.column, r.code] for r in answer.left_out],
            }
        return {
            "format": "sample-answers/1",
            "seed": self.seed,
            "clients": self.clients,
            "as_of": self.as_of.isoformat(),
            "files": files,
            "control": self.control,
            "findings": self.findings,
            "finding_counts": {
                when: {code: len(numbers) for code, numbers in lists.items()}
                for when, lists in self.findings.items()
            },
            "transferee_clients": self.transferee_clients,
            "matches": self.matches,
            "non_matches": self.non_matches,
            "verdicts": self.verdicts,
            "verdict_counts": self.verdict_counts,
            "evidence": self.evidence,
            "breaks": {
                run: [dataclasses.asdict(found) for found in planted] for run, planted in self.breaks.items()
            },
        }

    def save(self, path: Path) -> None:
        """Write everything to ``path``, and beside it ``figures.json``: the same without lists of clients."""
        answers = self.as_json()
        _write_json(path, answers)
        figures = {name: found for name, found in answers.items() if name not in LISTS_OF_CLIENTS}
        _write_json(path.with_name("figures.json"), figures)


def _write_json(path: Path, content: Mapping[str, object]) -> None:
    """Piece by piece: neither the text nor more than one list of clients is ever in memory."""
    with path.open("w", encoding="utf-8") as text:
        json.dump(content, text, ensure_ascii=False, indent=1, default=list)
        text.write("\n")


def findings_of(client: Row, rows: Mapping[str, Sequence[Row]], as_of: dt.date) -> list[str]:
    """The codes that one client's accepted rows give; duplicates are found elsewhere."""
    return [*_from_client(client, as_of), *_from_age(client, rows[RELATIONS], as_of), *_from_book(rows)]


def _from_client(client: Row, as_of: dt.date) -> list[str]:
    today, valid, risk = day(as_of), str(client["证件有效期"]), str(client["风险评级到期日"])
    phone = str(client["手机号码"])
    mainland = client["客户类型"] == PERSON and client["证件类型"] == "身份证"
    checks = {
        "id_expired": valid not in {"", "长期"} and valid < today,
        "id_missing": not client["证件号码"],
        "phone_missing": not phone,
        "phone_invalid": bool(phone) and mainland and _MOBILE.fullmatch(phone) is None,
        "dormant": client["客户状态"] == "休眠",
        "unqualified": client["客户状态"] == "不合格",
        "risk_expired": bool(risk) and risk < today,
        "name_outside_gbk": not _in_gbk(str(client["客户姓名"])),
        "staff_missing": not client["客户经理"],
    }
    return [code for code, found in checks.items() if found]


def _in_gbk(text: str) -> bool:
    try:
        text.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True


def _from_age(client: Row, relations: Sequence[Row], as_of: dt.date) -> list[str]:
    birth = str(client["出生日期"])
    if client["客户类型"] != PERSON or not birth or birth <= day(years_before(as_of, 18)):
        return []
    codes = ["minor"]
    if birth > day(years_before(as_of, 14)):
        codes.append("under_14")
    if all(row["关系"] != "监护人" for row in relations):
        codes.append("minor_without_guardian")
    return codes


def _from_book(rows: Mapping[str, Sequence[Row]]) -> list[str]:
    accounts, holdings = rows[ACCOUNTS], rows[HOLDINGS]
    checks = {
        "frozen": any(row["冻结数量"] != "0" for row in holdings)
        or any(row["账户状态"] == "冻结" for row in accounts),
        "pledged": any(row["质押数量"] != "0" for row in holdings),
        "undesignated": any(row["账户类别"] == "沪A" and not row["交易单元"] for row in accounts),
        "multi_bank": len({row["存管银行"] for row in accounts if row["存管银行"]}) > 1,
    }
    return [code for code, found in checks.items() if found]
