"""Automatic checks behind the clauses of an agreement. Each reads facts and names those that break it.

A fact is a short code with ids or counts, never personal data, so that it may stand in the log.
"""

import datetime
from collections.abc import Callable, Iterator

from django.utils import timezone

from clients.models import CustodyMove
from continuity.models import RestoreDrill
from transfer.archived import unarchived
from transfer.consenting import STAYED, moved_without_consent
from transfer.holding import wraps_of_other_firm
from transfer.models import Approval, Clause, ClientCase, Extract, FieldPolicy, Run, Transfer

Check = Callable[[Transfer, Clause], Iterator[str]]


def _extract_on_time(transfer: Transfer, clause: Clause) -> Iterator[str]:
    """The transferor's extracts were there on the agreed day."""
    if clause.due_on is None:
        return
    extracts = Extract.objects.filter(
        transfer=transfer, side=transfer.transferor_id, purpose=Extract.Purpose.FULL
    )
    # One fact however many files came late: the clause is one duty with one day.
    last = extracts.order_by("-uploaded_at").first()
    if last is not None and timezone.localdate(last.uploaded_at) > clause.due_on:
        yield f"extract:late:due-{clause.due_on}"
    if timezone.localdate() > clause.due_on and not extracts.exists():
        yield "extract:none"


def _fields_in_scope(transfer: Transfer, clause: Clause) -> Iterator[str]:
    """Nothing moves that the agreement does not name."""
    scope = set(clause.agreement.field_scope)
    moving = FieldPolicy.objects.filter(transfer=transfer).exclude(policy=FieldPolicy.Policy.NEVER)
    for row in moving.order_by("kind", "source_field"):
        if f"{row.kind}.{row.target_field}" not in scope:
            yield f"field:{row.kind}.{row.target_field}"


def _notice_30_days(transfer: Transfer, clause: Clause) -> Iterator[str]:  # noqa: ARG001
    """Every served client had the agreed thirty days before the planned cutover."""
    if transfer.planned_cutover is None:
        return
    cutover = timezone.localdate(transfer.planned_cutover)
    late = ClientCase.objects.filter(
        transfer=transfer, served_on__gt=cutover - datetime.timedelta(days=30)
    ).count()
    if late:
        yield f"notice:{late}:short"


def _backup_proved(transfer: Transfer, clause: Clause) -> Iterator[str]:
    """A backup was restored and compared by the agreed day."""
    if (
        _overdue(clause)
        and not RestoreDrill.objects.filter(ok=True, finished_at__gte=transfer.created_at).exists()
    ):
        yield "backup:unproved"


def _rehearsal_clean(transfer: Transfer, clause: Clause) -> Iterator[str]:
    """The last rehearsal by the agreed day left no unexplained break."""
    last = Run.objects.filter(transfer=transfer, kind=Run.Kind.REHEARSAL).order_by("-number").first()
    if _overdue(clause) and (last is None or last.breaks.filter(state="open").exists()):
        yield f"rehearsal:{0 if last is None else last.number}"


def _people_trained(transfer: Transfer, clause: Clause) -> Iterator[str]:
    """The transferee's people had their duties and exams by the agreed day."""
    from transfer.gates.registry import gate

    if _overdue(clause) and not gate(transfer, 7).holds:
        yield "people:untrained"


def _batches_within_window(transfer: Transfer, clause: Clause) -> Iterator[str]:  # noqa: ARG001
    """No batch was released before the planned cutover."""
    if transfer.planned_cutover is None:
        return
    early = CustodyMove.objects.filter(occasion=transfer.pk, released_at__lt=transfer.planned_cutover)
    for move in early.order_by("number"):
        yield f"batch:{move.number}:early"


def _consent_before_move(transfer: Transfer, clause: Clause) -> Iterator[str]:  # noqa: ARG001
    """Nobody moved without a valid consent of that moment (PIPL 23)."""
    if found := moved_without_consent(transfer):
        yield f"consent:{found}:without"


def _archive_sealed(transfer: Transfer, clause: Clause) -> Iterator[str]:  # noqa: ARG001
    """Whoever moved lies in the transferor's sealed archive."""
    if found := unarchived(transfer):
        yield f"archive:{found}:missing"


def _excluded_stay(transfer: Transfer, clause: Clause) -> Iterator[str]:  # noqa: ARG001
    """Whoever did not consent is still in the transferor's custody."""
    stayed = ClientCase.objects.filter(transfer=transfer, state__in=STAYED)
    if found := stayed.exclude(client__custodian=transfer.transferor_id).count():
        yield f"excluded:{found}:moved"


def _approval_on_time(transfer: Transfer, clause: Clause) -> Iterator[str]:
    """The regulator's approval is on record by the agreed day."""
    approved = Approval.objects.filter(transfer=transfer, kind=Approval.Kind.CSRC).exists()
    if _overdue(clause) and not approved:
        yield "approval:none"


def _profile_only(transfer: Transfer, clause: Clause) -> Iterator[str]:  # noqa: ARG001
    """The buyer holds no key of any client."""
    if found := wraps_of_other_firm(transfer):
        yield f"wraps:{found}:held"


def _none(transfer: Transfer, clause: Clause) -> Iterator[str]:  # noqa: ARG001
    """A clause that no machine can check; people watch it."""
    return iter(())


CHECKS: dict[str, Check] = {
    "extract_on_time": _extract_on_time,
    "fields_in_scope": _fields_in_scope,
    "notice_30_days": _notice_30_days,
    "backup_proved": _backup_proved,
    "people_trained": _people_trained,
    "rehearsal_clean": _rehearsal_clean,
    "batches_within_window": _batches_within_window,
    "consent_before_move": _consent_before_move,
    "archive_sealed": _archive_sealed,
    "excluded_stay": _excluded_stay,
    "approval_on_time": _approval_on_time,
    "profile_only": _profile_only,
    "none": _none,
}

_MOVING = {
    "extract_on_time",
    "fields_in_scope",
    "notice_30_days",
    "backup_proved",
    "people_trained",
    "rehearsal_clean",
    "batches_within_window",
    "approval_on_time",
    "none",
}
#: Under which basis a check has something to look at. A clause about data that move has no place where none do.
FITTING: dict[str, frozenset[str]] = {
    Transfer.Basis.MERGER: frozenset(_MOVING),
    Transfer.Basis.ASSET_SALE: frozenset(
        _MOVING | {"consent_before_move", "archive_sealed", "excluded_stay"}
    ),
    Transfer.Basis.SHARE_TRANSFER: frozenset({"profile_only", "approval_on_time", "none"}),
}


def find_breaches(transfer: Transfer, clause: Clause) -> Iterator[str]:
    """The facts that break this clause now; nothing when it is kept."""
    return CHECKS[clause.check_code](transfer, clause)


def _overdue(clause: Clause) -> bool:
    return clause.due_on is not None and timezone.localdate() > clause.due_on
