"""Proof that clients were told, and what they answered; dated around forty days before the day of the world.

Rules of who is what stand in sample.answers.
"""

import datetime as dt
from pathlib import Path

from sample import words
from sample.answers import Answers
from sample.book import Bundle
from sample.documents import pdf
from sample.layouts import (
    ANNOUNCEMENT_HEADINGS,
    BOUNCED,
    CHANNELS,
    CLOSE,
    DELIVERED,
    EVIDENCE_HEADINGS,
    OBJECTION_HEADINGS,
    ONLY_OBJECTS,
    TO_OTHER_BROKER,
)
from sample.people import People, day
from sample.writers import CsvTable, write_rows

SERVED_DAYS_AGO = 40
WINDOW_DAYS = 30
LATE_AFTER_DAYS = 35

_OBJECTIONS = {
    "objects_transfer": TO_OTHER_BROKER,
    "objects_close": CLOSE,
    "objects_only": ONLY_OBJECTS,
    "late_objection": TO_OTHER_BROKER,
}
_VERDICT_OF = {
    "objects_transfer": "leaving_transfer",
    "objects_close": "leaving_close",
    "objects_only": "objected_moves",
    "late_objection": "late_objection",
}
VERDICTS = (
    "served_by_announcement",
    "leaving_transfer",
    "leaving_close",
    "objected_moves",
    "late_objection",
    "guardian",
    "parked_candidates",
)


class Evidence:
    """Writes the evidence folder client by client and keeps the verdicts."""

    def __init__(self, folder: Path, people: People, answers: Answers) -> None:
        self.folder, self.people, self.answers = folder, people, answers
        self.as_of = people.as_of
        self._table = CsvTable(folder / "送达凭证.csv", EVIDENCE_HEADINGS)
        self._objections: list[list[str]] = []
        self._attempts = 0
        self._notified = 0
        answers.verdicts = {name: [] for name in VERDICTS}

    def add(self, bundle: Bundle, codes: list[str]) -> None:
        """Write what was tried with one client; ``codes`` are the findings after mending."""
        part = self.people.plan.part(bundle.index)
        draw = self.people.chance_of(bundle.index, 4).randrange(1000)
        first = CHANNELS[bundle.index % 3]
        others = [channel for channel in CHANNELS if channel != first]
        if part == "unreachable":
            attempts = [(channel, 45 - place, BOUNCED) for place, channel in enumerate([first, *others[:2]])]
        elif not part and draw < 15:
            attempts = [(first, 44, BOUNCED), (others[0], 42, BOUNCED)]
        elif not part and draw < 45:
            attempts = [(first, 41, BOUNCED), (others[1], SERVED_DAYS_AGO, DELIVERED)]
        else:
            attempts = [(first, SERVED_DAYS_AGO, DELIVERED)]
        for channel, ago, outcome in attempts:
            self._attempts += 1
            self._table.write([bundle.number, channel, self._ago(ago), outcome, f"SD{self._attempts:09d}"])
        if attempts[-1][2] == DELIVERED:
            self._notified += 1
        else:
            self.answers.verdicts["served_by_announcement"].append(bundle.number)
        self._object(bundle, part)
        if "minor_without_guardian" in codes:
            self.answers.verdicts["parked_candidates"].append(bundle.number)
        elif "under_14" in codes:
            self.answers.verdicts["guardian"].append(bundle.number)

    def _ago(self, days: int) -> str:
        return day(self.as_of - dt.timedelta(days=days))

    def _object(self, bundle: Bundle, part: str) -> None:
        if part not in _OBJECTIONS:
            return
        verdict = self.answers.verdicts[_VERDICT_OF[part]]
        after = LATE_AFTER_DAYS if part == "late_objection" else 1 + bundle.index % WINDOW_DAYS
        if part == "objects_only" and not verdict:
            after = WINDOW_DAYS  # the last day still counts
        to = "听泉证券有限公司" if _OBJECTIONS[part] == TO_OTHER_BROKER else ""
        self._objections.append([bundle.number, self._ago(SERVED_DAYS_AGO - after), _OBJECTIONS[part], to])
        verdict.append(bundle.number)

    def close(self) -> None:
        """Write the announcement and the objections, and count the verdicts."""
        self._table.close()
        published = self._ago(SERVED_DAYS_AGO)
        write_rows(
            self.folder / "公告.csv", ANNOUNCEMENT_HEADINGS, [["听泉证券报", published, "GG000000001"]]
        )
        write_rows(self.folder / "异议.csv", OBJECTION_HEADINGS, self._objections)
        (self.folder / "公告.pdf").write_bytes(
            pdf(
                [
                    "公告",
                    f"{words.TRANSFEROR_ZH}与{words.TRANSFEREE_ZH}吸收合并",
                    f"刊登日期 {published}",
                    "听泉证券报",
                    "客户可于公告之日起三十日内提出异议",
                    "Clients may object within thirty days.",
                ]
            )
        )
        self._count()

    def _count(self) -> None:
        verdicts = self.answers.verdicts
        sizes = {name: len(numbers) for name, numbers in verdicts.items()}
        leaving = sizes["leaving_transfer"] + sizes["leaving_close"]
        self.answers.verdict_counts = {
            "clients": self.answers.clients,
            "notified_individually": self._notified,
            **sizes,
            "objected": leaving + sizes["objected_moves"],
            "leaving": leaving,
            "moving": self.answers.clients - leaving,
        }
        self.answers.evidence = {
            "attempts": self._attempts,
            "announcements": 1,
            "objections": len(self._objections),
        }
