"""Gate 3: compliance, checked on the real data. It opens notifying."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from clients.models import NoticeCampaign
from rules.packs import load_pack
from transfer.gates.agreement import page
from transfer.gates.duties import duty_facts, register_proof
from transfer.gates.registry import Fact, register_facts
from transfer.models import ClauseBreach, FieldPolicy, Transfer


@register_facts(3)
def compliance_facts(transfer: Transfer) -> Iterator[Fact]:
    """The pack's duties, credentials stay behind, and every breached clause was decided."""
    yield from duty_facts(transfer, 3)
    moving = [row for row in _secret_fields(transfer) if row.policy != FieldPolicy.Policy.NEVER]
    yield Fact(
        "credentials_stay",
        ok=not moving,
        count=len(moving),
        link=page(transfer, "policies/"),
        text=_("Passwords and biometric templates (class C3) never move."),
    )
    open_breaches = ClauseBreach.objects.filter(clause__agreement__transfer=transfer, decided_at=None).count()
    yield Fact(
        "breaches_decided",
        ok=not open_breaches,
        count=open_breaches,
        link=page(transfer, "agreement/"),
        text=_("Every breach of a clause was decided."),
        whose="both",
    )


def _secret_fields(transfer: Transfer) -> list[FieldPolicy]:
    classes = {entry.field: entry.jrt for entry in load_pack(transfer.pack_name).classification}
    rows = FieldPolicy.objects.filter(transfer=transfer)
    return [row for row in rows if classes.get(row.target_field) == "C3"]


@register_proof("notice_checklist_complete", whose="transferor")
def _notice(transfer: Transfer) -> tuple[bool, str]:
    # A notice cannot even be drafted unless it says everything the list asks for.
    sent = NoticeCampaign.objects.filter(occasion=transfer.pk, sender=transfer.transferor_id)
    return sent.exclude(approved_at=None).exists(), page(transfer, "notices/")
