"""What clients answer: objections and wishes to leave, entered or loaded, and decided by an officer."""

import datetime
from itertools import islice
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from access.models import User
from access.policies import require
from audit.errors import Refused
from audit.services import record
from clients.events import NoticeEvent
from clients.models import Book, Client, NoticeCampaign, Objection
from clients.sealed import ObjectionSecret
from clients.services.files import take_file
from clients.services.notices import LINES_NAMED, Loaded, refuse_other_book
from clients.services.tables import BATCH, TableRow, day, read_table, word
from vault.files import open_file
from vault.models import SealedFile
from vault.rows import Reading
from vault.wraps import DataKey, open_data_keys

OBJECTION_COLUMNS = ("客户号", "提出日期", "处理方式", "去向机构")
WISHES = {
    "转户": Objection.Wish.MOVE_AWAY,
    "销户": Objection.Wish.CLOSE,
    "仅异议": Objection.Wish.OBJECT_ONLY,
}
LEAVING_WISHES = {Objection.Wish.MOVE_AWAY, Objection.Wish.CLOSE}


@transaction.atomic
def import_objections(
    *, campaign: NoticeCampaign, file: SealedFile, book: Book, reading: Reading, by: User
) -> Loaded:
    """Every line of the file with a known client is an objection with its own date; loading again adds nothing.

    Raises:
        NotAllowed: ``by`` may not load evidence for the sender.
        Refused: the book is another firm's, a date lies in the future, or a line is wrong (named by line and
            column; nothing is kept).
    """
    require(by, "clients.load_evidence", campaign)
    refuse_other_book(campaign, book)
    take_file(file, holder=by.organisation_id, purpose="evidence")
    kept = known = unknown = 0
    named: list[int] = []
    rows = read_table(open_file(file, reading), columns=OBJECTION_COLUMNS, book=book)
    while batch := list(islice(rows, BATCH)):
        lost = [row.line for row in batch if row.client is None]
        added = _keep_objections(campaign, batch)
        kept, known = kept + added, known + len(batch) - len(lost) - added
        unknown, named = unknown + len(lost), [*named, *lost][:LINES_NAMED]
    record(
        NoticeEvent.OBJECTIONS_LOADED,
        actor=by,
        subject=campaign,
        file=str(file.pk),
        kept=kept,
        unknown=unknown,
    )
    return Loaded(kept, known, unknown, tuple(named))


def _keep_objections(campaign: NoticeCampaign, rows: list[TableRow]) -> int:
    """The lines with a known client are objections, unless they were before; returns how many are new."""
    found = {(row.client, day(row, "提出日期"), _wish(row)): row for row in rows if row.client}
    clients = [client for client, _, _ in found if client]
    before = campaign.objections.filter(client__in=clients)
    known = set(before.values_list("client_id", "raised_on", "wish"))
    fresh = {key: row for key, row in found.items() if key not in known}
    for _, raised_on, _ in fresh:
        _refuse_future(raised_on)
    keys = open_data_keys({client for client, _, _ in fresh if client}, holder=campaign.sender_id)
    Objection.objects.bulk_create(
        _sealed(campaign, row, client, keys[client]) for (client, _, _), row in fresh.items() if client
    )
    return len(fresh)


@transaction.atomic
def enter_objection(
    *,
    campaign: NoticeCampaign,
    client: Client,
    wish: str,
    raised_on: datetime.date,
    destination: str,
    by: User,
) -> Objection:
    """One client's answer, taken at a counter or on the telephone, is on record.

    Raises:
        NotAllowed: ``by`` may not enter objections for this client.
        Refused: the date lies in the future, or the notice is not one to this client's firm's clients.
    """
    # Whoever hands clients over locks their rows first: an answer is on record before that, or after.
    client = Client.objects.select_for_update(of=("self",)).select_related("book").get(pk=client.pk)
    require(by, "clients.enter_objection", client)
    refuse_other_book(campaign, client.book)
    _refuse_future(raised_on)
    key = open_data_keys([client.pk], holder=client.custodian_id)[client.pk]
    objection = Objection(campaign=campaign, client=client, wish=Objection.Wish(wish), raised_on=raised_on)
    objection.seal_new(ObjectionSecret(destination=destination), key)
    objection.save(force_insert=True)
    record(NoticeEvent.OBJECTION_ENTERED, actor=by, subject=objection, client=str(client.pk), wish=wish)
    return objection


@transaction.atomic
def decide_objection(*, objection: Objection, decision: str, by: User) -> Objection:
    """The objection is decided: the client leaves, has left, or stays.

    ``leaving`` may still become ``left``; ``left`` and ``stays`` are final.

    Raises:
        NotAllowed: ``by`` may not decide objections to this sender's notice.
        Refused: decided already, or a mere objection is marked as leaving.
    """
    # The client's row first, in the order of a handover: decided before the release is checked, or after it.
    Client.objects.select_for_update().get(pk=objection.client_id)
    objection = (
        Objection.objects.select_for_update(of=("self",)).select_related("campaign").get(pk=objection.pk)
    )
    require(by, "clients.decide_objection", objection.campaign)
    decision = Objection.Decision(decision)
    allowed = {
        Objection.Decision.OPEN: set(Objection.Decision) - {Objection.Decision.OPEN},
        Objection.Decision.LEAVING: {Objection.Decision.LEFT, Objection.Decision.STAYS},
    }
    if decision not in allowed.get(Objection.Decision(objection.decision), set()):
        raise Refused("objection.decided_already")
    if decision == Objection.Decision.LEAVING and objection.wish not in LEAVING_WISHES:
        raise Refused("objection.decision_does_not_fit")
    objection.decision = decision
    objection.decided_by = by
    objection.decided_at = timezone.now()
    objection.save(update_fields=["decision", "decided_by", "decided_at"])
    record(
        NoticeEvent.OBJECTION_DECIDED,
        actor=by,
        subject=objection,
        client=str(objection.client_id),
        decision=decision,
    )
    return objection


def _refuse_future(raised_on: datetime.date) -> None:
    if raised_on > timezone.localdate():
        raise Refused("notice.date_in_future", date=raised_on.isoformat())


def _wish(row: TableRow) -> str:
    return word(row, "处理方式", WISHES)


def _sealed(campaign: NoticeCampaign, row: TableRow, client: UUID, key: DataKey) -> Objection:
    objection = Objection(
        campaign=campaign, client_id=client, wish=_wish(row), raised_on=day(row, "提出日期")
    )
    objection.seal_new(ObjectionSecret(destination=row.values["去向机构"]), key)
    return objection
