"""The notices on paper: what was said, what proves that it arrived, and what clients answered."""

from itertools import zip_longest
from typing import Any

from django.db import models
from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from clients.models import Announcement, DeliveryEvidence, NoticeCampaign, Objection
from transfer.certificate.kinds import register_paper
from transfer.certificate.papers.parts import Paper, Statement, counted_table
from transfer.certificate.words import both, column, fact, grouped, heading, line
from transfer.models import Certificate


@register_paper("notices", title=_("Notices to clients"), form="table_report", place=30)
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
    return counted_table(_("Evidence of delivery"), (_("Channel"), _("Outcome")), rows)


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
    return counted_table(_("Objections"), (_("Wish"), _("Decision")), rows)


def _paragraphs(campaign: NoticeCampaign | None) -> list[dict[str, str] | str]:
    if campaign is None:
        return [both(_("No notice was sent."))]
    english, chinese = (
        [part for part in text.replace("\r", "").split("\n") if part.strip()]
        for text in (campaign.text_en, campaign.text_zh)
    )
    return [{"en": en or zh, "zh": zh or en} for en, zh in zip_longest(english, chinese, fillvalue="")]
