"""What lies sealed in each row of a client, as compact documents.

Invariants:
- Every value is text exactly as the source wrote it after normalising spaces; amounts are decimal strings,
  dates ISO 8601, a missing value is the empty string.
- Fields are only ever appended: a document is stored as an array, and an older one reads with the defaults.
"""

import msgspec


class ClientSecret(msgspec.Struct, array_like=True, frozen=True):
    """Personal data of one client."""

    source_no: str
    name: str
    id_type: str = ""
    id_number: str = ""
    id_expires_on: str = ""
    id_long_term: bool = False
    birth_date: str = ""
    sex: str = ""
    nationality: str = ""
    phone: str = ""
    email: str = ""
    address: str = ""
    postcode: str = ""
    occupation: str = ""
    education: str = ""
    risk_level: str = ""
    risk_expires_on: str = ""
    investor_class: str = ""
    aml_level: str = ""
    unified_account: str = ""
    commission_rate: str = ""


class RelationSecret(msgspec.Struct, array_like=True, frozen=True):
    """A guardian, agent or beneficial owner of a client."""

    name: str
    id_type: str = ""
    id_number: str = ""
    phone: str = ""
    share_percent: str = ""
    valid_until: str = ""


class AccountSecret(msgspec.Struct, array_like=True, frozen=True):
    """One account: its numbers, bank binding, balances and permissions."""

    number: str
    trading_unit: str = ""
    bank: str = ""
    bank_card: str = ""
    balance: str = ""
    frozen: str = ""
    permissions: str = ""


class HoldingSecret(msgspec.Struct, array_like=True, frozen=True):
    """One position in one security."""

    fund_account: str
    account_no: str
    code: str
    name: str
    quantity: str
    frozen: str = ""
    pledged: str = ""
    cost_price: str = ""
    market_value: str = ""
    custody_unit: str = ""


class TradeSecret(msgspec.Struct, array_like=True, frozen=True):
    """One executed trade."""

    trade_no: str
    fund_account: str
    account_no: str
    code: str
    side: str
    quantity: str
    price: str
    amount: str
    commission: str = ""
    stamp_duty: str = ""
    transfer_fee: str = ""


class PreferenceSecret(msgspec.Struct, array_like=True, frozen=True):
    """One stated investment preference."""

    item: str
    value: str


class DocumentSecret(msgspec.Struct, array_like=True, frozen=True):
    """Name and plaintext digest (hex SHA-256) of one stored document."""

    file_name: str
    sha256: str


class ObjectionSecret(msgspec.Struct, array_like=True, frozen=True):
    """Where a leaving client wants to go."""

    destination: str = ""
    words: str = ""


class RevealSecret(msgspec.Struct, array_like=True, frozen=True):
    """Why somebody wanted to see a field, in their own words."""

    words: str
