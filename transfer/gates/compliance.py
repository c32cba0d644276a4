"""Gate 3: compliance, checked on the real data. It opens notifying."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from clients.models import NoticeCampaign
from transfer.archived import unarchived
from transfer.gates.agreement import page
from transfer.gates.duties import duty_facts, register_proof
from transfer.gates.registry import Fact, field_policies, register_facts
from transfer.models import ClauseBreach, FieldPolicy, Transfer
from transfer.services.policies import field_classes


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
    classes = field_classes(transfer)
    return [
        row
        for row in field_policies(transfer)
        if row.target_field in classes and classes[row.target_field].jrt == "C3"
    ]


@register_proof("separate_consent_asked", whose="transferor")
def _asked(transfer: Transfer) -> tuple[bool, str]:
    notices = NoticeCampaign.objects.filter(occasion=transfer.pk, sender=transfer.transferor_id)
    asking = notices.filter(asks_consent=True, recipient=transfer.transferee_id).exclude(approved_at=None)
    return asking.exists(), page(transfer, "notices/")


@register_proof("archive_sealed", whose="transferor")
def _archive(transfer: Transfer) -> tuple[bool, str]:
    return not unarchived(transfer), page(transfer, "archive/")


@register_proof("notice_checklist_complete", whose="transferor")
def _notice(transfer: Transfer) -> tuple[bool, str]:
    # A notice cannot even be drafted unless it says everything the list asks for.
    sent = NoticeCampaign.objects.filter(occasion=transfer.pk, sender=transfer.transferor_id)
    return sent.exclude(approved_at=None).exists(), page(transfer, "notices/")
