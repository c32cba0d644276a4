"""Gate 8: go or no-go. It opens cutting over."""

from collections.abc import Iterator

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.utils.translation import gettext_lazy as _

from transfer.gates.agreement import page
from transfer.gates.registry import Fact, gate, register_facts
from transfer.models import Mandate, MandateSignature, OutsideParty, RunbookStep, Transfer
from vault import clock

SIGNATURES_PER_SIDE = 2
STEPS_AT_LEAST = 15


@register_facts(8)
def decision_facts(transfer: Transfer) -> Iterator[Fact]:
    """Gates 1 to 7 anew, the runbook and outside parties ready, and two people's go from each side."""
    closed = [number for number in range(1, 8) if not gate(transfer, number).open]
    yield Fact(
        "earlier_gates_open",
        ok=not closed,
        count=len(closed),
        link=page(transfer, ""),
        whose="both",
        text=_("Gates 1 to 7 are open, computed anew."),
    )
    steps = RunbookStep.objects.filter(transfer=transfer).count()
    yield Fact(
        "runbook_ready",
        ok=steps >= STEPS_AT_LEAST,
        count=steps,
        link=page(transfer, "runbook/"),
        text=_("The runbook has all its steps, each with owner, check and way back."),
    )
    parties = list(OutsideParty.objects.filter(transfer=transfer).values_list("ready_at", flat=True))
    unready = parties.count(None)
    yield Fact(
        "outside_parties_ready",
        ok=bool(parties) and not unready,
        count=unready,
        link=page(transfer, "runbook/"),
        text=_("Depository, exchanges and banks have proved that they are ready."),
    )
    yield from _mandate_facts(transfer)


def _mandate_facts(transfer: Transfer) -> Iterator[Fact]:
    signers = MandateSignature.objects.filter(mandate=OuterRef("pk")).values("organisation")
    mandates = Mandate.objects.filter(transfer=transfer, withdrawn_at=None)
    mandate = mandates.annotate(signers=ArraySubquery(signers)).first()
    given = [] if mandate is None else mandate.signers
    for side, organisation, text in (
        ("transferor", transfer.transferor_id, _("Two people of the transferor have signed the mandate.")),
        ("transferee", transfer.transferee_id, _("Two people of the transferee have signed the mandate.")),
    ):
        signed = given.count(organisation) if organisation else 0
        yield Fact(
            f"mandate_{side}",
            ok=signed >= SIGNATURES_PER_SIDE,
            count=signed,
            link=page(transfer, "mandate/"),
            text=text,
            whose=side,
        )
    now = clock.now()
    yield Fact(
        "mandate_window",
        ok=mandate is not None and mandate.not_before <= now <= mandate.not_after,
        link=page(transfer, "mandate/"),
        whose="both",
        text=_("The mandate's window is open now."),
    )
