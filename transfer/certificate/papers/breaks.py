"""Differences on paper: what was compared, every break by kind and state, and who wrote off."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from transfer.certificate.field_words import field_words, table_words
from transfer.certificate.kinds import register_paper
from transfer.certificate.papers.parts import Paper, Statement, counted_table, moment
from transfer.certificate.words import both, column, grouped, heading, line
from transfer.models import Break, Certificate, ReturnFile, Run

BREAK_KINDS = {
    "missing": _("row missing"),
    "extra": _("row too many"),
    "differs": _("value differs"),
}


@register_paper("breaks", title=_("Break table"), form="table_report", place=60)
def breakcounted_table(certificate: Certificate, statement: Statement) -> Paper:
    """The break table: what was compared, every difference by kind and state, and who decided write-offs."""
    run = Run.objects.get(transfer=certificate.transfer_id, kind=Run.Kind.CUTOVER)
    still_open = sum(row["count"] for row in statement["open_breaks"])
    found = sum(row["count"] for row in statement["breaks"])
    return heading(certificate, statement, "BREAKS", _("Break table")) | {
        "summary": [both(_("Breaks found: %(found)s; open: %(open)s."), found=found, open=still_open)],
        "tables": [
            compared(statement),
            break_counts(_("Breaks by kind and state"), statement["breaks"]),
            _write_offs(run),
        ],
    }


def compared(statement: Statement) -> dict[str, Any]:
    """What came back, file by file."""
    rows = []
    for name, counts in statement["reconciliation"].items():
        source, _slash, kind = name.partition("/")
        rows.append(
            [
                line(both(_source(source))),
                line(both(table_words(kind))),
                *(f"{counts[key]:,d}" for key in ("expected", "actual", "equal")),
            ]
        )
    columns = [column(_("Source"), width=3), column(_("File"), width=2)]
    columns += [column(title, number=True, width=1) for title in (_("Expected"), _("Came back"), _("Equal"))]
    return {"title": both(_("What was compared")), "columns": columns, "rows": rows}


def break_counts(title: Any, counted: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Breaks counted by kind and state."""
    rows = []
    for row in counted:
        words = break_words(row)
        state = line(both(Break.State(row["state"]).label))
        rows.append(
            [
                line(words["source"]),
                line(words["kind"]),
                line(both(field_words(row["field"]))),
                state,
                f"{row['count']:,d}",
            ]
        )
    return counted_table(title, (_("Source"), _("Difference"), _("Field"), _("State")), rows)


def _write_offs(run: Run) -> dict[str, Any]:
    written = Break.objects.filter(run=run, state=Break.State.WRITTEN_OFF).select_related(
        "asked_by", "decided_by"
    )
    rows = [
        [
            grouped(row.row.replace(":", " ")),
            line(both(field_words(row.field))),
            row.asked_by.name if row.asked_by else "—",
            row.decided_by.name if row.decided_by else "—",
            moment(row.decided_at),
        ]
        for row in written.order_by("pk")
    ]
    titles = ((_("Row"), 3), (_("Field"), 2), (_("Asked by"), 2), (_("Decided by"), 2), (_("Decided"), 2))
    columns = [column(title, width=width) for title, width in titles]
    return {"title": both(_("Written off by two people")), "columns": columns, "rows": rows}


def break_words(row: dict[str, Any]) -> dict[str, Any]:
    """Source, kind and field of a break in both languages."""
    table, _dot, how = row["kind"].partition(".")
    kind = both(_("%(table)s: %(how)s"), table=both(table_words(table)), how=both(BREAK_KINDS.get(how, how)))
    return {"source": both(_source(row["source"])), "kind": kind, "field": both(field_words(row["field"]))}


def _source(code: str) -> Any:
    return ReturnFile.Source(code).label
