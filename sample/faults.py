"""Planted faults: how a good row is spoiled, and how it must be refused.

Invariants: a row has at most one fault; the true row stays in the bundle, so mending is writing it again;
a fault on an account or a holding is planted on an extra row that nothing else refers to; rows of a client
whose own row is refused are refused as ``unknown_client`` in the column 客户号.
"""

from collections.abc import Callable

from sample import words
from sample.book import Book, Broken, Bundle
from sample.layouts import (
    ACCOUNTS,
    CLIENTS,
    DOCUMENTS,
    HOLDINGS,
    KINDS,
    PREFERENCES,
    RELATIONS,
    TRADES,
)
from sample.numbers import wrong_check
from sample.people import Row, day

ORPHAN_PREFIX = "9999"


def orphan_number(index: int) -> str:
    """A client number nobody has."""
    return f"{ORPHAN_PREFIX}{index:08d}"


class Faults:
    """Spoils the bundles whose part is a fault."""

    def __init__(self, book: Book) -> None:
        self.book = book

    def spoil(self, bundle: Bundle, fault: str) -> None:
        """Plant one fault; afterwards ``bundle.broken`` tells every row that must be refused."""
        kind, what = fault.split(".")
        if what == "lost_zero" and kind == CLIENTS and not bundle.number.startswith("0"):
            what = "no_name"  # The head office's numbers have no zero to lose.
        plant: Callable[[Bundle, str], None] = {
            CLIENTS: self._client,
            ACCOUNTS: self._account,
            RELATIONS: self._relation,
            HOLDINGS: self._holding,
            TRADES: self._trade,
            PREFERENCES: self._preference,
            DOCUMENTS: self._document,
        }[kind]
        plant(bundle, what)
        if (CLIENTS, 0) in bundle.broken:
            self._refuse_children(bundle)

    def _refuse_children(self, bundle: Bundle) -> None:
        for kind in KINDS[1:]:
            for place, row in enumerate(bundle.rows[kind]):
                bundle.broken[kind, place] = Broken("客户号", "unknown_client", list(row.values()))

    def _mark(
        self, bundle: Bundle, kind: str, column: str, code: str, value: object, *, mended: bool = True
    ) -> None:
        """Break the last row of a kind by writing another value in one column."""
        place = len(bundle.rows[kind]) - 1
        written = list((bundle.rows[kind][place] | {column: value}).values())
        bundle.broken[kind, place] = Broken(column, code, written, mended)

    def _client(self, bundle: Bundle, what: str) -> None:
        row = bundle.client
        number, address = str(row["证件号码"]), str(row["联系地址"]).replace(",", "")
        row["联系地址"] = address
        table: dict[str, tuple[str, str, object]] = {
            "id_checksum": ("证件号码", "id_checksum", wrong_check(number)),
            "residence_checksum": ("证件号码", "id_checksum", wrong_check(number)),
            "uscc_checksum": ("证件号码", "uscc_checksum", wrong_check(number)),
            "birth_30_february": ("出生日期", "date_invalid", str(row["出生日期"])[:4] + "0230"),
            "lost_zero": ("客户号", "leading_zero_lost", bundle.number.lstrip("0")),
            "no_name": ("客户姓名", "required_missing", ""),
            "unknown_risk": ("风险等级", "value_unknown", "积极型"),
            "unknown_status": ("客户状态", "value_unknown", "冷冻"),
            "bidi": ("联系地址", "control_character", address + "\u202e室二"),
        }
        if what in table:
            self._mark(bundle, CLIENTS, *table[what])
        elif what == "ragged":
            cells: list[object] = []
            for column, value in row.items():
                cells += [value, "后座"] if column == "联系地址" else [value]
            bundle.broken[CLIENTS, 0] = Broken("", "ragged_row", cells)
        # "duplicate" spoils no row of its own: a second row with this number follows later in the file.

    def duplicate_of(self, index: int) -> Broken:
        """The later row with a client number that was there before: an older telephone, never mended."""
        row = self.book.people.client_row(index)
        row["手机号码"] = "13900000000"
        return Broken("客户号", "duplicate_key", list(row.values()), mended=False)

    def _account(self, bundle: Bundle, what: str) -> None:
        if what == "formula":
            self.book.cash_account(bundle, "资金账户", 1_234_56, str(bundle.rows[ACCOUNTS][0]["存管银行"]))
            self._mark(bundle, ACCOUNTS, "资金余额", "formula_cell", "=1000+234.56")
        elif what == "scientific":
            bank = str(bundle.rows[ACCOUNTS][0]["存管银行"])
            other = words.BANKS[(words.BANKS.index(bank) + 1) % len(words.BANKS)]
            self.book.cash_account(bundle, "资金账户", 88_00, other)
            self._mark(bundle, ACCOUNTS, "银行卡号", "scientific_notation", "6.29999E+18")
        else:
            row = self.book.account(bundle, "开放式基金", f"97{bundle.index:010d}", "场外")
            changes: dict[str, tuple[str, str, object]] = {
                "number_cell": ("账户号码", "number_cell", int(str(row["账户号码"]))),
                "unknown_kind": ("账户类别", "value_unknown", "港股通"),
                "bad_date": ("开户日期", "date_invalid", "20230431"),
                "orphan": ("客户号", "unknown_client", orphan_number(bundle.index)),
            }
            self._mark(bundle, ACCOUNTS, *changes[what])

    def _relation(self, bundle: Bundle, what: str) -> None:
        chance = self.book.people.chance_of(bundle.index, 3)
        self.book.relation(bundle, "代理人", chance)
        changes: dict[str, tuple[str, str, object]] = {
            "unknown_relation": ("关系", "value_unknown", "配偶"),
            "no_name": ("姓名", "required_missing", ""),
            "orphan": ("客户号", "unknown_client", orphan_number(bundle.index)),
        }
        self._mark(bundle, RELATIONS, *changes[what])

    def _holding(self, bundle: Bundle, what: str) -> None:
        chance = self.book.people.chance_of(bundle.index, 3)
        account = bundle.main("深A")
        assert account is not None, "every ordinary client has one"
        self.book.holding(bundle, account, "000651", "白鹭电机", 3_666, chance.randrange(1, 90) * 100_00)
        changes: dict[str, tuple[str, str, object]] = {
            "lost_zero": ("证券代码", "leading_zero_lost", "651"),
            "orphan": ("客户号", "unknown_client", orphan_number(bundle.index)),
            "bad_number": ("成本价", "number_invalid", "35..56"),
            "no_code": ("证券代码", "required_missing", ""),
        }
        self._mark(bundle, HOLDINGS, *changes[what])

    def _trade(self, bundle: Bundle, what: str) -> None:
        chance = self.book.people.chance_of(bundle.index, 3)
        row = self.book.trade(bundle, bundle.rows[HOLDINGS][0], 90, chance)
        if what == "duplicate":
            bundle.add(TRADES, dict(row))
            self._mark(bundle, TRADES, "成交编号", "duplicate_key", row["成交编号"], mended=False)
            return
        leave_out = what == "orphan_left_out"
        changes: dict[str, tuple[str, str, object]] = {
            "scientific": ("资金账号", "scientific_notation", "8.00001E+10"),
            "bad_date": ("成交日期", "date_invalid", "20260230"),
            "orphan_left_out": ("客户号", "unknown_client", orphan_number(bundle.index)),
            "bad_number": ("成交金额", "number_invalid", "1234.5.6"),
        }
        self._mark(bundle, TRADES, *changes[what], mended=not leave_out)

    def _preference(self, bundle: Bundle, what: str) -> None:
        bundle.rows[PREFERENCES].clear()
        bundle.add(
            PREFERENCES,
            {
                "客户号": bundle.client["客户号"],
                "偏好项": "投资期限",
                "偏好值": "长期",
                "登记日期": day(self.book.as_of),
            },
        )
        if what == "ragged":
            bundle.broken[PREFERENCES, 0] = Broken("", "ragged_row", [bundle.number, "投资期限", "长期"])
            return
        changes: dict[str, tuple[str, str, object]] = {
            "control": ("偏好值", "control_character", "长\x07期"),
            "unknown_item": ("偏好项", "value_unknown", "生肖"),
            "orphan": ("客户号", "unknown_client", orphan_number(bundle.index)),
        }
        self._mark(bundle, PREFERENCES, *changes[what])

    def _document(self, bundle: Bundle, what: str) -> None:
        row: Row = bundle.rows[DOCUMENTS][0]
        written = dict(row)
        if what == "digest":
            written["SHA256"] = "0" * 63 + "1"
        column, code = ("文件名", "document_missing") if what == "missing" else ("SHA256", "document_digest")
        bundle.broken[DOCUMENTS, 0] = Broken(column, code, list(written.values()))
