"""Gate 1: the agreement. It opens the transferee's sight."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from access.asking import once
from transfer.clauses import CHECKS
from transfer.gates.duties import duty_facts, register_proof
from transfer.gates.registry import Fact, register_facts
from transfer.models import Agreement, Approval, Clause, Transfer
from transfer.services.agreements import latest_version


def page(transfer: Transfer, part: str) -> str:
    """The address of one page of a transfer."""
    return f"/transfers/{transfer.pk}/{part}"


def agreed_by_both(agreement: Agreement | None) -> bool:
    """Both parties signed this version, or the executed document is registered by its digest."""
    if agreement is None:
        return False
    return bool(agreement.executed_digest) or _signed(agreement) == 2


def _signed(agreement: Agreement) -> int:
    return once(("signatures", agreement.pk), agreement.signatures.count)


@register_facts(1)
def agreement_facts(transfer: Transfer) -> Iterator[Fact]:
    """Both signatures, every clause bound, counsel's word, and the duties of the pack."""
    agreement = latest_version(transfer)
    signed = 0 if agreement is None else _signed(agreement)
    yield Fact(
        "signed_by_both",
        ok=agreed_by_both(agreement),
        text=_("Both parties have signed the same version, or the executed document is registered."),
        link=page(transfer, "agreement/"),
        whose="both",
        count=signed,
    )
    checks = list(Clause.objects.filter(agreement=agreement).values_list("check_code", flat=True))
    unbound = sum(code not in CHECKS for code in checks)
    yield Fact(
        "clauses_bound",
        ok=bool(checks) and not unbound,
        text=_("Every clause is bound to an owner, a check and a consequence."),
        link=page(transfer, "agreement/"),
        count=unbound,
    )
    yield Fact(
        "counsel_spoke",
        ok=transfer.counsel_word_at is not None,
        text=_("Counsel has confirmed the legal basis."),
        link=page(transfer, "agreement/"),
        whose="counsel",
    )
    yield from duty_facts(transfer, 1)


@register_proof("agreement_signed", whose="both")
def _contract(transfer: Transfer) -> tuple[bool, str]:
    return agreed_by_both(latest_version(transfer)), page(transfer, "agreement/")


@register_proof("csrc_approval", whose="transferor")
def _csrc(transfer: Transfer) -> tuple[bool, str]:
    return _on_record(transfer, Approval.Kind.CSRC), page(transfer, "agreement/")


@register_proof("appraisal_recorded", whose="transferor")
def _appraisal(transfer: Transfer) -> tuple[bool, str]:
    return _on_record(transfer, Approval.Kind.APPRAISAL), page(transfer, "agreement/")


def _on_record(transfer: Transfer, kind: str) -> bool:
    return Approval.objects.filter(transfer=transfer, kind=kind).exists()
