"""Accounts, holdings and trades, as Chinese brokers keep them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from clients.models.client import ClientRow
from clients.sealed import AccountSecret, HoldingSecret, TradeSecret


class Account(ClientRow):
    """A fund account or a securities account of a client."""

    class Kind(models.TextChoices):
        FUND = "fund", _("Fund account")
        FUND_CREDIT = "fund_credit", _("Credit fund account")
        FUND_DERIVATIVES = "fund_derivatives", _("Derivatives fund account")
        SH_A = "sh_a", _("Shanghai A")
        SZ_A = "sz_a", _("Shenzhen A")
        BJ = "bj", _("Beijing")
        SH_B = "sh_b", _("Shanghai B")
        SZ_B = "sz_b", _("Shenzhen B")
        SH_CREDIT = "sh_credit", _("Shanghai credit")
        SZ_CREDIT = "sz_credit", _("Shenzhen credit")
        OPEN_FUND = "open_fund", _("Open-end fund")
        DERIVATIVES = "derivatives", _("Derivatives contract account")

    class Status(models.TextChoices):
        NORMAL = "normal", _("Normal")
        FROZEN = "frozen", _("Frozen")
        LOST = "lost", _("Reported lost")
        CLOSED = "closed", _("Account closed")

    sealed_label = "clients.account"
    sealed_type = AccountSecret

    kind = models.CharField(max_length=20, choices=Kind.choices)
    market = models.CharField(max_length=8, blank=True)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=8, choices=Status.choices)
    opened_on = models.DateField(null=True)
    number_token = models.BigIntegerField()
    card_token = models.BigIntegerField(null=True)

    class Meta(ClientRow.Meta):
        indexes = [
            models.Index(fields=["number_token"], name="clients_account_number"),
            models.Index(fields=["card_token"], name="clients_account_card"),
        ]


class Holding(ClientRow):
    """A position; code and quantities lie sealed."""

    sealed_label = "clients.holding"
    sealed_type = HoldingSecret

    market = models.CharField(max_length=8, blank=True)
    currency = models.CharField(max_length=3)
    is_frozen = models.BooleanField(default=False)
    is_pledged = models.BooleanField(default=False)

    class Meta(ClientRow.Meta):
        pass


class Trade(ClientRow):
    """An executed trade; only its date, market and currency lie in the clear."""

    sealed_label = "clients.trade"
    sealed_type = TradeSecret

    traded_on = models.DateField()
    market = models.CharField(max_length=8, blank=True)
    currency = models.CharField(max_length=3)

    class Meta(ClientRow.Meta):
        pass
