"""What the evidence of a notice adds up to: counted once after each load, not for every page."""

from typing import Any

from django.db.models import Count, Q

from audit.queries import events_of
from clients.events import NoticeEvent
from clients.models import DeliveryEvidence, NoticeCampaign
from transfer.figures import depends_on, keep, kept
from transfer.models import Transfer


def evidence_figures(transfer: Transfer, campaign: NoticeCampaign) -> dict[str, Any]:
    """Clients with proof of delivery, attempts that came back, and both by channel."""
    found = kept(transfer, _name(campaign), _loaded(campaign))
    return _count(campaign) if found is None else found


def keep_evidence(transfer: Transfer, campaign: NoticeCampaign) -> None:
    """The figures are at hand until more evidence is loaded."""
    loaded = _loaded(campaign)
    keep(transfer, _name(campaign), loaded, _count(campaign))


def _name(campaign: NoticeCampaign) -> str:
    return f"evidence:{campaign.pk}"


def _loaded(campaign: NoticeCampaign) -> bytes:
    """Whoever loads evidence records it in the same transaction: the newest record stands for all there is."""
    loads = events_of(campaign).filter(type=NoticeEvent.EVIDENCE_LOADED)
    return depends_on(loads.values_list("pk", flat=True).first())


def _count(campaign: NoticeCampaign) -> dict[str, Any]:
    delivered = Q(outcome=DeliveryEvidence.Outcome.DELIVERED)
    returned = Q(outcome=DeliveryEvidence.Outcome.RETURNED)
    channels = campaign.evidence.values("channel").annotate(
        delivered=Count("pk", filter=delivered), returned=Count("pk", filter=returned)
    )
    listed = list(channels.order_by("channel"))
    return {
        "delivered": campaign.evidence.filter(delivered).values("client").distinct().count(),
        "returned": sum(row["returned"] for row in listed),
        "channels": listed,
    }
