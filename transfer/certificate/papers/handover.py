"""What was handed over, on paper: the certificate for people, and the handover list to be chopped."""

from typing import Any

from django.db import models
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import (
    Account,
    Client,
    CustodyMember,
    CustodyMove,
    Document,
    Holding,
    Preference,
    Relation,
    Trade,
)
from transfer.certificate.kinds import register_paper
from transfer.certificate.papers.breaks import break_counts, break_words, compared
from transfer.certificate.papers.parts import Paper, Statement, batches, passed, transfer_facts
from transfer.certificate.words import both, column, fact, grouped, heading, line
from transfer.models import Certificate

KINDS: tuple[tuple[Any, type[models.Model]], ...] = (
    (_("Accounts"), Account),
    (_("Related persons"), Relation),
    (_("Holdings"), Holding),
    (_("Trades"), Trade),
    (_("Preferences"), Preference),
    (_("Documents"), Document),
)
EXCEPTION = _("Gate %(gate)s by exception: %(reason)s (asked by %(asked_by)s, granted by %(granted_by)s)")
OPEN_BREAK = _("Open break: %(source)s, %(kind)s %(field)s: %(count)s")
NOTES = {
    "both_signing_keys_on_one_host": _("Both organisations' signing keys lie on one host."),
    "transferor_keeps_sealed_archive": _(
        "The transferor goes on and keeps, sealed, what the law makes it keep of those who moved."
    ),
    "recalls_open": _("Clients who withdrew consent after the handover wait for a decision."),
    "nothing_was_handed_over": _("No client data were handed over: the handler stays the same legal person."),
}


@register_paper("certificate", title=_("Certificate of handover"), form="certificate", place=10)
def certificate_paper(certificate: Certificate, statement: Statement) -> Paper:
    """The certificate on paper: exceptions and open breaks first, then what both organisations attest."""
    exceptions = [both(EXCEPTION, **{**row, "gate": str(row["gate"])}) for row in statement["exceptions"]]
    exceptions += [
        both(OPEN_BREAK, **break_words(row), count=row["count"]) for row in statement["open_breaks"]
    ]
    signed = timezone.localtime(certificate.issued_at).isoformat(timespec="minutes")
    return heading(certificate, statement, "CERT", _("Certificate of handover")) | {
        "statement": [
            passed(statement),
            *(both(NOTES[note]) for note in statement["notes"] if note in NOTES),
        ],
        "exceptions": exceptions,
        "facts": [
            *transfer_facts(certificate.transfer, statement),
            fact(_("Merkle root of the clients"), grouped(statement["root"])),
            fact(_("SHA-256 of the certificate file"), grouped(certificate.digest)),
            fact(_("Mandate"), grouped(statement["mandate"]["digest"])),
        ],
        "tables": [
            compared(statement),
            break_counts(_("Breaks by kind and state"), statement["breaks"]),
            batches(certificate.transfer),
        ],
        "signatures": [
            {
                "organisation": {"en": statement[side]["name_en"], "zh": statement[side]["name_zh"]},
                "name": statement[side]["code"],
                "fingerprint": statement[side]["certificate_key"],
                "signed_at": signed,
            }
            for side in ("transferor", "transferee")
        ],
    }


@register_paper("handover_list", title=_("Handover list"), form="list", place=20)
def handover_list(certificate: Certificate, statement: Statement) -> Paper:
    """The handover list: what kinds of data were handed over and how many rows, batch by batch, to be chopped."""
    transfer = certificate.transfer
    members = CustodyMember.objects.filter(move__occasion=transfer.pk, move__state=CustodyMove.State.ACCEPTED)
    accepted = Client.objects.filter(pk__in=members.values("client_id"))
    kinds = dict(accepted.values_list("kind").annotate(Count("pk")).order_by())
    rows = [
        [line(both(_("Clients: %(kind)s"), kind=kind.label)), f"{kinds.get(kind.value, 0):,d}"]
        for kind in Client.Kind
    ]
    total = accepted.count()
    for title, model in KINDS:
        count = model._default_manager.filter(client__in=accepted).count()  # noqa: SLF001 - the documented way
        rows.append([line(both(title)), f"{count:,d}"])
        total += count
    return heading(certificate, statement, "LIST", _("Handover list")) | {
        "statement": [passed(statement)],
        "facts": transfer_facts(transfer, statement),
        "columns": [column(_("Kind of data"), width=3), column(_("Rows"), number=True, width=1)],
        "rows": rows,
        "totals": ["", f"{total:,d}"],
        "tables": [batches(transfer)],
    }
