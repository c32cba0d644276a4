"""Acts on notices: drafted, checked against the law's list, approved by a second person, proved delivered."""

import datetime
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from access.models import Organisation, User
from access.policies import require, require_grant
from audit.errors import Refused
from audit.services import record
from clients.events import NoticeEvent
from clients.models import Announcement, Book, NoticeCampaign
from clients.services.files import take_file
from clients.services.tables import BATCH, TableRow, day, read_table, word
from rules.checklists import Coverage, cover
from rules.packs import Pack
from vault.files import open_file
from vault.models import SealedFile
from vault.rows import Reading

EVIDENCE_COLUMNS = ("客户号", "渠道", "送达日期", "结果", "凭证编号")
CHANNELS = {
    "邮寄": "post",
    "挂号信": "post",
    "电子邮件": "email",
    "短信": "sms",
    "应用推送": "app",
    "电话录音": "call",
    "营业部": "branch",
}
OUTCOMES = {"已送达": "delivered", "退回": "returned"}
LINES_NAMED = 1_000
LONGEST_REFERENCE = 60

_KEEP_EVIDENCE = """
INSERT INTO clients_deliveryevidence
       (id, campaign_id, client_id, channel, outcome, dated_on, reference, entered_at)
SELECT uuidv7(), %(campaign)s, rows.*, now()
  FROM unnest(%(clients)s::uuid[], %(channels)s::text[], %(outcomes)s::text[], %(dates)s::date[],
              %(references)s::text[]) AS rows
    ON CONFLICT (campaign_id, client_id, reference) DO NOTHING
"""


@dataclass(frozen=True)
class Loaded:
    """What a file of evidence or objections brought: rows kept, rows known before, lines without a client.

    ``unknown_lines`` are the first ``LINES_NAMED`` of those ``unknown``.
    """

    kept: int
    known: int
    unknown: int
    unknown_lines: tuple[int, ...]


@transaction.atomic
def draft_campaign(  # noqa: PLR0913  a notice is made of this many things
    *,
    occasion: UUID,
    sender: Organisation,
    text_en: str,
    text_zh: str,
    context: Mapping[str, object],
    pack: Pack,
    checklist: str,
    by: User,
    context_zh: Mapping[str, object] | None = None,
    recipient: Organisation | None = None,
    asks_consent: bool = False,
) -> NoticeCampaign:
    """A notice in both languages waits for approval; both texts say everything the law's list asks for.

    ``recipient`` is the firm the notice names; with ``asks_consent`` it asks each client for separate consent.
    ``context`` holds the values both texts were rendered from, or with ``context_zh`` those of the English one.

    Raises:
        NotAllowed: ``by`` may not draft notices for ``sender``.
        Refused: something the list asks for is not said (PIPL 17, 22 and the checklist of the pack).
    """
    require(by, "clients.draft_notice", sender)
    missing = {
        item.code
        for text, values in ((text_en, context), (text_zh, context if context_zh is None else context_zh))
        for item in coverage(pack=pack, checklist=checklist, text=text, context=values).missing
    }
    if missing:
        raise Refused("notice.text_incomplete", missing=", ".join(sorted(missing)))
    last = NoticeCampaign.objects.filter(occasion=occasion).aggregate(last=Max("number"))["last"] or 0
    campaign = NoticeCampaign.objects.create(
        occasion=occasion,
        sender=sender,
        number=last + 1,
        recipient=recipient,
        asks_consent=asks_consent,
        text_en=text_en,
        text_zh=text_zh,
        text_digest=hashlib.sha256(f"{text_en}\0{text_zh}".encode()).digest(),
        created_by=by,
    )
    record(
        NoticeEvent.DRAFTED,
        actor=by,
        subject=campaign,
        occasion=str(occasion),
        digest=bytes(campaign.text_digest).hex(),
    )
    return campaign


def coverage(*, pack: Pack, checklist: str, text: str, context: Mapping[str, object]) -> Coverage:
    """Which items of the law's list the text says, with the values it was rendered from."""
    return cover(pack, checklist, text=text, context=context, on=timezone.localdate())


@transaction.atomic
def approve_campaign(*, campaign: NoticeCampaign, by: User) -> NoticeCampaign:
    """The notice may be sent and served; from now on its text cannot change.

    Raises:
        NotAllowed: ``by`` may not approve notices of the sender.
        Refused: approved already, or ``by`` drafted it.
    """
    campaign = NoticeCampaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
    require(by, "clients.approve_notice", campaign)
    if campaign.approved_at is not None:
        raise Refused("notice.approved_already")
    if campaign.created_by_id == by.pk:
        raise Refused("notice.four_eyes")
    campaign.approved_by = by
    campaign.approved_at = timezone.now()
    campaign.save(update_fields=["approved_by", "approved_at"])
    record(NoticeEvent.APPROVED, actor=by, subject=campaign, digest=bytes(campaign.text_digest).hex())
    return campaign


@transaction.atomic
def import_delivery_evidence(
    *, campaign: NoticeCampaign, file: SealedFile, book: Book, reading: Reading, by: User
) -> Loaded:
    """Every line of the file with a known client is evidence, dated when it was true; loading again adds nothing.

    Raises:
        NotAllowed: ``by`` may not load evidence for the sender.
        Refused: the notice is not approved, the book is another firm's, or a line is wrong (named by line
            and column; nothing is kept).
    """
    require(by, "clients.load_evidence", campaign)
    refuse_other_book(campaign, book)
    if campaign.approved_at is None:
        raise Refused("notice.not_approved")
    take_file(file, holder=by.organisation_id, purpose="evidence")
    kept = known = unknown = 0
    named: list[int] = []
    rows = read_table(open_file(file, reading), columns=EVIDENCE_COLUMNS, book=book)
    while batch := list(islice(rows, BATCH)):
        lost = [row.line for row in batch if row.client is None]
        added = _keep_evidence(campaign, [row for row in batch if row.client is not None])
        kept, known = kept + added, known + len(batch) - len(lost) - added
        unknown, named = unknown + len(lost), [*named, *lost][:LINES_NAMED]
    record(
        NoticeEvent.EVIDENCE_LOADED,
        actor=by,
        subject=campaign,
        file=str(file.pk),
        kept=kept,
        unknown=unknown,
    )
    return Loaded(kept, known, unknown, tuple(named))


def _keep_evidence(campaign: NoticeCampaign, rows: list[TableRow]) -> int:
    """These lines are evidence, unless they were before; returns how many are new."""
    dates = [day(row, "送达日期") for row in rows]
    late = max(dates, default=datetime.date.min)
    if late > timezone.localdate():
        raise Refused("notice.date_in_future", date=late.isoformat())
    with connection.cursor() as cursor:
        cursor.execute(
            _KEEP_EVIDENCE,
            {
                "campaign": campaign.pk,
                "clients": [row.client for row in rows],
                "channels": [word(row, "渠道", CHANNELS) for row in rows],
                "outcomes": [word(row, "结果", OUTCOMES) for row in rows],
                "dates": dates,
                "references": [_reference(row) for row in rows],
            },
        )
        return int(cursor.rowcount)


def _reference(row: TableRow) -> str:
    reference = row.values["凭证编号"]
    if len(reference) > LONGEST_REFERENCE:
        raise Refused("notice.file_row", line=row.line, column="凭证编号", reason=f"1–{LONGEST_REFERENCE}")
    return reference


def refuse_other_book(campaign: NoticeCampaign, book: Book) -> None:
    """Return only when the notice went to the clients of this book's firm.

    Raises:
        Refused: the book is another firm's; whose clients are in it is not to be found out this way.
    """
    if book.owner_id != campaign.sender_id:
        raise Refused("notice.other_book")


@transaction.atomic
def enter_announcement(
    *,
    campaign: NoticeCampaign,
    medium: str,
    published_on: datetime.date,
    reference: str,
    by: User,
    proof: SealedFile | None = None,
) -> Announcement:
    """A public announcement is on record; it serves nobody until counsel has signed it off.

    Raises:
        NotAllowed: ``by`` may not load evidence for the sender.
        Refused: the notice is not approved, the date lies in the future, or it is entered already.
    """
    campaign = NoticeCampaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
    require(by, "clients.load_evidence", campaign)
    if campaign.approved_at is None:
        raise Refused("notice.not_approved")
    if published_on > timezone.localdate():
        raise Refused("notice.date_in_future", date=published_on.isoformat())
    if proof is not None:
        take_file(proof, holder=by.organisation_id, purpose="evidence")
    announcement, created = Announcement.objects.get_or_create(
        campaign=campaign,
        reference=reference,
        defaults={
            "medium": medium,
            "published_on": published_on,
            "entered_by": by,
            "proof": proof.pk if proof else None,
        },
    )
    if not created:
        raise Refused("notice.announced_already")
    record(
        NoticeEvent.ANNOUNCED, actor=by, subject=announcement, campaign=str(campaign.pk), on=str(published_on)
    )
    return announcement


@transaction.atomic
def sign_off_announcement(*, announcement: Announcement, occasion: object, by: User) -> Announcement:
    """Counsel says that announcement may serve those whom the attempts did not reach.

    ``occasion`` is the transfer the notice belongs to: counsel from outside needs a grant on it, and a
    firm's own lawyers do not sign off what their firm has published.

    Raises:
        NotAllowed: ``by`` is not counsel with a grant on this occasion.
        Refused: signed off already, or the notice belongs to another occasion.
    """
    announcement = (
        Announcement.objects.select_for_update(of=("self",))
        .select_related("campaign")
        .get(pk=announcement.pk)
    )
    require_grant(by, "clients.sign_off_announcement", occasion)
    if getattr(occasion, "pk", None) != announcement.campaign.occasion:
        raise Refused("notice.other_occasion")
    if announcement.signed_off_at is not None:
        raise Refused("notice.signed_off_already")
    announcement.signed_off_by = by
    announcement.signed_off_at = timezone.now()
    announcement.save(update_fields=["signed_off_by", "signed_off_at"])
    record(NoticeEvent.ANNOUNCEMENT_SIGNED_OFF, actor=by, subject=announcement)
    return announcement
