"""What clients answer when a sale of the book asks each of them for separate consent; written beside a world.

Rules, with D = the day of the world. Every client with a proved delivery is asked; the delivery is dated forty
days before D and the time to answer is thirty days. Drawn from the seed, client by client:

- given: consents in time. refused: says no. silent: never answers. withdrawn: consents, and takes it back ten
  days before D.
- A child under fourteen whose guardian is on record answers through the guardian; one such child signs for
  itself and so does not count. Without a guardian on record nothing a child says counts.
- Whoever was not reached (every attempt came back) is not asked and stays, announcement or not.
- Clients at whom a difference is planted in what comes back consent, because the difference needs them there.

moves = given; everybody else stays with the transferor. ``changes_mind`` is one of those who move and takes the
consent back after the handover.
"""

import csv
import dataclasses
import datetime as dt
import json
import random
from pathlib import Path
from typing import Any

from sample.layouts import DELIVERED
from sample.people import day
from sample.writers import write_rows

CONSENT_HEADINGS = ["客户号", "答复", "渠道", "答复时间", "答复人", "凭证编号"]
FILE, ANSWERS = "同意.csv", "consents.json"
_SERVED, _WITHDRAWN = 40, 10
_CHANNELS = ("短信", "应用推送", "营业部", "电话录音", "电子邮件")
# Of a hundred clients who are asked.
_GIVE, _REFUSE, _WITHDRAW = 78, 6, 3


@dataclasses.dataclass(frozen=True)
class ConsentAnswers:
    """How many clients must come out how."""

    clients: int
    given: int
    refused: int
    withdrawn: int
    silent: int
    undeliverable: int
    guardian: int
    refused_lines: int
    moving: int
    excluded: int
    changes_mind: str

    def as_json(self) -> dict[str, object]:
        return dataclasses.asdict(self)


def write_consents(world: Path, *, seed: int) -> ConsentAnswers:
    """Write the answers, the later withdrawals and what they add up to into the world's evidence folder.

    Raises:
        FileNotFoundError: there is no world.
    """
    answers = json.loads((world / "answers.json").read_text(encoding="utf-8"))
    writer = _Consents(world, answers, seed)
    for number in sorted(writer.everybody):
        writer.ask(number)
    return writer.close()


class _Consents:
    """The answers of one world, client by client."""

    def __init__(self, world: Path, answers: dict[str, Any], seed: int) -> None:
        self.folder = world / "evidence"
        self.as_of = dt.date.fromisoformat(str(answers["as_of"]))
        self.draw = random.Random(seed * 7 + 1)  # noqa: S311 - a reproducible sample, not a secret
        self.everybody, self.reached = self._reached()
        found = _lists(answers, "findings", "after_mending")
        self.children = found["under_14"]
        self.alone = found["minor_without_guardian"]
        self.planted = {
            str(one["key"]) if one["kind"] == "extra_client" else str(one["source_no"])
            for run in answers["breaks"].values()
            for one in run
        }
        self.rows: list[list[str]] = []
        self.changes_mind = ""
        self.counts = dict.fromkeys(
            ("given", "refused", "withdrawn", "silent", "undeliverable", "guardian", "refused_lines"), 0
        )
        self.unguarded_sign = True

    def _reached(self) -> tuple[set[str], set[str]]:
        with (self.folder / "送达凭证.csv").open(encoding="utf-8-sig", newline="") as text:
            rows = list(csv.DictReader(text))
        return {row["客户号"] for row in rows}, {row["客户号"] for row in rows if row["结果"] == DELIVERED}

    def ask(self, number: str) -> None:
        draw = self.draw.randrange(100)
        child = number in self.children
        if child and number in self.alone:
            # What a child without a guardian says never counts, and nobody can be told on its behalf.
            self.counts["silent"] += 1
            self._write(number, "同意", _SERVED - 5, "本人")
            self.counts["refused_lines"] += 1
        elif number not in self.reached:
            self.counts["undeliverable"] += 1
        elif child and self.unguarded_sign and number not in self.planted:
            self.unguarded_sign = False
            self._write(number, "同意", _SERVED - 5, "本人")
            self.counts["refused_lines"] += 1
            self.counts["silent"] += 1
        else:
            self._answer(number, draw, "监护人" if child else "本人")

    def _answer(self, number: str, draw: int, who: str) -> None:
        after = 1 + draw % 28
        if number in self.planted or draw < _GIVE:
            self._write(number, "同意", _SERVED - after, who)
            self.counts["given"] += 1
            self.counts["guardian"] += who == "监护人"
            if not self.changes_mind and number not in self.planted and who == "本人":
                self.changes_mind = number
        elif draw < _GIVE + _REFUSE:
            self._write(number, "拒绝", _SERVED - after, who)
            self.counts["refused"] += 1
        elif draw < _GIVE + _REFUSE + _WITHDRAW:
            self._write(number, "同意", _SERVED - after, who)
            self._write(number, "撤回", _WITHDRAWN, who)
            self.counts["withdrawn"] += 1
        else:
            self.counts["silent"] += 1

    def _write(self, number: str, answer: str, ago: int, who: str) -> None:
        at = day(self.as_of - dt.timedelta(days=ago))
        channel = _CHANNELS[len(self.rows) % len(_CHANNELS)]
        self.rows.append([number, answer, channel, at, who, f"TY{len(self.rows) + 1:08d}"])

    def close(self) -> ConsentAnswers:
        write_rows(self.folder / FILE, CONSENT_HEADINGS, self.rows)
        stay = self.counts["refused"] + self.counts["withdrawn"] + self.counts["silent"]
        answers = ConsentAnswers(
            clients=len(self.everybody),
            moving=self.counts["given"],
            excluded=stay,
            changes_mind=self.changes_mind,
            **self.counts,
        )
        text = json.dumps(answers.as_json(), ensure_ascii=False, indent=1)
        (self.folder / ANSWERS).write_text(text + "\n", encoding="utf-8")
        return answers


def _lists(answers: dict[str, Any], *path: str) -> dict[str, set[str]]:
    found = answers
    for step in path:
        found = found[step]
    return {name: set(map(str, numbers)) for name, numbers in found.items()}
