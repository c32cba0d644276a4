"""What the columns of deliveries and returns are called by people, on pages and on paper."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise

TABLES: dict[str, Words] = {
    "clients": _("Clients"),
    "accounts": _("Accounts"),
    "holdings": _("Holdings"),
    "balances": _("Balances"),
}

FIELDS: dict[str, Words] = {
    "client_no": _("new client number"),
    "source_no": _("old client number"),
    "kind": _("kind"),
    "name": _("name"),
    "id_type": _("kind of identity document"),
    "id_number": _("identity number"),
    "birth_date": _("date of birth"),
    "phone": _("telephone"),
    "risk_level": _("risk level"),
    "investor_class": _("investor class"),
    "status": _("status"),
    "branch": _("branch"),
    "opened_on": _("opened on"),
    "number": _("account number"),
    "market": _("market"),
    "currency": _("currency"),
    "unit": _("trading unit"),
    "bank": _("custodian bank"),
    "balance": _("balance"),
    "frozen": _("frozen"),
    "account_no": _("securities account"),
    "code": _("security"),
    "quantity": _("quantity"),
    "pledged": _("pledged"),
}


def table_words(code: str) -> Words:
    """The name of a kind of rows."""
    return TABLES.get(code, code)


def field_words(code: str) -> Words:
    """The name of a field; a dash for a difference that is about the whole row."""
    return FIELDS.get(code, code) if code else "—"
