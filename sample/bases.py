"""Worlds of the other legal bases: the same firm's book, with the agreement and answers its basis asks for.

Invariant: the agreement of a basis holds only clauses that have something to look at under it.
"""

import dataclasses
import datetime as dt
import json
from pathlib import Path

from sample import words
from sample.consents import ConsentAnswers, write_consents
from sample.documents import pdf

ASSET_SALE, SHARE_TRANSFER = "asset_sale", "share_transfer"
_FILES = ("answers.json", "figures.json")

_TITLES = {
    ASSET_SALE: ("Agreement on the sale of a client book", "客户业务转让协议"),
    SHARE_TRANSFER: ("Agreement on the transfer of shares", "股权转让协议"),
}
_DROPPED = {
    # The transferor goes on; only who consents moves.
    ASSET_SALE: {"C13"},
    # No client data move: nothing is delivered, noticed, rehearsed or cut over.
    SHARE_TRANSFER: {"C01", "C02", "C03", "C04", "C05", "C06", "C07", "C10", "C11", "C12", "C13", "C14"},
}


@dataclasses.dataclass(frozen=True)
class _Clause:
    """A clause of one basis, in both languages."""

    code: str
    owner: str
    check: str
    title: tuple[str, str]
    text: tuple[str, str]
    consequence: tuple[str, str]

    def as_json(self) -> dict[str, object]:
        return {
            "code": self.code,
            "owner": self.owner,
            "check": self.check,
            "params": {},
            "due_on": None,
            "title": _both(self.title),
            "text": _both(self.text),
            "consequence": _both(self.consequence),
            "breached_by_the_sample": False,
        }


_ADDED = {
    ASSET_SALE: (
        _Clause(
            "S01",
            "transferor",
            "consent_before_move",
            ("Consent before the move", "先同意后移交"),
            (
                "No client moves without separate consent; silence is no.",
                "未经单独同意不得移交客户；沉默不视为同意。",
            ),
            ("Whoever moved without consent is given back at once.", "未经同意移交的客户应立即退回。"),
        ),
        _Clause(
            "S02",
            "both",
            "excluded_stay",
            ("Who does not consent stays", "不同意者留存"),
            (
                "Clients who did not consent stay with the transferor, untouched.",
                "未同意的客户留在转让方，不受影响。",
            ),
            ("The price is reduced by each client who stays.", "按留存客户数相应减价。"),
        ),
        _Clause(
            "S03",
            "transferor",
            "archive_sealed",
            ("Sealed archive", "密封存档"),
            (
                "The transferor keeps only what the law makes it keep of those who moved, sealed.",
                "转让方仅依法密封留存已移交客户的资料。",
            ),
            ("Copies outside the archive are reported as an incident.", "存档之外的副本按安全事件处理。"),
        ),
    ),
    SHARE_TRANSFER: (
        _Clause(
            "H01",
            "both",
            "profile_only",
            ("Masked due diligence only", "仅限脱敏尽职调查"),
            (
                "The buyer sees figures in which nobody can be singled out, and no client's data.",
                "买方仅可查看无法识别个人的统计数据，不得接触客户个人信息。",
            ),
            (
                "The buyer pays one million yuan and destroys what it saw.",
                "买方支付人民币一百万元并销毁所获信息。",
            ),
        ),
        _Clause(
            "H02",
            "transferor",
            "approval_on_time",
            ("Approval of the regulator", "监管核准"),
            (
                "The change of the main shareholder is approved before completion.",
                "变更主要股东须于交割前取得核准。",
            ),
            ("The shares do not pass.", "股权不得交割。"),
        ),
    ),
}


def write_basis(world: Path, basis: str, *, seed: int) -> ConsentAnswers | None:
    """The world's agreement is that of the basis, and in a sale its answers are what clients consented to.

    Raises:
        KeyError: there is no such basis.
        FileNotFoundError: there is no world.
    """
    _write_agreement(world / "agreement", basis)
    if basis != ASSET_SALE:
        return None
    consents = write_consents(world, seed=seed)
    for name in _FILES:
        path = world / name
        answers = json.loads(path.read_text(encoding="utf-8"))
        answers["verdict_counts"]["moving"] = consents.moving
        path.write_text(json.dumps(answers, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return consents


def _write_agreement(folder: Path, basis: str) -> None:
    path = folder / "agreement.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    title = _TITLES[basis]
    kept = [clause for clause in content["clauses"] if clause["code"] not in _DROPPED[basis]]
    content["title"], content["basis"] = _both(title), basis
    content["clauses"] = kept + [clause.as_json() for clause in _ADDED[basis]]
    if basis == SHARE_TRANSFER:
        content["field_scope"] = []
        content["purposes"] = ["securities_account_service"]
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    signed = dt.date.fromisoformat(content["signed_on"])
    lines = [title[1], words.TRANSFEROR_ZH, words.TRANSFEREE_ZH, f"签署日期 {signed:%Y-%m-%d}"]
    lines += [
        f"{clause['code']} {clause['title']['zh-hans']} {clause['text']['zh-hans']}"
        for clause in content["clauses"]
    ]
    (folder / "转让协议.pdf").write_bytes(pdf(lines))


def _both(pair: tuple[str, str]) -> dict[str, str]:
    return {"en": pair[0], "zh-hans": pair[1]}
