"""The newest log entries about one transfer, in words, with their numbers in the log."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Model, OuterRef, Subquery
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access.models import User
from audit.models import Event, Leaf
from audit.registry import label
from clients.models import Announcement, CustodyMove, NoticeCampaign
from transfer.models import (
    Agreement,
    Certificate,
    CertificateDraft,
    Extract,
    GateException,
    ImportRun,
    Mandate,
    Run,
    Transfer,
)

#: What was done, as it follows a name: "Chen Lan signed the agreement".
WORDS: dict[str, Promise] = {
    "transfer.drafted": gettext_lazy("drafted the transfer"),
    "transfer.transferee_named": gettext_lazy("named the transferee"),
    "transfer.cutover_planned": gettext_lazy("planned the cutover"),
    "transfer.counsel_spoke": gettext_lazy("confirmed the legal basis as counsel"),
    "transfer.advanced": gettext_lazy("took the transfer one stage further"),
    "transfer.aborted": gettext_lazy("aborted the transfer"),
    "transfer.approval_recorded": gettext_lazy("recorded an approval"),
    "transfer.exception_asked": gettext_lazy("asked for an exception to a gate"),
    "transfer.exception_granted": gettext_lazy("granted an exception to a gate"),
    "agreement.drafted": gettext_lazy("drafted a version of the agreement"),
    "agreement.executed_registered": gettext_lazy("registered the executed agreement"),
    "agreement.signed": gettext_lazy("signed the agreement"),
    "agreement.clause_breached": gettext_lazy("found a clause breached"),
    "agreement.breach_decided": gettext_lazy("decided what follows from a breach"),
    "cases.opened": gettext_lazy("opened the clients' cases"),
    "cases.assessed": gettext_lazy("assessed all clients"),
    "notice.drafted": gettext_lazy("drafted the notice"),
    "notice.approved": gettext_lazy("approved the notice"),
    "notice.evidence_loaded": gettext_lazy("loaded evidence of delivery"),
    "notice.announced": gettext_lazy("entered an announcement"),
    "notice.announcement_signed_off": gettext_lazy("signed the announcement off as counsel"),
    "notice.objections_loaded": gettext_lazy("loaded objections"),
    "notice.objection_entered": gettext_lazy("entered an objection"),
    "notice.objection_decided": gettext_lazy("decided an objection"),
    "import.extract_received": gettext_lazy("handed in an extract"),
    "import.totals_declared": gettext_lazy("declared control totals"),
    "import.policy_set": gettext_lazy("set a field policy"),
    "import.mapping_declared": gettext_lazy("declared what the columns of a foreign file mean"),
    "import.run_started": gettext_lazy("started loading an extract"),
    "import.run_planned": gettext_lazy("divided an extract into parts"),
    "import.run_stopped": gettext_lazy("stopped a loading"),
    "import.run_refused": gettext_lazy("refused an extract"),
    "import.run_finished": gettext_lazy("finished loading an extract"),
    "import.chunk_loaded": gettext_lazy("loaded a part of an extract"),
    "import.chunk_profiled": gettext_lazy("looked through a part of an extract"),
    "import.chunk_undone": gettext_lazy("undid a part of an extract"),
    "import.chunk_parked": gettext_lazy("parked a part of an extract"),
    "import.chunk_retried": gettext_lazy("tried a part of an extract again"),
    "import.row_changed": gettext_lazy("changed a loaded row"),
    "import.reject_left_out": gettext_lazy("left a rejected line out"),
    "import.rejects_downloaded": gettext_lazy("downloaded rejected lines"),
    "import.firms_matched": gettext_lazy("matched the clients of both firms"),
    "run.rehearsal_started": gettext_lazy("started a rehearsal"),
    "run.delivered": gettext_lazy("made the delivery"),
    "run.return_received": gettext_lazy("received what came back"),
    "run.delivery_downloaded": gettext_lazy("downloaded the delivery"),
    "run.reconciliation_asked": gettext_lazy("asked for the reconciliation"),
    "run.tried_again": gettext_lazy("tried a run's work again"),
    "run.reconciled": gettext_lazy("reconciled"),
    "break.explained": gettext_lazy("explained a break"),
    "break.corrected": gettext_lazy("found a break corrected"),
    "break.found_again": gettext_lazy("found a break again"),
    "break.revealed": gettext_lazy("looked at the values of a break"),
    "break.write_off_asked": gettext_lazy("asked to write a break off"),
    "break.written_off": gettext_lazy("wrote a break off"),
    "break.write_off_refused": gettext_lazy("refused to write a break off"),
    "runbook.party_ready": gettext_lazy("proved that an outside party is ready"),
    "runbook.step_started": gettext_lazy("started a step of the runbook"),
    "runbook.step_finished": gettext_lazy("finished a step of the runbook"),
    "runbook.drafted": gettext_lazy("drafted the runbook"),
    "mandate.drafted": gettext_lazy("drafted the mandate"),
    "mandate.signed": gettext_lazy("signed the mandate"),
    "cutover.begun": gettext_lazy("began the cutover"),
    "cutover.finished": gettext_lazy("finished the cutover"),
    "clients.loaded": gettext_lazy("loaded clients"),
    "clients.changed": gettext_lazy("changed a client's record"),
    "clients.searched": gettext_lazy("searched for a client"),
    "clients.field_revealed": gettext_lazy("revealed a client's field"),
    "clients.document_opened": gettext_lazy("opened a client's document"),
    "custody.recalled": gettext_lazy("recalled a batch of clients"),
    "custody.released": gettext_lazy("released a batch of clients"),
    "custody.accepted": gettext_lazy("accepted a batch of clients"),
    "mandate.extension_drafted": gettext_lazy("proposed a later end of the mandate's window"),
    "mandate.extension_signed": gettext_lazy("signed a later end of the mandate's window"),
    "mandate.extended": gettext_lazy("extended the mandate's window"),
    "certificate.drafted": gettext_lazy("drafted the certificate"),
    "certificate.signed": gettext_lazy("signed the certificate"),
    "certificate.issued": gettext_lazy("issued the certificate"),
    "certificate.downloaded": gettext_lazy("downloaded the certificate"),
    "certificate.client_searched": gettext_lazy("searched for a client's proof"),
    "certificate.proof_drawn": gettext_lazy("drew a client's proof"),
    "certificate.pack_made": gettext_lazy("made the regulator's pack"),
    "certificate.pack_downloaded": gettext_lazy("downloaded the regulator's pack"),
}
_OF_TRANSFER: tuple[type[Model], ...] = (
    Agreement,
    Certificate,
    CertificateDraft,
    Extract,
    GateException,
    Mandate,
    Run,
)


@dataclass(frozen=True)
class Line:
    """One entry: when, who, what, and its number in the log, or none while it waits to be numbered."""

    at: datetime
    who: str
    what: str
    number: int | None


def latest_lines(transfer: Transfer, *, limit: int = 10) -> list[Line]:
    """The newest entries about the transfer and what belongs to it, newest first."""
    number = Leaf.objects.filter(event=OuterRef("pk")).values("index")
    name = User.objects.filter(pk=OuterRef("actor")).values("name")
    found = Event.objects.filter(subject__in=list(_subjects(transfer)))
    events = found.annotate(number=Subquery(number), name=Subquery(name)).order_by("-id")[:limit]
    return [
        Line(
            event.at,
            _("The product") if event.actor is None else event.name or _("somebody"),
            str(WORDS.get(event.type, label(event.type))),
            event.number,
        )
        for event in events
    ]


def _subjects(transfer: Transfer) -> Iterable[UUID]:
    """The newest of what belongs to the transfer, found by one query."""
    campaigns = NoticeCampaign.objects.filter(occasion=transfer.pk)
    newest = [
        *(model._default_manager.filter(transfer=transfer).order_by("-pk")[:20] for model in _OF_TRANSFER),  # noqa: SLF001
        ImportRun.objects.filter(extract__transfer=transfer).order_by("-pk")[:20],
        campaigns.order_by("-pk")[:10],
        Announcement.objects.filter(campaign__in=campaigns).order_by("-pk")[:10],
        CustodyMove.objects.filter(occasion=transfer.pk).order_by("-number")[:10],
    ]
    first, *others = (rows.values_list("pk", flat=True) for rows in newest)
    return [transfer.pk, *first.union(*others, all=True)]
