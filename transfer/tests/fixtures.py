"""A transfer between the two firms, and the stages it can be brought to."""

import datetime
from collections.abc import Callable

import pytest
from django.utils import timezone

from access.models import Organisation, User
from access.services.grants import grant_object
from clients.models import Book
from transfer.models import Transfer
from transfer.services.transfers import draft_transfer, name_transferee, plan_cutover

CLAUSE = {
    "text_en": "The extracts are delivered by the agreed day.",
    "text_zh": "转让方应按约定日期交付数据。",
    "owner_side": "transferor",
    "consequence_en": "A fee is due.",
    "consequence_zh": "应支付违约金。",
}


@pytest.fixture
def terms() -> dict[str, object]:
    """Terms of an agreement with two clauses, one of which is kept by nobody's check."""
    return {
        "title": "Transfer agreement",
        "purposes": [{"en": "Brokerage", "zh": "证券经纪"}],
        "purpose_changed": False,
        "field_scope": ["clients.name"],
        "clauses": [
            {**CLAUSE, "number": 1, "check": "none"},
            {**CLAUSE, "number": 2, "check": "fields_in_scope"},
        ],
    }


@pytest.fixture
def transfer(
    giver_officer: User, yuanxiu: Organisation, taker_officer: User, auditor: User, counsel: User, admin: User
) -> Transfer:
    """A drafted transfer with both parties named, planned for tomorrow; auditor and counsel may see it."""
    drafted = draft_transfer(by=giver_officer)
    name_transferee(transfer=drafted, transferee=yuanxiu, by=giver_officer)
    plan_cutover(transfer=drafted, at=timezone.now() + datetime.timedelta(days=1), by=giver_officer)
    for outsider in (auditor, counsel):
        grant_object(outsider, "view_transfer", drafted, by=admin)
    drafted.refresh_from_db()
    return drafted


@pytest.fixture
def book(transfer: Transfer) -> Book:
    """The book of this transfer: clients made by ``make_client`` belong to it."""
    return transfer.book


@pytest.fixture
def at_stage(transfer: Transfer) -> Callable[[str], Transfer]:
    """Puts the transfer at a stage as if its gates had been passed; for tests of what lies behind them."""

    def put(state: str) -> Transfer:
        Transfer.objects.filter(pk=transfer.pk).update(state=state)
        transfer.refresh_from_db()
        return transfer

    return put
