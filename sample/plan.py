"""Which client plays which part; decided before a single row is written.

Invariants: one part per client; a client with a part other than a fault or a finding it is named after
carries no other planted oddity; the same seed and size give the same plan.
"""

import dataclasses
import random

from sample.layouts import INSTITUTION, PERSON, PRODUCT

LEAST_CLIENTS = 300

# Faults, named file.what; see sample.faults for what each does.
FAULTS = (
    "clients.id_checksum",
    "clients.residence_checksum",
    "clients.uscc_checksum",
    "clients.birth_30_february",
    "clients.lost_zero",
    "clients.duplicate",
    "clients.no_name",
    "clients.unknown_risk",
    "clients.ragged",
    "clients.bidi",
    "clients.unknown_status",
    "accounts.scientific",
    "accounts.number_cell",
    "accounts.formula",
    "accounts.unknown_kind",
    "accounts.bad_date",
    "accounts.orphan",
    "relations.unknown_relation",
    "relations.no_name",
    "relations.orphan",
    "holdings.lost_zero",
    "holdings.orphan",
    "holdings.bad_number",
    "holdings.no_code",
    "trades.scientific",
    "trades.bad_date",
    "trades.duplicate",
    "trades.orphan_left_out",
    "trades.bad_number",
    "preferences.ragged",
    "preferences.control",
    "preferences.orphan",
    "preferences.unknown_item",
    "documents.missing",
    "documents.digest",
)
SHEET_ONLY_FAULTS = ("accounts.number_cell", "accounts.formula")

# Parts that exist once, whatever the size.
ONCE = (
    "rare_䶮",
    "rare_㛃",
    "rare_𠮷",
    "turns_18_today",
    "turns_18_tomorrow",
    "turns_14_today",
    "turns_14_tomorrow",
    "minor_alone_under_14",
    "minor_alone_over_14",
    "dormant_9999",
    "dormant_10000",
    "dormant_10001",
    "id_expires_today",
    "id_expired_yesterday",
    "risk_expires_today",
    "risk_expired_yesterday",
    "two_units",
    "undesignated",
    "multi_bank",
    "frozen_holding",
    "frozen_account",
    "part_pledged",
    "id_missing",
    "phone_missing",
    "phone_invalid",
    "staff_missing",
    "unqualified",
    "old_identity_15",
    "institution_plain",
    "product_plain",
    "duplicate_leader_with_fault",
    "late_objection",
    "across_15_to_18",
    "across_18_to_15",
    "across_passport_permit",
    "across_lower_x",
)

# Parts that grow with the world: (name, at least, one more per so many clients).
GROWING = (
    ("minor_under_14", 4, 400),
    ("minor_over_14", 4, 400),
    ("across", 12, 60),
    ("duplicate_leader", 3, 1000),
    ("objects_transfer", 4, 500),
    ("objects_close", 3, 700),
    ("objects_only", 3, 600),
    ("unreachable", 3, 700),
)

# Clients at whom a difference is planted in what comes back, per run (see sample.returns).
BREAK_PARTS = {
    "rehearsal-1": (
        "missing_client",
        "extra_client",
        "quantity",
        "balance",
        "account_number",
        "risk_level",
        "depository_quantity",
        "bank_balance",
    ),
    "rehearsal-2": (),
    "cutover": ("quantity", "bank_balance", "depository_quantity"),
}


@dataclasses.dataclass(frozen=True)
class Plan:
    """The parts of a world, by client index; indexes without a part are ordinary clients."""

    seed: int
    clients: int
    parts: dict[int, str]
    same_person: dict[int, int]  # index of the second client number -> index of the first

    def part(self, index: int) -> str:
        return self.parts.get(index, "")

    def kind(self, index: int) -> str:
        """Person, institution or product: about 92, 7 and 1 in a hundred."""
        part = self.parts.get(index, "")
        if part in {"clients.uscc_checksum", "institution_plain"}:
            return INSTITUTION
        if part == "product_plain":
            return PRODUCT
        if part:
            return PERSON
        draw = (index * 7919 + self.seed * 31) % 100
        return PERSON if draw < 92 else INSTITUTION if draw < 99 else PRODUCT

    def indexes(self, part: str) -> list[int]:
        """Every client who plays this part, in order."""
        return sorted(index for index, name in self.parts.items() if name == part)


def make_plan(clients: int, seed: int) -> Plan:
    """Decide all parts.

    Raises:
        ValueError: the world is too small to hold one of everything.
    """
    if clients < LEAST_CLIENTS:
        raise ValueError(f"a world needs at least {LEAST_CLIENTS} clients")
    names = _names(clients)
    draw = random.Random(seed)  # noqa: S311 - a reproducible sample, not a secret
    places = draw.sample(range(clients), len(names) + clients // 1000 + 4)
    parts = dict(zip(places, names, strict=False))
    spare = places[len(names) :]
    same_person: dict[int, int] = {}
    for leader, second in zip(_leaders(parts), spare, strict=False):
        same_person[second] = leader
        faulty = parts[leader] == "duplicate_leader_with_fault"
        parts[second] = "clients.unknown_risk" if faulty else "duplicate_second"
    return Plan(seed, clients, parts, same_person)


def _leaders(parts: dict[int, str]) -> list[int]:
    return sorted(index for index, name in parts.items() if name.startswith("duplicate_leader"))


def _names(clients: int) -> list[str]:
    per_fault = 1 + min(clients // 10_000, 20)
    names = [fault for fault in FAULTS for _ in range(per_fault)]
    names += ONCE
    for name, least, every in GROWING:
        names += [name] * (least if clients < 2000 else least + clients // every)
    for run, kinds in BREAK_PARTS.items():
        names += [f"break.{run}.{kind}" for kind in kinds]
    return names
