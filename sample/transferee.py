"""The transferee's own clients, some of whom are the transferor's clients too."""

import datetime as dt
import random
from pathlib import Path

from sample import numbers, words
from sample.answers import Answers
from sample.layouts import CLIENTS, HEADINGS
from sample.people import People, Row
from sample.plan import Plan
from sample.writers import CsvTable

_MATCHING = {"across", "across_lower_x"}


class Transferee:
    """Writes transferee/客户资料.csv: own clients while it is made, shared ones as they are met."""

    def __init__(self, folder: Path, plan: Plan, as_of: dt.date, answers: Answers) -> None:
        self._table = CsvTable(folder / "客户资料.csv", HEADINGS[CLIENTS], "gb18030")
        self._answers = answers
        self._chance = random.Random(plan.seed + 77)  # noqa: S311 - a reproducible sample
        people = People(Plan(plan.seed, plan.clients, {}, {}), as_of, other_firm=True)
        self._written = 0
        for index in range(plan.clients // 4):
            self._write(people.client_row(index))

    def _write(self, row: Row) -> str:
        branch, _ = words.OTHER_BRANCHES[self._written % len(words.OTHER_BRANCHES)]
        number = f"{branch}{self._written * 3 + 1000:08d}"
        staff = f"{branch}{self._chance.randrange(1, 9):02d}"
        row.update(
            {
                "客户号": number,
                "营业部代码": branch,
                "客户经理": staff,
                "一码通账号": f"17{self._written:010d}",
            }
        )
        self._table.write(list(row.values()))
        self._written += 1
        return number

    def meet(self, part: str, client: Row) -> bool:
        """Write the row of a client of both firms, if this one is; whether the numbers match."""
        if not part.startswith("across"):
            return False
        number = self._write(client | self._other_face(part, client))
        matching = part in _MATCHING
        pairs = self._answers.matches if matching else self._answers.non_matches
        pairs.append([str(client["客户号"]), number])
        return matching

    def _other_face(self, part: str, client: Row) -> Row:
        """How the other firm knows the same person."""
        number, birth = str(client["证件号码"]), str(client["出生日期"])
        if part == "across_15_to_18":
            first17 = number[:6] + birth + number[12:]
            return {"证件号码": first17 + numbers.id_check_digit(first17)}
        if part == "across_18_to_15":
            return {"证件号码": numbers.identity15(number)}
        if part == "across_lower_x":
            return {"证件号码": number.lower()}
        if part == "across_passport_permit":
            born = dt.datetime.strptime(birth, "%Y%m%d").date()  # noqa: DTZ007 - a date, no moment
            return {"证件类型": "居住证", "证件号码": numbers.residence_permit(2_996, born)}
        return {"风险等级": "C2"} if self._written % 2 else {}

    def close(self) -> None:
        self._answers.transferee_clients = self._written
        self._table.close()
