"""Who decided on paper: approvals and signatures before the cutover, and every exception that was granted."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from transfer.certificate.kinds import register_paper
from transfer.certificate.papers.parts import Paper, Statement, day, moment, person_name, transfer_facts
from transfer.certificate.words import both, column, fact, grouped, heading, line
from transfer.gates.registry import TITLES
from transfer.models import Approval, Certificate, ClientCase, GateException, Mandate, Transfer
from transfer.services.agreements import latest_version

_NOT_MOVED = (
    ClientCase.State.PARKED,
    ClientCase.State.LEAVING,
    ClientCase.State.LEFT,
    ClientCase.State.EXCLUDED,
    ClientCase.State.OBJECTED,
    ClientCase.State.UNDELIVERABLE,
)


@register_paper("approvals", title=_("Approvals"), form="table_report", place=40)
def approvals(certificate: Certificate, statement: Statement) -> Paper:
    """Every approval with its reference, counsel's word, and who signed the agreement and the mandate."""
    transfer = certificate.transfer
    rows = (
        Approval.objects.filter(transfer=transfer).select_related("entered_by").order_by("granted_on", "pk")
    )
    return heading(certificate, statement, "APPROVALS", _("Approvals")) | {
        "summary": [both(_("Approvals on record: %(count)s."), count=len(rows))],
        "facts": [*transfer_facts(transfer, statement), *_counsel(transfer)],
        "tables": [_approvals(rows), _agreement(transfer), _mandate(transfer)],
    }


@register_paper("exceptions", title=_("List of exceptions"), form="table_report", place=50)
def exceptions(certificate: Certificate, statement: Statement) -> Paper:
    """Every exception to a gate with its reason and both people, and the clients who did not simply move."""
    transfer = certificate.transfer
    granted = (
        GateException.objects.filter(transfer=transfer)
        .exclude(granted_at=None)
        .select_related("asked_by", "granted_by")
        .order_by("gate", "pk")
    )
    rows = [
        [
            line(
                both(_("Gate %(number)s: %(title)s"), number=str(row.gate), title=both(TITLES[row.gate][0]))
            ),
            row.reason,
            person_name(row.asked_by),
            person_name(row.granted_by),
            moment(row.granted_at),
        ]
        for row in granted
    ]
    still_open = sum(row["count"] for row in statement["open_breaks"])
    return heading(certificate, statement, "EXCEPTIONS", _("List of exceptions")) | {
        "summary": [
            both(
                _("Exceptions granted: %(count)s; breaks still open: %(open)s."),
                count=len(rows),
                open=still_open,
            )
        ],
        "tables": [
            _titled(
                _("Exceptions to gates"),
                (
                    (_("Gate"), 2),
                    (_("Reason"), 4),
                    (_("Asked by"), 2),
                    (_("Granted by"), 2),
                    (_("Granted"), 2),
                ),
                rows,
            ),
            _not_moved(statement),
        ],
    }


def _counsel(transfer: Transfer) -> list[dict[str, Any]]:
    spoken = transfer.counsel_word_by
    return [
        fact(_("Counsel on the legal basis"), "—" if spoken is None else person_name(spoken)),
        fact(_("Counsel spoke"), moment(transfer.counsel_word_at)),
    ]


def _approvals(rows: Any) -> dict[str, Any]:
    return _titled(
        _("Approvals and resolutions"),
        (
            (_("Approval"), 3),
            (_("Reference"), 3),
            (_("Granted on"), 2),
            (_("Entered by"), 2),
            (_("Entered"), 2),
        ),
        [
            [
                line(both(Approval.Kind(row.kind).label)),
                row.reference,
                day(row.granted_on),
                person_name(row.entered_by),
                moment(row.entered_at),
            ]
            for row in rows
        ],
    )


def _agreement(transfer: Transfer) -> dict[str, Any]:
    agreement = latest_version(transfer)
    signatures = (
        [] if agreement is None else agreement.signatures.select_related("signed_by").order_by("signed_at")
    )
    return _titled(
        _("Signatures on the agreement"),
        ((_("Version"), 1), (_("Signed by"), 3), (_("Signed"), 2)),
        [[str(agreement.version), person_name(row.signed_by), moment(row.signed_at)] for row in signatures]
        if agreement is not None
        else [],
    )


def _mandate(transfer: Transfer) -> dict[str, Any]:
    mandate = Mandate.objects.filter(transfer=transfer).order_by("-pk").first()
    signatures = (
        []
        if mandate is None
        else mandate.signatures.select_related("signed_by", "mandate").order_by("signed_at")
    )
    return _titled(
        _("Go, by two people of each side"),
        ((_("Signed by"), 3), (_("Signed"), 2), (_("Mandate"), 4)),
        [
            [person_name(row.signed_by), moment(row.signed_at), grouped(bytes(row.mandate.digest).hex())]
            for row in signatures
        ],
    )


def _not_moved(statement: Statement) -> dict[str, Any]:
    counts = statement["funnel"]
    rows = [
        [line(both(state.label)), f"{counts[state.value]:,d}"]
        for state in _NOT_MOVED
        if counts.get(state.value)
    ]
    return {
        "title": both(_("Clients who did not simply move")),
        "columns": [column(_("State"), width=3), column(_("Clients"), number=True, width=1)],
        "rows": rows,
    }


def _titled(title: Any, titles: tuple[tuple[Any, int], ...], rows: list[list[str]]) -> dict[str, Any]:
    return {
        "title": both(title),
        "columns": [column(words, width=width) for words, width in titles],
        "rows": rows,
    }
