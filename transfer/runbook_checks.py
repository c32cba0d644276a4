"""What shows that a step of the runbook is done, read from facts. ``said`` rests on the person who says it."""

from collections.abc import Callable

from django.db.models import QuerySet

from transfer.gates.registry import gate
from transfer.models import Break, ClientCase, Run, RunbookStep, Transfer
from transfer.services.mandates import movable_states


def holds(transfer: Transfer, step: RunbookStep) -> bool:
    """True when the step's check holds now; an unknown check never does."""
    name, _, argument = step.check_code.partition(":")
    check = _CHECKS.get(name)
    return check is not None and check(transfer, step, argument)


def _said(_transfer: Transfer, _step: RunbookStep, _argument: str) -> bool:
    return True


def _party_ready(transfer: Transfer, step: RunbookStep, _argument: str) -> bool:
    kind = step.party.kind if step.party else ""
    parties = transfer.outsidepartys.filter(kind=kind)
    return parties.exists() and not parties.filter(ready_at=None).exists()


def _backup_proved(transfer: Transfer, _step: RunbookStep, _argument: str) -> bool:
    return gate(transfer, 5).holds


def _begun(transfer: Transfer, _step: RunbookStep, _argument: str) -> bool:
    return transfer.no_return_at is not None


def _all_accepted(transfer: Transfer, _step: RunbookStep, _argument: str) -> bool:
    cases = ClientCase.objects.filter(transfer=transfer)
    waiting = {ClientCase.State.RELEASED, *movable_states(transfer)}
    accepted = cases.filter(state=ClientCase.State.ACCEPTED).exists()
    return accepted and not cases.filter(state__in=waiting).exists()


def _delivered(transfer: Transfer, _step: RunbookStep, _argument: str) -> bool:
    return _cutovers(transfer).exclude(delivery_file=None).exists()


def _returned(transfer: Transfer, _step: RunbookStep, argument: str) -> bool:
    return _cutovers(transfer).filter(returns__source=argument).exists()


def _reconciled(transfer: Transfer, _step: RunbookStep, _argument: str) -> bool:
    return (
        _cutovers(transfer).filter(state=Run.State.DONE).exists()
        and not Break.objects.filter(run__in=_cutovers(transfer), state=Break.State.WRITE_OFF_ASKED).exists()
    )


def _cutovers(transfer: Transfer) -> QuerySet[Run]:
    return Run.objects.filter(transfer=transfer, kind=Run.Kind.CUTOVER)


_CHECKS: dict[str, Callable[[Transfer, RunbookStep, str], bool]] = {
    "said": _said,
    "party_ready": _party_ready,
    "backup_proved": _backup_proved,
    "begun": _begun,
    "all_accepted": _all_accepted,
    "delivered": _delivered,
    "returned": _returned,
    "reconciled": _reconciled,
}
