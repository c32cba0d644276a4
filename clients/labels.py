"""What every field of a client's record is called, for pages and papers."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

FIELD_LABELS: Final[dict[str, str | Promise]] = {
    "account_no": _("Securities account"),
    "address": _("Address"),
    "aml_level": _("Money-laundering risk"),
    "amount": _("Amount"),
    "balance": _("Cash balance"),
    "bank": _("Custodian bank"),
    "bank_card": _("Bank card"),
    "birth_date": _("Date of birth"),
    "branch": _("Branch"),
    "client_no": _("Client number"),
    "code": _("Security code"),
    "commission": _("Commission"),
    "commission_rate": _("Commission rate"),
    "cost_price": _("Cost price"),
    "currency": _("Currency"),
    "custody_unit": _("Depository unit"),
    "education": _("Education"),
    "email": _("E-mail"),
    "file_name": _("File name"),
    "frozen": _("Frozen amount"),
    "fund_account": _("Fund account"),
    "id_expires_on": _("Identity document valid until"),
    "id_image": _("The document itself"),
    "id_number": _("Identity number"),
    "id_type": _("Identity document"),
    "investor_class": _("Investor class"),
    "item": _("Preference"),
    "kind": pgettext_lazy("field", "Kind"),
    "market": _("Market"),
    "market_value": _("Market value"),
    "name": _("Name"),
    "nationality": _("Nationality"),
    "number": _("Account number"),
    "occupation": _("Occupation"),
    "opened_on": _("Opened on"),
    "permissions": _("Trading permissions"),
    "phone": _("Telephone"),
    "pledged": _("Pledged quantity"),
    "postcode": _("Postcode"),
    "price": _("Price"),
    "quantity": _("Quantity"),
    "relation": _("Relation"),
    "risk_expires_on": _("Risk rating valid until"),
    "risk_level": _("Risk level"),
    "sex": _("Sex"),
    "sha256": _("SHA-256 of the file"),
    "share_percent": _("Share held"),
    "side": _("Bought or sold"),
    "size": _("Size"),
    "source_no": _("Client number"),
    "staff_no": _("Client manager"),
    "stamp_duty": _("Stamp duty"),
    "stated_on": _("Stated on"),
    "status": pgettext_lazy("field", "Status"),
    "tags": _("Derived tags"),
    "trade_no": _("Trade number"),
    "traded_on": _("Trading day"),
    "trading_password": _("Trading password"),
    "trading_unit": _("Trading unit"),
    "transfer_fee": _("Transfer fee"),
    "unified_account": _("Unified account (YMT)"),
    "valid_until": _("Valid until"),
    "value": pgettext_lazy("field", "Value"),
}

ID_TYPES: Final[dict[str, str | Promise]] = {
    "id_card": _("Resident identity card"),
    "hk_mo_permit": _("Hong Kong or Macau permit"),
    "tw_permit": _("Taiwan permit"),
    "passport": _("Passport"),
    "residence_permit": _("Residence permit"),
    "uscc": _("Unified social credit code"),
    "other": pgettext_lazy("identity document", "Other"),
}

FLAGS: Final[dict[str, str | Promise]] = {
    "is_minor": _("minor"),
    "is_under14": _("under 14"),
    "is_frozen": _("frozen"),
    "is_pledged": _("pledged"),
    "reveal_suspended": _("parked, reveal suspended"),
}


def label_of(field: str) -> str | Promise:
    """The field's name in the reader's language; a field nobody named shows its own word."""
    return FIELD_LABELS.get(field, field)
