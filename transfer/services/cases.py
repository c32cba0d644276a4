"""What becomes of each client: cases opened and assessed in set-based passes, and the funnel they add up to."""

import datetime
import json
from collections.abc import Iterator
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from access.asking import once
from access.models import User
from audit.errors import Refused
from audit.services import record
from clients.models import Announcement, DeliveryEvidence, NoticeCampaign, Objection
from rules.packs import Pack, load_pack
from rules.verdicts import Verdict, VerdictTable
from transfer.events import CaseEvent
from transfer.models import CaseCount, ClientCase, Transfer
from transfer.policies import TRANSFEROR, require_side
from transfer.services.agreements import latest_version
from transfer.services.evidence import keep_evidence
from transfer.services.locking import lock_transfer
from transfer.statistics import measure

BATCH = 5_000
WISHES = {"object": "objection_only", "move_away": "exit_transfer", "close": "exit_close"}
# Custody has begun to move: what becomes of these is no longer the verdict's to say.
DECIDED = (ClientCase.State.RELEASED, ClientCase.State.ACCEPTED, ClientCase.State.RECALLED)

_OPEN = """
INSERT INTO transfer_clientcase
       (id, transfer_id, client_id, state, since, requirement, served, reasons)
SELECT uuidv7(), %(transfer)s, client.id, 'in_scope', now(), '', '', '[]'
  FROM clients_client client
 WHERE client.book_id = %(book)s
    ON CONFLICT (transfer_id, client_id) DO NOTHING
"""

_FACTS = """
SELECT cases.id, client.kind, client.jurisdiction, client.is_under14, client.is_minor,
       EXISTS (SELECT 1 FROM clients_relation relation
                WHERE relation.client_id = client.id AND relation.kind = 'guardian'),
       evidence.delivered_on, coalesce(evidence.returned, 0),
       objection.wish, objection.raised_on, objection.decision,
       CASE WHEN consent.answer IS NULL THEN 'none'
            WHEN consent.answer = 'given' AND (consent.campaign_id IS DISTINCT FROM %(campaign)s
                                               OR client.is_under14 AND NOT consent.by_guardian) THEN 'none'
            ELSE consent.answer END
  FROM transfer_clientcase cases
  JOIN clients_client client ON client.id = cases.client_id
  LEFT JOIN (SELECT client_id, min(dated_on) FILTER (WHERE outcome = 'delivered') AS delivered_on,
                    count(DISTINCT channel) FILTER (WHERE outcome = 'returned') AS returned
               FROM clients_deliveryevidence WHERE campaign_id = %(campaign)s {only} GROUP BY client_id
            ) evidence ON evidence.client_id = client.id
  LEFT JOIN (SELECT DISTINCT ON (client_id) client_id, wish, raised_on, decision
               FROM clients_objection
              WHERE campaign_id IN (SELECT id FROM clients_noticecampaign WHERE occasion = %(transfer)s) {only}
              ORDER BY client_id, raised_on DESC, entered_at DESC
            ) objection ON objection.client_id = client.id
  LEFT JOIN (SELECT DISTINCT ON (client_id) client_id, answer, by_guardian, campaign_id
               FROM clients_consentrecord WHERE occasion = %(transfer)s AND answered_at < %(until)s {only}
              ORDER BY client_id, answered_at DESC, answer = 'given', entered_at DESC
            ) consent ON consent.client_id = client.id
 WHERE cases.transfer_id = %(transfer)s AND cases.state <> ALL (%(decided)s) {these}
"""
# Of some clients only: in each part, because a grouped one does not take the condition from outside.
_ONLY = {"only": "AND client_id = ANY (%(clients)s)", "these": "AND cases.client_id = ANY (%(clients)s)"}
_ALL = {"only": "", "these": ""}

_FOLD = """
WITH lines AS (DELETE FROM transfer_casecount WHERE transfer_id = %s RETURNING state, clients)
INSERT INTO transfer_casecount (transfer_id, state, clients)
SELECT %s, state, sum(clients) FROM lines GROUP BY state HAVING sum(clients) <> 0
"""

_STORE = """
UPDATE transfer_clientcase cases
   SET state = verdict.state, requirement = verdict.requirement, window_ends_on = verdict.window_ends_on,
       reasons = verdict.reasons, served = found.served, served_on = found.served_on,
       since = CASE WHEN cases.state = verdict.state THEN cases.since ELSE now() END
  FROM (SELECT * FROM unnest(%(ids)s::uuid[], %(codes)s::int[], %(served)s::text[], %(served_on)s::date[])
               AS rows (id, code, served, served_on)) found
  JOIN (SELECT * FROM jsonb_to_recordset(%(verdicts)s::jsonb)
               AS rows (code int, state text, requirement text, window_ends_on date, reasons jsonb)) verdict
    ON verdict.code = found.code
 WHERE cases.id = found.id
   AND (cases.state, cases.requirement, cases.window_ends_on, cases.reasons, cases.served, cases.served_on)
       IS DISTINCT FROM
       (verdict.state, verdict.requirement, verdict.window_ends_on, verdict.reasons, found.served, found.served_on)
"""


@transaction.atomic
def open_cases(*, transfer: Transfer, by: User | None = None) -> int:
    """Every loaded client of the transferor has exactly one case; returns how many were opened now."""
    transfer = lock_transfer(transfer)
    if by is not None:
        require_side(by, "transfer.assess_cases", transfer, TRANSFEROR)
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, {"transfer": transfer.pk, "book": transfer.book_id})
        opened: int = cursor.rowcount
    if opened:
        record(CaseEvent.OPENED, actor=by, subject=transfer, count=opened)
    return opened


@transaction.atomic
def assess_cases(
    *, transfer: Transfer, as_of: datetime.date | None = None, by: User | None = None
) -> dict[str, int]:
    """Every case whose custody has not begun to move carries today's verdict with its reasons.

    One pass over the facts; distinct combinations are weighed once. Returns the funnel. During the cutover
    nothing changes here: each batch has its facts checked again when it is released.

    Raises:
        NotAllowed: ``by`` may not assess this transfer for the transferor.
        Refused: the transfer has ended or is being cut over.
    """
    transfer = lock_transfer(transfer)
    if by is not None:
        require_side(by, "transfer.assess_cases", transfer, TRANSFEROR)
    if transfer.state == Transfer.State.CUTTING_OVER:
        raise Refused("cutover.cases_frozen")
    open_cases(transfer=transfer, by=by)
    pack = transfer_pack(transfer)
    measure(ClientCase, DeliveryEvidence, Objection)
    _weigh(transfer, pack, as_of or timezone.localdate(), None)
    _fold_counts(transfer)
    measure(ClientCase)
    campaign = current_campaign(transfer)
    if campaign is not None:
        keep_evidence(transfer, campaign)
    counts = funnel(transfer)
    record(CaseEvent.ASSESSED, actor=by, subject=transfer, pack=pack.digest, **counts)
    return counts


@transaction.atomic
def recheck_cases(*, transfer: Transfer, clients: list[UUID]) -> int:
    """These clients' cases carry the verdict of this moment; returns how many it changed.

    For the system alone, right before custody moves; the caller holds the rows of the clients.
    """
    transfer = lock_transfer(transfer)
    changed = _weigh(transfer, transfer_pack(transfer), timezone.localdate(), clients)
    if changed:
        record(CaseEvent.ASSESSED, actor=None, subject=transfer, pack=transfer.pack_digest, rechecked=changed)
    return changed


def _weigh(transfer: Transfer, pack: Pack, as_of: datetime.date, clients: list[UUID] | None) -> int:
    table = VerdictTable(pack)
    facts = _facts(transfer, as_of, clients)
    changed = 0
    while rows := tuple(islice(facts, BATCH)):
        changed += _store(rows, list(table.codes(facts for _, _, facts in rows)), table)
    return changed


def _fold_counts(transfer: Transfer) -> None:
    """Many lines of the count become one per state; their sums stay what they are."""
    with connection.cursor() as cursor:
        cursor.execute(_FOLD, [transfer.pk, transfer.pk])


def funnel(transfer: Transfer) -> dict[str, int]:
    """How many clients are in each state: every state once, and together all the clients.

    The sum of what the database itself noted whenever a case changed; a million cases are not counted anew.
    """
    noted = (
        CaseCount.objects.filter(transfer=transfer).values_list("state").annotate(Sum("clients")).order_by()
    )
    found = once(("funnel", transfer.pk), lambda: dict(noted))
    return {state.value: found.get(state.value, 0) for state in ClientCase.State}


def current_campaign(transfer: Transfer) -> NoticeCampaign | None:
    """The transferor's notice that counts: the latest approved one. A postponement sends another, and only
    that one serves. What another firm sends about the same transfer serves nobody.
    """
    campaigns = NoticeCampaign.objects.filter(occasion=transfer.pk, sender=transfer.transferor_id)
    campaigns = campaigns.exclude(approved_at=None)
    return campaigns.order_by("-number").first()


def transfer_pack(transfer: Transfer) -> Pack:
    """The rule pack the transfer runs under."""
    return load_pack(transfer.pack_name)


Facts = tuple[Any, tuple[str, datetime.date | None], tuple[object, ...]]


def _facts(transfer: Transfer, as_of: datetime.date, clients: list[UUID] | None) -> Iterator[Facts]:
    campaign = current_campaign(transfer)
    announced = _announced_on(campaign)
    signed = campaign is not None and _signed_off(campaign)
    agreement = latest_version(transfer)
    changed = agreement is not None and agreement.purpose_changed
    # A cursor of the server's: a million cases are never in memory at once.
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            _FACTS.format(**(_ALL if clients is None else _ONLY)),
            {
                "clients": clients,
                "transfer": transfer.pk,
                "until": _end_of(as_of),
                "campaign": None if campaign is None else campaign.pk,
                "decided": [state.value for state in DECIDED],
            },
        )
        while rows := cursor.fetchmany(BATCH):
            for (
                case,
                kind,
                where,
                under14,
                minor,
                guarded,
                delivered,
                returned,
                wish,
                raised,
                decision,
                consent,
            ) in rows:
                notice, noticed_on, served = _notice(delivered, returned, announced)
                left = decision == "left"
                objection = "none" if wish is None or decision == "stays" else WISHES[wish]
                yield (
                    case,
                    (served, noticed_on),
                    (
                        as_of,
                        kind,
                        where,
                        under14,
                        minor,
                        guarded,
                        transfer.basis,
                        changed,
                        notice,
                        noticed_on,
                        returned,
                        signed,
                        objection,
                        None if objection == "none" else raised,
                        left,
                        consent,
                    ),
                )


def _end_of(day: datetime.date) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day + datetime.timedelta(days=1), datetime.time.min))


def _notice(
    delivered: datetime.date | None, returned: int, announced: datetime.date | None
) -> tuple[str, datetime.date | None, str]:
    if delivered is not None:
        return "delivered", delivered, ClientCase.Served.INDIVIDUALLY
    if returned and announced is not None:
        return "announced", announced, ClientCase.Served.ANNOUNCEMENT
    return ("bounced" if returned else "none"), None, ClientCase.Served.NOT


def _announced_on(campaign: NoticeCampaign | None) -> datetime.date | None:
    """The day of the announcement that serves: signed off by counsel if one is, else the first published."""
    announcements = Announcement.objects.filter(campaign=campaign).order_by("published_on")
    days = list(announcements.values_list("published_on", "signed_off_at"))
    signed = [day for day, at in days if at is not None]
    return next(iter(signed or [day for day, _ in days]), None)


def _signed_off(campaign: NoticeCampaign) -> bool:
    return campaign.announcements.exclude(signed_off_at=None).exists()


def _store(rows: tuple[Facts, ...], codes: list[int], table: VerdictTable) -> int:
    verdicts = [_verdict_row(code, table.verdicts[code]) for code in sorted(set(codes))]
    with connection.cursor() as cursor:
        cursor.execute(
            _STORE,
            {
                "ids": [str(case) for case, _, _ in rows],
                "codes": codes,
                "served": [served for _, (served, _), _ in rows],
                "served_on": [day for _, (_, day), _ in rows],
                "verdicts": json.dumps(verdicts),
            },
        )
        return int(cursor.rowcount)


def _verdict_row(code: int, verdict: Verdict) -> dict[str, object]:
    ends = verdict.window_ends_on
    return {
        "code": code,
        "state": verdict.state,
        "requirement": verdict.requirement,
        "window_ends_on": None if ends is None else ends.isoformat(),
        "reasons": verdict.lines,
    }
