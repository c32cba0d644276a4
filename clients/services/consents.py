"""What clients answer when they are asked for separate consent (PIPL 14, 15, 23): given, refused, withdrawn.

Invariants:
- Every answer is a row of its own; nothing is overwritten. The last answer counts, and of two at the same
  moment the one that does not consent.
- Silence writes no row: without an answer there is no consent.
- For a child under 14 only a guardian on record answers (PIPL 31).
- Withdrawing asks for no more than consenting did: no reason, no evidence.
"""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from access.models import User
from access.policies import require
from audit.errors import Refused
from audit.services import record
from clients.answers import tell_withdrawn
from clients.events import ConsentEvent
from clients.models import Book, Client, ConsentRecord, NoticeCampaign, Relation
from clients.services.files import take_file
from clients.services.notices import refuse_other_book
from clients.services.tables import TableRow, moment, read_table, word
from vault.files import open_file
from vault.ids import new_id
from vault.models import SealedFile
from vault.rows import Reading

Answer, Channel = ConsentRecord.Answer, ConsentRecord.Channel
CONSENT_COLUMNS = ("客户号", "答复", "渠道", "答复时间", "答复人", "凭证编号")
ANSWERS = {"同意": Answer.GIVEN, "拒绝": Answer.REFUSED, "撤回": Answer.WITHDRAWN}
CHANNELS = {
    "营业部": Channel.BRANCH,
    "邮寄": Channel.POST,
    "挂号信": Channel.POST,
    "电子邮件": Channel.EMAIL,
    "短信": Channel.SMS,
    "应用推送": Channel.APP,
    "电话录音": Channel.CALL,
}
WHO = {"本人": False, "监护人": True}
_EVENTS = {
    Answer.GIVEN: ConsentEvent.GIVEN,
    Answer.REFUSED: ConsentEvent.REFUSED,
    Answer.WITHDRAWN: ConsentEvent.WITHDRAWN,
}


_LAST_ANSWERS = """
SELECT answer, count(*) FROM (
    SELECT DISTINCT ON (client_id) client_id, answer FROM clients_consentrecord WHERE occasion = %(occasion)s
     ORDER BY client_id, answered_at DESC, answer = 'given', entered_at DESC) last
 GROUP BY answer
"""


@dataclass(frozen=True)
class LoadedAnswers:
    """What a file of answers brought: rows kept, known before, lines without a client, and lines refused
    with the code of the refusal.
    """

    kept: int
    known: int
    unknown_lines: tuple[int, ...]
    refused_lines: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Given:
    """How one client answered."""

    answer: str
    channel: str
    answered_at: datetime.datetime
    by_guardian: bool
    reference: str


def give_consent(
    *,
    campaign: NoticeCampaign,
    client: Client,
    channel: str,
    by: User,
    answered_at: datetime.datetime | None = None,
    reference: str = "",
    by_guardian: bool = False,
    evidence: SealedFile | None = None,
) -> ConsentRecord:
    """The client, or the guardian for a child, has agreed to what exactly this notice says.

    Raises:
        NotAllowed: ``by`` may not enter answers for this client.
        Refused: the notice does not ask for consent or is not approved, it is another firm's, the moment lies
            in the future, or a child's guardian did not answer or is not on record.
    """
    given = Given(Answer.GIVEN, channel, answered_at or timezone.now(), by_guardian, reference)
    return _enter(campaign, client, given, evidence, by)


def refuse_consent(
    *,
    campaign: NoticeCampaign,
    client: Client,
    channel: str,
    by: User,
    answered_at: datetime.datetime | None = None,
    reference: str = "",
    by_guardian: bool = False,
    evidence: SealedFile | None = None,
) -> ConsentRecord:
    """The client has said no to this notice; anybody's no counts, a child's too.

    Raises:
        NotAllowed, Refused: as ``give_consent``, except for what concerns guardians.
    """
    given = Given(Answer.REFUSED, channel, answered_at or timezone.now(), by_guardian, reference)
    return _enter(campaign, client, given, evidence, by)


def withdraw_consent(
    *,
    campaign: NoticeCampaign,
    client: Client,
    channel: str,
    by: User,
    answered_at: datetime.datetime | None = None,
    reference: str = "",
    by_guardian: bool = False,
    evidence: SealedFile | None = None,
) -> ConsentRecord:
    """The consent given before counts no more from this moment; rooms above have been told.

    What was done under the consent until then stays lawful (PIPL 15).

    Raises:
        NotAllowed: ``by`` belongs neither to the firm that asked nor to the one that has the data now.
        Refused: there is no consent that could be withdrawn, or the moment lies in the future.
    """
    given = Given(Answer.WITHDRAWN, channel, answered_at or timezone.now(), by_guardian, reference)
    return _enter(campaign, client, given, evidence, by)


@transaction.atomic
def import_consents(
    *, campaign: NoticeCampaign, file: SealedFile, book: Book, reading: Reading, by: User
) -> LoadedAnswers:
    """Every line with a known client whose answer counts is on record; loading the file again adds nothing.

    A line whose answer cannot count (a child's own word, a withdrawal of nothing) is left out and named;
    the others stand.

    Raises:
        NotAllowed: ``by`` may not load evidence for the sender.
        Refused: the notice asks for no consent, the book is another firm's, or a line cannot be read (named by
            line and column; nothing is kept).
    """
    require(by, "clients.load_evidence", campaign)
    refuse_other_book(campaign, book)
    _refuse_unasked(campaign)
    take_file(file, holder=by.organisation_id, purpose="evidence")
    lines = [
        (row, _read(row)) for row in read_table(open_file(file, reading), columns=CONSENT_COLUMNS, book=book)
    ]
    unknown = tuple(row.line for row, _ in lines if row.client is None)
    kept, known, refused = _keep(campaign, lines, file, by)
    record(
        ConsentEvent.LOADED,
        actor=by,
        subject=campaign,
        file=str(file.pk),
        kept=len(kept),
        left_out=len(refused),
        unknown=len(unknown),
        **{answer.value: sum(row.answer == answer for row in kept) for answer in Answer},
    )
    for row in kept:
        if row.answer == Answer.WITHDRAWN:
            tell_withdrawn(row)
    return LoadedAnswers(len(kept), known, unknown, tuple(refused))


def history(client: Client, occasion: UUID) -> list[ConsentRecord]:
    """Every answer of this client about one occasion, the newest first."""
    rows = ConsentRecord.objects.filter(client=client, occasion=occasion)
    return list(rows.select_related("campaign", "entered_by").order_by("-answered_at", "-entered_at"))


def latest_answers(occasion: UUID, clients: Iterable[UUID]) -> dict[UUID, str]:
    """The answer that counts now, for each of these clients who has answered."""
    rows = ConsentRecord.objects.filter(occasion=occasion, client__in=list(clients))
    found: dict[UUID, tuple[datetime.datetime, bool, str]] = {}
    for client, at, answer in rows.values_list("client_id", "answered_at", "answer"):
        # Of two answers at the same moment the one that does not consent counts.
        mine = (at, answer != Answer.GIVEN, answer)
        found[client] = max(found.get(client, mine), mine)
    return {client: answer for client, (_, _, answer) in found.items()}


def answer_counts(occasion: UUID) -> dict[str, int]:
    """How many clients' last answer about this occasion is which; who never answered is in none of them."""
    with connection.cursor() as cursor:
        cursor.execute(_LAST_ANSWERS, {"occasion": occasion})
        found = dict(cursor.fetchall())
    return {answer.value: found.get(answer.value, 0) for answer in Answer}


@transaction.atomic
def _enter(
    campaign: NoticeCampaign, client: Client, given: Given, evidence: SealedFile | None, by: User
) -> ConsentRecord:
    # Whoever hands clients over locks their rows first: an answer is on record before that, or after.
    client = Client.objects.select_for_update(of=("self",)).select_related("book").get(pk=client.pk)
    withdraws = given.answer == Answer.WITHDRAWN
    asker = by.organisation_id == campaign.sender_id
    require(by, "clients.enter_consent", campaign if withdraws and asker else client)
    refuse_other_book(campaign, client.book)
    _refuse_unasked(campaign)
    guardian = _guardians([client.pk]).get(client.pk)
    code = _hindrance(
        given,
        child=client.is_under14,
        guardian=guardian,
        standing=latest_answers(campaign.occasion, [client.pk]).get(client.pk),
    )
    if code:
        raise Refused(code)
    if evidence is not None:
        take_file(evidence, holder=by.organisation_id, purpose="evidence")
    row = _row(campaign, client.pk, given, by, evidence, guardian)
    row.save(force_insert=True)
    record(
        _EVENTS[Answer(given.answer)],
        actor=by,
        subject=row,
        client=str(client.pk),
        occasion=str(campaign.occasion),
        notice=bytes(campaign.text_digest).hex(),
        channel=given.channel,
        by_guardian=given.by_guardian,
    )
    if withdraws:
        tell_withdrawn(row)
    return row


def _keep(
    campaign: NoticeCampaign, lines: Sequence[tuple[TableRow, Given]], file: SealedFile, by: User
) -> tuple[list[ConsentRecord], int, list[tuple[int, str]]]:
    """Writes the answers in the order in which they were given; those kept, known before, and refused."""
    named = sorted({row.client for row, _ in lines if row.client is not None})
    locked = Client.objects.select_for_update().filter(pk__in=named).order_by("pk")
    children = dict(locked.values_list("pk", "is_under14"))
    guardians, standing = _guardians(named), latest_answers(campaign.occasion, named)
    before = set(campaign.consents.filter(client__in=named).values_list("client_id", "answer", "reference"))
    kept, known, refused = [], 0, []
    for row, given in sorted(lines, key=lambda line: (line[1].answered_at, line[0].line)):
        if row.client is None:
            continue
        if (row.client, given.answer, given.reference) in before:
            known += 1
            continue
        code = _hindrance(
            given,
            child=children[row.client],
            guardian=guardians.get(row.client),
            standing=standing.get(row.client),
        )
        if code:
            refused.append((row.line, code))
            continue
        before.add((row.client, given.answer, given.reference))
        standing[row.client] = given.answer
        kept.append(_row(campaign, row.client, given, by, file, guardians.get(row.client)))
    ConsentRecord.objects.bulk_create(kept, batch_size=2_000)
    return kept, known, sorted(refused)


def _hindrance(given: Given, *, child: bool, guardian: UUID | None, standing: str | None) -> str:
    """The code of what keeps this answer from counting, empty when nothing does."""
    if given.answered_at > timezone.now():
        return "consent.moment_in_future"
    if given.answer == Answer.WITHDRAWN:
        return "" if standing == Answer.GIVEN else "consent.nothing_to_withdraw"
    if given.by_guardian and guardian is None:
        return "consent.guardian_missing"
    if given.answer == Answer.GIVEN and child and not given.by_guardian:
        return "consent.guardian_needed"
    return ""


def _refuse_unasked(campaign: NoticeCampaign) -> None:
    if campaign.approved_at is None:
        raise Refused("notice.not_approved")
    if not campaign.asks_consent or campaign.recipient_id is None:
        raise Refused("consent.not_asked")


def _guardians(clients: Iterable[UUID]) -> dict[UUID, UUID]:
    """One guardian on record for each of these clients who has one."""
    rows = Relation.objects.filter(client__in=list(clients), kind=Relation.Kind.GUARDIAN).order_by("-pk")
    return dict(rows.values_list("client_id", "pk"))


def _row(
    campaign: NoticeCampaign,
    client: UUID,
    given: Given,
    by: User,
    evidence: SealedFile | None,
    guardian: UUID | None,
) -> ConsentRecord:
    # Only a campaign that names its recipient asks for consent.
    assert campaign.recipient_id is not None
    return ConsentRecord(
        occasion=campaign.occasion,
        client_id=client,
        campaign=campaign,
        notice_digest=bytes(campaign.text_digest),
        controller=campaign.sender,
        recipient_id=campaign.recipient_id,
        answer=Answer(given.answer),
        channel=Channel(given.channel),
        answered_at=given.answered_at,
        by_guardian=given.by_guardian,
        guardian_id=guardian if given.by_guardian else None,
        reference=given.reference or new_id().hex[-12:],
        evidence=None if evidence is None else evidence.pk,
        entered_by=by,
    )


def _read(row: TableRow) -> Given:
    if not row.values["凭证编号"]:
        # Without a reference the same line could not be known again.
        raise Refused("notice.file_row", line=row.line, column="凭证编号", reason="…")
    return Given(
        answer=word(row, "答复", ANSWERS),
        channel=word(row, "渠道", CHANNELS),
        answered_at=moment(row, "答复时间"),
        by_guardian=word(row, "答复人", WHO) is True,
        reference=row.values["凭证编号"],
    )
