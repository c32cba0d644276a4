"""What of a client's data a person sees: one table for pages, API, exports and printed papers.

Invariants:
- Every field has one class (JR/T 0171-2020): C1 is shown, C2 is masked until revealed, C3 is never shown.
- A field the table does not know is treated as C2 and masked whole.
- A mask depends only on the characters it keeps and on the length, and keeps at most half of a value; of a
  mobile number of eleven digits it keeps seven, as the trade does.
- A reveal needs a duty named for the field's group, in the client's own organisation, and none works
  while the client's reveal is suspended.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from access.duties import Duty
from access.models import User
from access.policies import duties_in_force, within_reach

HIDDEN: Final = "****"

Mask = Callable[[str], str]


class FieldClass(StrEnum):
    """How sensitive a field is."""

    C1 = "C1"
    C2 = "C2"
    C3 = "C3"


class Group(StrEnum):
    """Which kind of duty may reveal the field."""

    PLAIN = "plain"
    CONTACT = "contact"
    IDENTITY = "identity"
    MONEY = "money"
    PROFILE = "profile"
    SCREENING = "screening"
    SECRET = "secret"  # noqa: S105 - the name of a group


@dataclass(frozen=True)
class FieldRule:
    """Class, group and mask of one field."""

    grade: FieldClass
    group: Group
    mask: Mask


def _whole(_value: str) -> str:
    return HIDDEN


def _shown(value: str) -> str:
    return value


def _ends(value: str, *, head: int, tail: int, least: int, stars: str = HIDDEN) -> str:
    """Keep the first ``head`` and last ``tail`` characters; hide a value shorter than ``least`` whole."""
    if len(value) < max(least, 2 * (head + tail)):
        return HIDDEN
    return value[:head] + stars + value[len(value) - tail :]


def _name(value: str) -> str:
    return value[0] + "**" if len(value) > 1 else "**"


def _id_number(value: str) -> str:
    if len(value) >= 16:
        return _ends(value, head=4, tail=4, least=16, stars="********")
    return _ends(value, head=1, tail=2, least=8)


def _phone(value: str) -> str:
    return _ends(value, head=3, tail=4, least=14) if len(value) >= 14 else _phone_of_eleven(value)


def _phone_of_eleven(value: str) -> str:
    if len(value) == 11:
        return value[:3] + HIDDEN + value[7:]
    return _ends(value, head=0, tail=2, least=7)


def _last_four(value: str) -> str:
    return _ends(value, head=0, tail=4, least=12)


def _account(value: str) -> str:
    return _ends(value, head=1, tail=3, least=8)


def _email(value: str) -> str:
    local, at, _domain = value.partition("@")
    return f"{local[0]}***@***" if at and len(local) > 1 else HIDDEN


def _address(value: str) -> str:
    return _ends(value, head=3, tail=0, least=8)


def _birth_date(value: str) -> str:
    year, rest = value[:4], value[4:]
    return f"{year}-**-**" if len(value) >= 8 and year.isdecimal() and rest else HIDDEN


_C1 = FieldRule(FieldClass.C1, Group.PLAIN, _shown)
_MONEY = FieldRule(FieldClass.C2, Group.MONEY, _whole)
_ACCOUNT = FieldRule(FieldClass.C2, Group.MONEY, _account)
_PROFILE = FieldRule(FieldClass.C2, Group.PROFILE, _whole)
_SECRET = FieldRule(FieldClass.C3, Group.SECRET, _whole)
_UNKNOWN = FieldRule(FieldClass.C2, Group.SECRET, _whole)

# Names are those of the sealed documents and of the extracts' fields; where one word means different
# things in two documents, the document's name goes before it.
FIELDS: Final[dict[str, FieldRule]] = {
    # who it is
    "name": FieldRule(FieldClass.C2, Group.CONTACT, _name),
    "id_number": FieldRule(FieldClass.C2, Group.IDENTITY, _id_number),
    "id_image": FieldRule(FieldClass.C2, Group.IDENTITY, _whole),
    "id_expires_on": FieldRule(FieldClass.C2, Group.IDENTITY, _whole),
    "birth_date": FieldRule(FieldClass.C2, Group.IDENTITY, _birth_date),
    "file_name": FieldRule(FieldClass.C2, Group.IDENTITY, _whole),
    # how to reach them
    "phone": FieldRule(FieldClass.C2, Group.CONTACT, _phone),
    "email": FieldRule(FieldClass.C2, Group.CONTACT, _email),
    "address": FieldRule(FieldClass.C2, Group.CONTACT, _address),
    "postcode": FieldRule(FieldClass.C2, Group.CONTACT, _whole),
    # numbers and money
    "client_no": _ACCOUNT,
    "source_no": _ACCOUNT,
    "unified_account": _ACCOUNT,
    "number": _ACCOUNT,
    "account_no": _ACCOUNT,
    "fund_account": _ACCOUNT,
    "trade_no": _ACCOUNT,
    "bank_card": FieldRule(FieldClass.C2, Group.MONEY, _last_four),
    "holding.name": _MONEY,
    "trade.name": _MONEY,
    **dict.fromkeys(
        (
            "bank",
            "balance",
            "frozen",
            "code",
            "quantity",
            "pledged",
            "cost_price",
            "market_value",
            "price",
            "amount",
            "commission",
            "stamp_duty",
            "transfer_fee",
            "side",
            "commission_rate",
            "permissions",
            "share_percent",
        ),
        _MONEY,
    ),
    # what is thought of them
    "risk_level": _PROFILE,
    "investor_class": _PROFILE,
    "item": _PROFILE,
    "value": _PROFILE,
    "words": _PROFILE,
    "destination": _PROFILE,
    "occupation": _PROFILE,
    "education": _PROFILE,
    "aml_level": FieldRule(FieldClass.C2, Group.SCREENING, _whole),
    "tags": _UNKNOWN,
    # never migrated, never shown
    "trading_password": _SECRET,
    "login_password": _SECRET,
    "one_time_code": _SECRET,
    "card_pin": _SECRET,
    "card_cvv": _SECRET,
    "biometric": _SECRET,
    # ordinary
    **dict.fromkeys(
        (
            "kind",
            "id_type",
            "id_long_term",
            "sex",
            "nationality",
            "jurisdiction",
            "branch",
            "branch_code",
            "staff_no",
            "status",
            "opened_on",
            "market",
            "currency",
            "trading_unit",
            "custody_unit",
            "risk_expires_on",
            "valid_until",
            "traded_on",
            "relation",
        ),
        _C1,
    ),
}

_STAFF: Final = frozenset({Duty.CLIENT_SERVICE, Duty.DATA_STEWARD, Duty.COMPLIANCE_OFFICER})

# Auditors, counsel, trainers, administrators and programs work with masked values.
REVEALS: Final[dict[Group, frozenset[Duty]]] = {
    Group.PLAIN: frozenset(Duty),
    Group.CONTACT: _STAFF | {Duty.TRANSFER_MANAGER, Duty.RETENTION_OFFICER},
    Group.IDENTITY: _STAFF | {Duty.RETENTION_OFFICER},
    Group.MONEY: _STAFF,
    Group.PROFILE: _STAFF,
    Group.SCREENING: frozenset({Duty.COMPLIANCE_OFFICER}),
    Group.SECRET: frozenset(),
}


def rule_for(field: str) -> FieldRule:
    """The rule of ``field`` or ``document.field``; the strictest for an unknown one."""
    return FIELDS.get(field) or FIELDS.get(field.rpartition(".")[2], _UNKNOWN)


def field_class(field: str) -> FieldClass:
    """The class of a field; an unknown one counts as C2."""
    return rule_for(field).grade


def highest_class(fields: frozenset[str] | set[str]) -> FieldClass:
    """The class of a set of fields, which is that of its highest."""
    return max((field_class(field) for field in fields), default=FieldClass.C1)


def mask(field: str, value: str) -> str:
    """What everybody within reach may see of the value; nothing stays nothing."""
    return rule_for(field).mask(value) if value else ""


def visible_fields(user: User, client: object) -> frozenset[str]:
    """The fields shown in the clear without a reveal: the ordinary ones, and of a child under 14 none."""
    if not duties_in_force(user) or not within_reach(user, client) or getattr(client, "is_under14", False):
        return frozenset()
    return frozenset(field for field, rule in FIELDS.items() if rule.grade is FieldClass.C1)


def revealable_fields(user: User, client: object) -> frozenset[str]:
    """The fields the person may reveal, one at a time and recorded; none while reveal is suspended.

    A grant opens masked sight only: revealing is for the people of the client's own organisation.
    """
    if getattr(client, "reveal_suspended", False) or not _own_client(user, client):
        return frozenset()
    held = duties_in_force(user)
    return frozenset(field for field, rule in FIELDS.items() if held & REVEALS[rule.group])


def may_reveal(user: User, client: object, field: str) -> bool:
    """True when the person may reveal this field of this client."""
    return field in revealable_fields(user, client) or (
        field not in FIELDS and field.rpartition(".")[2] in revealable_fields(user, client)
    )


def _own_client(user: User, client: object) -> bool:
    parties = getattr(client, "parties", None)
    return callable(parties) and user.organisation_id in parties()
