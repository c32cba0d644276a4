"""Writes a whole world: extracts, mended rows, evidence, agreement, truth and answers.

Invariants: one pass over the clients, nothing but lists of client numbers is kept; the same size, seed and
day give the same bytes; what is written as truth is what the product must hold after the mended rows are
loaded.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable
from pathlib import Path

from sample import layouts
from sample.agreement import write_agreement
from sample.answers import Answers, Break, FileAnswer, Reject, findings_of
from sample.book import Book, Broken, Bundle
from sample.documents import pdf, png
from sample.evidence import Evidence
from sample.faults import Faults
from sample.layouts import ACCOUNTS, CLIENTS, DOCUMENTS, HOLDINGS, KINDS, MARKET_CODES
from sample.numbers import money
from sample.people import People, Row
from sample.plan import SHEET_ONLY_FAULTS, Plan, make_plan
from sample.transferee import Transferee
from sample.writers import ArchiveTable, Counted, CsvTable, hundredths, open_table, write_rows

_MOST_DOCUMENT_CLIENTS = 2_500
_DUPLICATE_DISTANCE = 7


def write_world(out: Path, *, clients: int, seed: int, as_of: dt.date) -> Answers:
    """Write everything under ``out`` and return the answers, which are also in ``out/answers.json``.

    Raises:
        ValueError: fewer clients than one of everything needs, or more than numbers can be told apart for.
        FileExistsError: ``out`` holds a world already.
    """
    if clients > 1_100_000:
        raise ValueError("identities are kept apart up to 1,100,000 clients")
    plan = make_plan(clients, seed)
    if (out / "answers.json").exists():
        raise FileExistsError(f"{out} holds a world already")
    out.mkdir(parents=True, exist_ok=True)
    answers = Answers(seed, clients, as_of)
    _World(out, plan, as_of, answers).write()
    write_agreement(out / "agreement", as_of)
    answers.save(out / "answers.json")
    return answers


class _World:
    """The open files of one world."""

    def __init__(self, out: Path, plan: Plan, as_of: dt.date, answers: Answers) -> None:
        self.out, self.plan, self.as_of, self.answers = out, plan, as_of, answers
        self.people = People(plan, as_of)
        self.book = Book(self.people)
        self.faults = Faults(self.book)
        names = {kind: layouts.file_of(kind, plan.clients) for kind in KINDS}
        self.tables = {kind: open_table(kind, name, out / "transferor") for kind, name in names.items()}
        self.mended = {kind: open_table(kind, name, out / "mended") for kind, name in names.items()}
        answers.files = {name: FileAnswer() for name in names.values()}
        self.evidence = Evidence(out / "evidence", self.people, answers)
        self.transferee = Transferee(out / "transferee", plan, as_of, answers)
        headings = ["source_no", "account_no", "market", "code", "quantity"]
        self.depository = CsvTable(out / "truth" / "depository.csv", headings)
        self.banks = CsvTable(
            out / "truth" / "banks.csv", ["source_no", "fund_account", "bank", "currency", "balance"]
        )
        self.later: dict[int, list[Broken]] = {}
        self.groups: dict[int, list[tuple[str, bool]]] = {}
        self.leaders = set(plan.same_person.values())
        self.document_step = max(20, plan.clients // _MOST_DOCUMENT_CLIENTS)

    def write(self) -> None:
        for index in range(self.plan.clients):
            self._client(index)
            for broken in self.later.pop(index, []):
                self._broken(CLIENTS, broken, None)
        for leftover in self.later.values():
            for broken in leftover:
                self._broken(CLIENTS, broken, None)
        self._close()

    def _client(self, index: int) -> None:
        part = self.plan.part(index)
        bundle = self.book.bundle(index)
        contents = self._documents(bundle, part)
        if "." in part and not part.startswith("break.") and not self._impossible(part):
            self.faults.spoil(bundle, part)
            if part == "clients.duplicate":
                self.later.setdefault(index + _DUPLICATE_DISTANCE, []).append(self.faults.duplicate_of(index))
        self._rows(bundle)
        self._files(bundle, contents)
        codes = self._find(bundle, part)
        self.evidence.add(bundle, codes)
        self._truth(bundle)
        if part.startswith("break."):
            self._plan_break(bundle, part)

    def _impossible(self, part: str) -> bool:
        return part in SHEET_ONLY_FAULTS and self.plan.clients > layouts.MOST_CLIENTS_IN_A_SHEET

    # rows

    def _rows(self, bundle: Bundle) -> None:
        broken = bundle.broken
        for kind, rows in bundle.rows.items():
            table = self.tables[kind]
            answer = self.answers.files[table.name]
            for place, row in enumerate(rows):
                fault = broken.get((kind, place)) if broken else None
                if fault is None:
                    table.write(list(row.values()))
                    answer.accepted += 1
                else:
                    self._broken(kind, fault, row)

    def _broken(self, kind: str, broken: Broken, truth: Row | None) -> None:
        table = self.tables[kind]
        answer = self.answers.files[table.name]
        reject = Reject(table.name, table.write(broken.written), broken.column, broken.code)
        answer.rejects.append(reject)
        if broken.mended and truth is not None:
            self.mended[kind].write(list(truth.values()))
            answer.mended_rows += 1
        else:
            answer.left_out.append(reject)

    # documents

    def _documents(self, bundle: Bundle, part: str) -> dict[str, bytes]:
        wanted = part.startswith(("documents.", "clients.")) or (
            not part and bundle.index % self.document_step == 0
        )
        if not wanted:
            return {}
        person = bundle.client["客户类型"] == layouts.PERSON
        names = ("身份证正面", "身份证反面", "风险测评问卷") if person else ("营业执照", "开户协议")
        contents: dict[str, bytes] = {}
        for place, what in enumerate(names):
            picture = what not in {"风险测评问卷", "开户协议"}
            content = png(bundle.index * 8 + place) if picture else pdf([what, bundle.number])
            row = self.book.document(bundle, what, content, hashlib.sha256(content).hexdigest())
            contents[str(row["文件名"])] = content
        return contents

    def _files(self, bundle: Bundle, contents: dict[str, bytes]) -> None:
        for place, (name, content) in enumerate(contents.items()):
            broken = bundle.broken.get((DOCUMENTS, place))
            if broken is None or broken.code != "document_missing":
                self._put(self.tables[DOCUMENTS], name, content)
            if broken is not None:
                self._put(self.mended[DOCUMENTS], name, content)

    def _put(self, table: Counted, name: str, content: bytes) -> None:
        if isinstance(table.table, ArchiveTable):
            table.table.put(name, content)

    # answers

    def _find(self, bundle: Bundle, part: str) -> list[str]:
        """Add the findings of one client; returns those after mending."""
        accepted = (CLIENTS, 0) not in bundle.broken
        truth = {kind: self._true_rows(bundle, kind, mended=True) for kind in KINDS}
        after = findings_of(bundle.client, truth, self.as_of)
        if self.transferee.meet(part, bundle.client):
            after.append("duplicate_across")
        self.answers.found("after_mending", bundle.number, after)
        if accepted:
            first = after
            if bundle.broken:
                rows = {kind: self._true_rows(bundle, kind, mended=False) for kind in KINDS}
                first = findings_of(bundle.client, rows, self.as_of)
            self.answers.found("first", bundle.number, first)
        if bundle.index in self.leaders or bundle.index in self.plan.same_person:
            leader = self.plan.same_person.get(bundle.index, bundle.index)
            self.groups.setdefault(leader, []).append((bundle.number, accepted))
        return after

    def _true_rows(self, bundle: Bundle, kind: str, *, mended: bool) -> list[Row]:
        rows = bundle.rows[kind]
        if not bundle.broken:
            return rows
        return [
            row
            for place, row in enumerate(rows)
            if self._stays(bundle.broken.get((kind, place)), mended=mended)
        ]

    def _stays(self, broken: Broken | None, *, mended: bool) -> bool:
        return broken is None or (mended and broken.mended)

    def _truth(self, bundle: Bundle) -> None:
        sums: dict[tuple[object, str, object], int] = {}
        for row in self._true_rows(bundle, HOLDINGS, mended=True):
            key = (row["证券账号"], MARKET_CODES[str(row["市场"])], row["证券代码"])
            sums[key] = sums.get(key, 0) + hundredths(str(row["持仓数量"]))
        for key, total in sums.items():
            self.depository.write([bundle.number, *key, plain(total)])
        for row in self._true_rows(bundle, ACCOUNTS, mended=True):
            if row["存管银行"]:
                self.banks.write(
                    [bundle.number, row["账户号码"], row["存管银行"], row["币种"], row["资金余额"]]
                )

    def _plan_break(self, bundle: Bundle, part: str) -> None:
        _, run, kind = part.split(".")
        self.answers.breaks.setdefault(run, []).append(planned_break(bundle, run, kind))

    def _close(self) -> None:
        self.evidence.close()
        self.transferee.close()
        for truth in (self.depository, self.banks):
            truth.close()
        for table in (*self.tables.values(), *self.mended.values()):
            table.close()
        for table in self.tables.values():
            self.answers.files[table.name].rows = table.rows
            self.answers.control += table.declared()
        write_rows(self.out / "transferor" / layouts.CONTROL, layouts.CONTROL_HEADINGS, self.answers.control)
        self._duplicates()
        self.answers.breaks.setdefault("rehearsal-2", [])
        for planted in self.answers.breaks.values():
            planted.sort(key=lambda found: found.kind)

    def _duplicates(self) -> None:
        for members in self.groups.values():
            accepted = [number for number, there in members if there]
            self._duplicate("after_mending", [number for number, _ in members])
            self._duplicate("first", accepted)

    def _duplicate(self, when: str, members: Iterable[str]) -> None:
        group = list(members)
        if len(group) > 1:
            self.answers.findings[when]["duplicate_within"].extend(group)


def plain(total: int) -> str:
    """Hundredths as a number, without decimals where there are none."""
    return str(total // 100) if total % 100 == 0 else money(total)


def planned_break(bundle: Bundle, run: str, kind: str) -> Break:
    """What will come back wrong for this client; fields the delivery decides stay empty."""
    if kind in {"missing_client", "extra_client"}:
        return _client_break(bundle, run, kind)
    cash, shares = bundle.rows[ACCOUNTS]
    holding = bundle.rows[HOLDINGS][0]
    account, code = str(shares["账户号码"]), str(holding["证券代码"])
    balance, quantity = str(cash["资金余额"]), str(holding["持仓数量"])
    level = str(bundle.client["风险等级"])
    more = plain(hundredths(quantity) + 100_00)
    small = 3 if run == "cutover" else 100_00
    where = f"{account}|{code}"
    cases: dict[str, tuple[str, str, str, str, str, str, str]] = {
        "quantity": ("transferee", "transferee/holdings.csv", "quantity", quantity, more, where, "corrected"),
        "balance": (
            "transferee",
            "transferee/accounts.csv",
            "balance",
            balance,
            money(hundredths(balance) + 1),
            str(cash["账户号码"]),
            "",
        ),
        "account_number": (
            "transferee",
            "transferee/accounts.csv",
            "number",
            account,
            account.lstrip("0"),
            account,
            "",
        ),
        "risk_level": (
            "transferee",
            "transferee/clients.csv",
            "risk_level",
            level,
            "C1" if level != "C1" else "C2",
            "",
            "",
        ),
        "depository_quantity": (
            "depository",
            "depository/holdings.csv",
            "quantity",
            quantity,
            more,
            where,
            "open",
        ),
        "bank_balance": (
            "bank",
            "banks/balances.csv",
            "balance",
            balance,
            money(hundredths(balance) + small),
            str(cash["账户号码"]),
            "written_off",
        ),
    }
    source, file, field, expected, actual, key, outcome = cases[kind]
    return Break(
        run,
        kind,
        source,
        file,
        bundle.number,
        field,
        expected,
        actual,
        outcome if run == "cutover" else "",
        key,
    )


def _client_break(bundle: Bundle, run: str, kind: str) -> Break:
    file = "transferee/clients.csv"
    if kind == "missing_client":
        return Break(run, kind, "transferee", file, bundle.number, "row", "present", None, "", "")
    extra = f"9998{bundle.number[4:]}"
    return Break(run, kind, "transferee", file, extra, "row", None, "present", "", bundle.number)
