"""The papers of the regulator's pack as data for the forms: figures from the signed statement and the rows."""

from collections.abc import Iterable
from itertools import zip_longest
from typing import Any

from django.db import models
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import (
    Account,
    Announcement,
    Client,
    CustodyMember,
    CustodyMove,
    DeliveryEvidence,
    Document,
    Holding,
    NoticeCampaign,
    Objection,
    Preference,
    Relation,
    Trade,
)
from transfer.certificate.field_words import field_words, table_words
from transfer.certificate.words import both, column, fact, grouped, heading, line
from transfer.models import Break, Certificate, ReturnFile, Run, Transfer

Paper = dict[str, Any]
Statement = dict[str, Any]

KINDS: tuple[tuple[Any, type[models.Model]], ...] = (
    (_("Accounts"), Account),
    (_("Related persons"), Relation),
    (_("Holdings"), Holding),
    (_("Trades"), Trade),
    (_("Preferences"), Preference),
    (_("Documents"), Document),
)
BREAK_KINDS = {
    "missing": _("row missing"),
    "extra": _("row too many"),
    "differs": _("value differs"),
}
EXCEPTION = _("Gate %(gate)s by exception: %(reason)s (asked by %(asked_by)s, granted by %(granted_by)s)")
OPEN_BREAK = _("Open break: %(source)s, %(kind)s %(field)s: %(count)s")
NOTES = {
    "both_signing_keys_on_one_host": _("Both organisations' signing keys lie on one host."),
}


def handover_list(certificate: Certificate, statement: Statement) -> Paper:
    """The handover list: what kinds of data were handed over and how many rows, batch by batch, to be chopped."""
    transfer = certificate.transfer
    members = CustodyMember.objects.filter(move__occasion=transfer.pk, move__state=CustodyMove.State.ACCEPTED)
    accepted = Client.objects.filter(pk__in=members.values("client_id"))
    kinds = dict(accepted.values_list("kind").annotate(Count("pk")).order_by())
    rows = [
        [line(both(_("Clients: %(kind)s"), kind=kind.label)), f"{kinds.get(kind.value, 0):,d}"]
        for kind in Client.Kind
    ]
    total = accepted.count()
    for title, model in KINDS:
        count = model._default_manager.filter(client__in=accepted).count()  # noqa: SLF001 - the documented way
        rows.append([line(both(title)), f"{count:,d}"])
        total += count
    return heading(certificate, statement, "LIST", _("Handover list")) | {
        "statement": [_passed(statement)],
        "facts": _transfer_facts(transfer, statement),
        "columns": [column(_("Kind of data"), width=3), column(_("Rows"), number=True, width=1)],
        "rows": rows,
        "totals": ["", f"{total:,d}"],
        "tables": [_batches(transfer)],
    }


def notices(certificate: Certificate, statement: Statement) -> Paper:
    """The notices: their text, what proves that they arrived, announcements, and what clients answered."""
    campaigns = NoticeCampaign.objects.filter(occasion=certificate.transfer_id).order_by("number")
    newest = campaigns.last()
    evidence = DeliveryEvidence.objects.filter(campaign__in=campaigns)
    proved = evidence.filter(outcome=DeliveryEvidence.Outcome.DELIVERED).values("client").distinct().count()
    return heading(certificate, statement, "NOTICES", _("Notices to clients")) | {
        "summary": [
            both(
                _("%(proved)s clients have proof of notice; %(attempts)s attempts are on record."),
                proved=proved,
                attempts=evidence.count(),
            ),
            *_paragraphs(newest),
        ],
        "facts": []
        if newest is None
        else [
            fact(_("Notice"), str(newest.number)),
            fact(_("Approved by"), newest.approved_by.name if newest.approved_by else "—"),
            fact(_("SHA-256 of the text"), grouped(bytes(newest.text_digest).hex())),
        ],
        "tables": [_evidence(evidence), _announcements(campaigns), _objections(campaigns)],
    }


def break_table(certificate: Certificate, statement: Statement) -> Paper:
    """The break table: what was compared, every difference by kind and state, and who decided write-offs."""
    run = Run.objects.get(transfer=certificate.transfer_id, kind=Run.Kind.CUTOVER)
    still_open = sum(row["count"] for row in statement["open_breaks"])
    found = sum(row["count"] for row in statement["breaks"])
    return heading(certificate, statement, "BREAKS", _("Break table")) | {
        "summary": [both(_("Breaks found: %(found)s; open: %(open)s."), found=found, open=still_open)],
        "tables": [
            _compared(statement),
            _breaks(_("Breaks by kind and state"), statement["breaks"]),
            _write_offs(run),
        ],
    }


def certificate_paper(certificate: Certificate, statement: Statement) -> Paper:
    """The certificate on paper: exceptions and open breaks first, then what both organisations attest."""
    exceptions = [both(EXCEPTION, **{**row, "gate": str(row["gate"])}) for row in statement["exceptions"]]
    exceptions += [
        both(OPEN_BREAK, **_break_words(row), count=row["count"]) for row in statement["open_breaks"]
    ]
    signed = timezone.localtime(certificate.issued_at).isoformat(timespec="minutes")
    return heading(certificate, statement, "CERT", _("Certificate of handover")) | {
        "statement": [
            _passed(statement),
            *(both(NOTES[note]) for note in statement["notes"] if note in NOTES),
        ],
        "exceptions": exceptions,
        "facts": [
            *_transfer_facts(certificate.transfer, statement),
            fact(_("Merkle root of the clients"), grouped(statement["root"])),
            fact(_("SHA-256 of the certificate file"), grouped(certificate.digest)),
            fact(_("Mandate"), grouped(statement["mandate"]["digest"])),
        ],
        "tables": [
            _compared(statement),
            _breaks(_("Breaks by kind and state"), statement["breaks"]),
            _batches(certificate.transfer),
        ],
        "signatures": [
            {
                "organisation": {"en": statement[side]["name_en"], "zh": statement[side]["name_zh"]},
                "name": statement[side]["code"],
                "fingerprint": statement[side]["certificate_key"],
                "signed_at": signed,
            }
            for side in ("transferor", "transferee")
        ],
    }


def _passed(statement: Statement) -> dict[str, str]:
    sides = {
        side: {"en": statement[side]["name_en"], "zh": statement[side]["name_zh"]}
        for side in ("transferor", "transferee")
    }
    return both(
        _("From %(giver)s to %(taker)s: data custody of %(clients)s clients."),
        clients=statement["clients"],
        giver=sides["transferor"],
        taker=sides["transferee"],
    )


def _transfer_facts(transfer: Transfer, statement: Statement) -> list[dict[str, Any]]:
    agreement = statement["agreement"]
    return [
        fact(_("Transfer"), transfer.number),
        fact(_("Legal basis"), both(Transfer.Basis(transfer.basis).label)),
        fact(_("Agreement"), grouped(agreement.get("digest", "—"))),
        fact(_("Clients handed over"), f"{statement['clients']:,d}"),
    ]


def _batches(transfer: Transfer) -> dict[str, Any]:
    moves = CustodyMove.objects.filter(occasion=transfer.pk, state=CustodyMove.State.ACCEPTED).order_by(
        "number"
    )
    return {
        "title": both(_("Custody batches")),
        "columns": [
            column(_("Batch"), number=True, width=1),
            column(_("Clients"), number=True, width=1),
            column(_("Released"), width=2),
            column(_("Accepted"), width=2),
            column(_("Root of the batch"), width=4),
        ],
        "rows": [
            [
                str(move.number),
                f"{move.client_count:,d}",
                _moment(move.released_at),
                _moment(move.accepted_at),
                grouped(bytes(move.members_root).hex()),
            ]
            for move in moves
        ],
    }


def _evidence(evidence: models.QuerySet[DeliveryEvidence]) -> dict[str, Any]:
    counted = evidence.values("channel", "outcome").annotate(count=Count("pk")).order_by("channel", "outcome")
    rows = [
        [
            line(both(DeliveryEvidence.Channel(row["channel"]).label)),
            line(both(DeliveryEvidence.Outcome(row["outcome"]).label)),
            f"{row['count']:,d}",
        ]
        for row in counted
    ]
    return _table(_("Evidence of delivery"), (_("Channel"), _("Outcome")), rows)


def _announcements(campaigns: models.QuerySet[NoticeCampaign]) -> dict[str, Any]:
    rows = [
        [
            one.medium,
            one.published_on.isoformat(),
            one.reference,
            one.signed_off_by.name if one.signed_off_by else "—",
        ]
        for one in Announcement.objects.filter(campaign__in=campaigns).select_related("signed_off_by")
    ]
    titles = (_("Medium"), _("Published on"), _("Reference"), _("Signed off by counsel"))
    return {
        "title": both(_("Announcements")),
        "columns": [column(title, width=1) for title in titles],
        "rows": rows,
    }


def _objections(campaigns: models.QuerySet[NoticeCampaign]) -> dict[str, Any]:
    counted = Objection.objects.filter(campaign__in=campaigns).values("wish", "decision")
    rows = [
        [
            line(both(Objection.Wish(row["wish"]).label)),
            line(both(Objection.Decision(row["decision"]).label)),
            f"{row['count']:,d}",
        ]
        for row in counted.annotate(count=Count("pk")).order_by("wish", "decision")
    ]
    return _table(_("Objections"), (_("Wish"), _("Decision")), rows)


def _compared(statement: Statement) -> dict[str, Any]:
    rows = []
    for name, counts in statement["reconciliation"].items():
        source, _slash, kind = name.partition("/")
        rows.append(
            [
                line(both(_source(source))),
                line(both(table_words(kind))),
                *(f"{counts[key]:,d}" for key in ("expected", "actual", "equal")),
            ]
        )
    columns = [column(_("Source"), width=3), column(_("File"), width=2)]
    columns += [column(title, number=True, width=1) for title in (_("Expected"), _("Came back"), _("Equal"))]
    return {"title": both(_("What was compared")), "columns": columns, "rows": rows}


def _breaks(title: Any, counted: Iterable[dict[str, Any]]) -> dict[str, Any]:
    rows = []
    for row in counted:
        words = _break_words(row)
        state = line(both(Break.State(row["state"]).label))
        rows.append(
            [
                line(words["source"]),
                line(words["kind"]),
                line(both(field_words(row["field"]))),
                state,
                f"{row['count']:,d}",
            ]
        )
    return _table(title, (_("Source"), _("Difference"), _("Field"), _("State")), rows)


def _write_offs(run: Run) -> dict[str, Any]:
    written = Break.objects.filter(run=run, state=Break.State.WRITTEN_OFF).select_related(
        "asked_by", "decided_by"
    )
    rows = [
        [
            grouped(row.row.replace(":", " ")),
            line(both(field_words(row.field))),
            row.asked_by.name if row.asked_by else "—",
            row.decided_by.name if row.decided_by else "—",
            _moment(row.decided_at),
        ]
        for row in written.order_by("pk")
    ]
    titles = ((_("Row"), 3), (_("Field"), 2), (_("Asked by"), 2), (_("Decided by"), 2), (_("Decided"), 2))
    columns = [column(title, width=width) for title, width in titles]
    return {"title": both(_("Written off by two people")), "columns": columns, "rows": rows}


def _table(title: Any, titles: Iterable[Any], rows: list[list[str]]) -> dict[str, Any]:
    columns = [column(one, width=2) for one in titles] + [column(_("Count"), number=True, width=1)]
    return {"title": both(title), "columns": columns, "rows": rows}


def _break_words(row: dict[str, Any]) -> dict[str, Any]:
    table, _dot, how = row["kind"].partition(".")
    kind = both(_("%(table)s: %(how)s"), table=both(table_words(table)), how=both(BREAK_KINDS.get(how, how)))
    return {"source": both(_source(row["source"])), "kind": kind, "field": both(field_words(row["field"]))}


def _source(code: str) -> Any:
    return ReturnFile.Source(code).label


def _paragraphs(campaign: NoticeCampaign | None) -> list[dict[str, str] | str]:
    if campaign is None:
        return [both(_("No notice was sent."))]
    english, chinese = (
        [part for part in text.replace("\r", "").split("\n") if part.strip()]
        for text in (campaign.text_en, campaign.text_zh)
    )
    return [{"en": en or zh, "zh": zh or en} for en, zh in zip_longest(english, chinese, fillvalue="")]


def _moment(value: Any) -> str:
    return "—" if value is None else timezone.localtime(value).strftime("%Y-%m-%d %H:%M")
