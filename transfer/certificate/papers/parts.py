"""The parts that several papers share."""

from collections.abc import Iterable
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from access.models import User
from clients.models import CustodyMove
from transfer.certificate.words import both, column, fact, grouped
from transfer.models import Transfer

Paper = dict[str, Any]
Statement = dict[str, Any]


def passed(statement: Statement) -> dict[str, str]:
    """Whose clients passed to whom, and how many."""
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


def transfer_facts(transfer: Transfer, statement: Statement) -> list[dict[str, Any]]:
    """What every paper says of the transfer."""
    agreement = statement["agreement"]
    return [
        fact(_("Transfer"), transfer.number),
        fact(_("Legal basis"), both(Transfer.Basis(transfer.basis).label)),
        fact(_("Agreement"), grouped(agreement.get("digest", "—"))),
        fact(_("Clients handed over"), f"{statement['clients']:,d}"),
    ]


def batches(transfer: Transfer) -> dict[str, Any]:
    """The batches in which custody passed, with their roots."""
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
                moment(move.released_at),
                moment(move.accepted_at),
                grouped(bytes(move.members_root).hex()),
            ]
            for move in moves
        ],
    }


def counted_table(title: Any, titles: Iterable[Any], rows: list[list[str]]) -> dict[str, Any]:
    """A table whose last column counts."""
    columns = [column(one, width=2) for one in titles] + [column(_("Count"), number=True, width=1)]
    return {"title": both(title), "columns": columns, "rows": rows}


def moment(value: Any) -> str:
    """A moment as papers write it."""
    return "—" if value is None else timezone.localtime(value).strftime("%Y-%m-%d %H:%M")


def day(value: Any) -> str:
    """A day as papers write it."""
    return "—" if value is None else value.isoformat()


def person_name(person: User | None) -> str:
    """A person with the firm they act for."""
    return "—" if person is None else f"{person.name} ({person.organisation.code})"
