"""What this room adds to the regulator's pack: the impact assessment, and the disposal plan where it is due."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit import checkpoints
from clients.models import Client
from governance.models import DisposalPlan, ImpactAssessment
from governance.services.disposal import newest_plan
from rules.checklists import items_in_force
from rules.duties import due_duties
from rules.packs import load_pack
from transfer.certificate.kinds import register_paper
from transfer.certificate.papers.handover import KINDS
from transfer.certificate.papers.parts import moment
from transfer.certificate.words import both, column, fact, heading, line, sheet_heading
from transfer.gates.duties import transfer_facts
from transfer.models import Certificate, Transfer

Paper = dict[str, Any]

DUTY = "disposal_plan"


def plan_is_due(transfer: Transfer) -> bool:
    """Whether the pack asks this transfer for a disposal plan, by its persons or its important data."""
    duties = due_duties(load_pack(transfer.pack_name), transfer_facts(transfer))
    return any(duty.code == DUTY for duty in duties)


@register_paper("impact_assessment", title=_("Impact assessment"), form="table_report", place=70)
def impact_assessment(certificate: Certificate, statement: dict[str, Any]) -> Paper | None:
    """The approved assessment on which the transfer went ahead; none where none was approved."""
    found = (
        ImpactAssessment.objects.filter(transfer=certificate.transfer_id)
        .exclude(approved_at=None)
        .select_related("author", "approved_by")
        .order_by("-version")
        .first()
    )
    if found is None:
        return None
    approver = "—" if found.approved_by is None else found.approved_by.name
    texts = (
        (_("Purpose, lawfulness and necessity"), found.necessity),
        (_("Impact on people and risks"), found.risks),
        (_("Measures"), found.measures),
    )
    return heading(certificate, statement, "PIA", _("Impact assessment")) | {
        "version": str(found.version),
        "approver": approver,
        "summary": [both(ImpactAssessment.Conclusion(found.conclusion).label)],
        "facts": [
            fact(_("Transfer"), certificate.transfer.number),
            fact(_("Written by"), f"{found.author.name}, {moment(found.created_at)}"),
            fact(_("Approved by"), f"{approver}, {moment(found.approved_at)}"),
            fact(_("Kept until"), f"{found.kept_until.isoformat()} ({found.kept_by})"),
        ],
        "tables": [_text(title, text) for title, text in texts],
    }


@register_paper("disposal_plan", title=_("Disposal plan"), form="table_report", place=80)
def disposal_plan(certificate: Certificate, statement: dict[str, Any]) -> Paper | None:
    """The disposal plan with its report to the authority; none where the pack asks for none and none was made."""
    plan = newest_plan(certificate.transfer)
    if plan is None or not (plan.reported_on or plan_is_due(certificate.transfer)):
        return None
    return heading(certificate, statement, "DISPOSAL", _("Disposal plan")) | _plan(plan)


def plan_sheet(plan: DisposalPlan) -> Paper:
    """The plan as it goes to the authority, before any certificate exists.

    Raises:
        RulesError: the pack has no checklist for such a plan.
    """
    head = checkpoints.latest()
    return sheet_heading(
        plan.transfer,
        f"{plan.transfer.number}-DISPOSAL-{plan.version}",
        _("Disposal plan"),
        issued_at=plan.approved_at or plan.created_at,
        approver="—" if plan.approved_by is None else plan.approved_by.name,
        checkpoint=head.note if head else "—\n—\n—",
        version=plan.version,
    ) | _plan(plan)


def _plan(plan: DisposalPlan) -> Paper:
    transfer = plan.transfer
    taker = transfer.transferee
    persons = transfer_facts(transfer).persons
    return {
        "version": str(plan.version),
        "summary": [
            both(
                _("Before the transfer: %(before)s persons; after it: %(after)s."),
                before=persons.before,
                after=persons.after,
            )
        ],
        "facts": [
            fact(_("Transfer"), transfer.number),
            fact(_("Legal basis"), both(Transfer.Basis(transfer.basis).label)),
            fact(_("Recipient"), "—" if taker is None else {"en": taker.name_en, "zh": taker.name_zh}),
            fact(_("Recipient's contact"), plan.recipient_contact),
            fact(_("Written by"), f"{plan.author.name}, {moment(plan.created_at)}"),
            fact(_("Reported to"), plan.authority or "—"),
            fact(_("Reference"), plan.reference or "—"),
            fact(_("Reported on"), "—" if plan.reported_on is None else plan.reported_on.isoformat()),
        ],
        "tables": [
            _inventory(transfer),
            _text(_("Safeguards"), plan.safeguards),
            _text(_("Timetable"), plan.timetable),
            _asked(transfer),
        ],
    }


def _inventory(transfer: Transfer) -> dict[str, Any]:
    rows = []
    kinds: tuple[tuple[Any, Any], ...] = ((_("Clients"), Client), *KINDS)
    for title, model in kinds:
        path = "book" if model is Client else "client__book"
        count = model._default_manager.filter(**{path: transfer.book_id}).count()  # noqa: SLF001 - the documented way
        rows.append([line(both(title)), f"{count:,d}"])
    return {
        "title": both(_("Inventory of the data")),
        "columns": [column(_("Kind of data"), width=3), column(_("Rows"), number=True, width=1)],
        "rows": rows,
    }


def _asked(transfer: Transfer) -> dict[str, Any]:
    """What the law's list asks such a plan to say, with the rule each item rests on."""
    items = items_in_force(load_pack(transfer.pack_name), "disposal_plan", on=timezone.localdate())
    return {
        "title": both(_("What the law asks the plan to say")),
        "columns": [column(_("Item"), width=3), column(_("Rule"), width=1)],
        "rows": [[f"{item.text.zh} {item.text.en}", item.rule] for item in items],
    }


def _text(title: Any, text: str) -> dict[str, Any]:
    """A text that people wrote, paragraph by paragraph, under its title."""
    parts = [part.strip() for part in text.splitlines() if part.strip()]
    return {"title": both(title), "columns": [column(_("Text"), width=1)], "rows": [[part] for part in parts]}
