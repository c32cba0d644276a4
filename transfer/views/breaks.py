"""The break ledger: every difference with its age and owner, and what becomes of it."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from access.models import User
from access.policies import may, permission_required
from transfer.certificate.field_words import field_words, table_words
from transfer.certificate.papers.breaks import BREAK_KINDS
from transfer.forms.breaks import BreakFilter, WordsForm
from transfer.models import Break, Run, Transfer
from transfer.policies import BOTH, side_of
from transfer.services.breaks import (
    REVEAL_PURPOSES,
    ask_write_off,
    decide_write_off,
    explain_break,
    reveal_break,
)
from transfer.views.doors import address, carry_out
from transfer.views.frame import find_open_transfer, person, show
from transfer.views.run_parts import run_title

OWNERS = {"transferor": gettext_lazy("Transferor"), "transferee": gettext_lazy("Transferee")}


class _Runs:
    """Names runs in a choice as people call them."""

    def __call__(self, run: Run) -> str:
        return run_title(run)


@require_GET
@permission_required("transfer.view_transfer")
def breaks(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The breaks that the filters in the address select, newest run first."""
    transfer = find_open_transfer(request, pk)
    form = BreakFilter(request.GET)
    form.fields["run"].queryset = Run.objects.filter(transfer=transfer)  # type: ignore[attr-defined]
    form.fields["run"].label_from_instance = _Runs()  # type: ignore[attr-defined]
    chosen = {key: value for key, value in form.cleaned_data.items() if value} if form.is_valid() else {}
    rows = Break.objects.filter(run__transfer=transfer).filter(**chosen)
    table = _table(request, rows) | {"filters": form, "empty": _empty(chosen)}
    return show(request, "transfer/breaks.html", transfer, table=table, sentence=_sentence(transfer))


def _table(request: HttpRequest, rows: QuerySet[Break]) -> dict[str, Any]:
    after = request.GET.get("after", "")
    total = rows.count()
    page = rows.select_related("run", "client", "asked_by", "decided_by").order_by("-pk")
    if _is_uuid(after):
        page = page.filter(pk__lt=after)
    shown = list(page[: settings.PAGE_ROWS + 1])
    further = len(shown) > settings.PAGE_ROWS
    shown = shown[: settings.PAGE_ROWS]
    kept = {
        key: str(value) for key, value in request.GET.items() if key in {"run", "source", "state"} and value
    }
    return {
        "caption": _("Breaks"),
        "columns": [
            {"title": _("Difference")},
            {"title": _("Run")},
            {"title": _("Source")},
            {"title": _("Field")},
            {"title": _("Expected → came back")},
            {"title": _("State")},
            {"title": _("Owner")},
            {"title": _("Age")},
        ],
        "rows": [_row(row) for row in shown],
        "pager": {
            "shown": len(shown),
            "total": total,
            "first_url": f"?{urlencode(kept)}" if after else "",
            "next_url": f"?{urlencode(kept | {'after': str(shown[-1].pk)})}" if further else "",
        },
    }


def _row(row: Break) -> list[object]:
    return [
        {"value": kind_words(row), "url": reverse("transfer-break", args=[row.run.transfer_id, row.pk])},
        run_title(row.run),
        row.get_source_display(),
        str(field_words(row.field)),
        {"kind": "masked", "value": "**** → ****"} if row.client_id else "—",
        {"kind": "state", "value": row.state},
        str(OWNERS.get(row.owner_side, row.owner_side)),
        age_words(row),
    ]


def kind_words(row: Break) -> str:
    """What kind of difference it is, in a few words."""
    table, _dot, how = row.kind.partition(".")
    return _("%(table)s: %(how)s") % {"table": table_words(table), "how": BREAK_KINDS.get(how, how)}


def age_words(row: Break) -> str:
    """For how many days it stands, or stood until it was decided."""
    until = row.decided_at or timezone.now()
    days = max((until - row.found_at).days, 0)
    return ngettext("%(count)s day", "%(count)s days", days) % {"count": days}


@require_GET
@permission_required("transfer.view_transfer")
def one_break(request: HttpRequest, pk: UUID, break_pk: UUID) -> HttpResponse:
    """One difference, and every act it takes."""
    transfer, row = _find(request, pk, break_pk)
    return _page(request, transfer, row)


def _page(
    request: HttpRequest, transfer: Transfer, row: Break, form: WordsForm | None = None
) -> HttpResponse:
    user = person(request)
    side = side_of(transfer, user.organisation_id)
    works = side in BOTH and may(user, "transfer.work_break", transfer)
    asked_by = row.asked_by if row.state == Break.State.WRITE_OFF_ASKED else None
    others = side in BOTH and asked_by is not None and asked_by.organisation_id != user.organisation_id
    return show(
        request,
        "transfer/break.html",
        transfer,
        row=row,
        kind=kind_words(row),
        facts=_facts(row, person(request)),
        form=form or WordsForm(),
        sentence=_one_sentence(row),
        reveal=_reveal(request, row) if row.client_id else None,
        may_explain=works and row.state == Break.State.OPEN,
        may_ask=works and row.state in {Break.State.OPEN, Break.State.EXPLAINED},
        may_decide=others and may(user, "transfer.decide_write_off", transfer),
    )


@require_POST
@permission_required("transfer.work_break")
def explain(request: HttpRequest, pk: UUID, break_pk: UUID) -> HttpResponse:
    """The cause is stated; with ``ask`` a second person is asked to write the break off."""
    transfer, row = _find(request, pk, break_pk)
    form = WordsForm(request.POST)
    if not form.is_valid():
        return _page(request, transfer, row, form)
    words, by = form.cleaned_data["words"], person(request)
    if "ask" in request.POST:
        done = _("A compliance officer of the other firm is asked to decide the write-off.")
        ok = carry_out(request, lambda: ask_write_off(break_=row, words=words, by=by), done)
    else:
        ok = carry_out(
            request, lambda: explain_break(break_=row, words=words, by=by), _("The break is explained.")
        )
    return redirect("transfer-break", pk, break_pk) if ok else _page(request, transfer, row, form)


@require_POST
@permission_required("transfer.decide_write_off")
def decide(request: HttpRequest, pk: UUID, break_pk: UUID) -> HttpResponse:
    """An officer of the other firm writes the break off, or refuses to."""
    _transfer, row = _find(request, pk, break_pk)
    grant = request.POST.get("grant") == "1"
    done = (
        _("The break is written off.") if grant else _("The write-off is refused; the break is open again.")
    )
    carry_out(request, lambda: decide_write_off(break_=row, grant=grant, by=person(request)), done)
    return redirect("transfer-break", pk, break_pk)


@require_POST
@permission_required("transfer.reveal_break")
def reveal(request: HttpRequest, pk: UUID, break_pk: UUID) -> HttpResponse:
    """Both values for one minute, for a stated purpose; recorded before they are shown."""
    transfer, row = _find(request, pk, break_pk)
    secret = reveal_break(
        break_=row,
        purpose=request.POST.get("purpose", ""),
        words=request.POST.get("words", ""),
        by=person(request),
    )
    shown = {
        "id": "values",
        "label": _("Expected → came back"),
        "seconds": 60,
        "value": f"{secret.expected or '—'} → {secret.actual or '—'} ({secret.source_key})",
        "masked_url": reverse("transfer-break-masked", args=[pk, break_pk]),
    }
    if request.headers.get("HX-Request"):
        response = render(request, "parts/revealed.html", {"reveal": shown})
    else:
        response = show(
            request, "transfer/break_revealed.html", transfer, row=row, reveal=shown, kind=kind_words(row)
        )
    response.headers["Cache-Control"] = "no-store"
    return response


@require_GET
@permission_required("transfer.view_transfer")
def masked(request: HttpRequest, pk: UUID, break_pk: UUID) -> HttpResponse:
    """The values hidden again."""
    _transfer, row = _find(request, pk, break_pk)
    return render(request, "parts/reveal.html", {"reveal": _reveal(request, row)})


def _reveal(request: HttpRequest, row: Break) -> dict[str, Any]:
    allowed = may(person(request), "transfer.reveal_break", row)
    return {
        "id": "values",
        "label": _("Expected → came back"),
        "masked": "**** → ****",
        "action": reverse("transfer-break-reveal", args=[row.run.transfer_id, row.pk]) if allowed else "",
        "purposes": list(REVEAL_PURPOSES.items()),
        "seconds": 60,
    }


def _find(request: HttpRequest, pk: UUID, break_pk: UUID) -> tuple[Transfer, Break]:
    transfer = find_open_transfer(request, pk)
    rows = Break.objects.filter(run__transfer=transfer).select_related(
        "run", "run__transfer", "client", "asked_by", "decided_by"
    )
    return transfer, get_object_or_404(rows, pk=break_pk)


def _facts(row: Break, user: User) -> list[dict[str, Any]]:
    client = {"kind": "code", "value": str(row.client_id)}
    # Only the firm that has custody has a page of this client.
    if row.client is not None and row.client.custodian_id == user.organisation_id:
        client["url"] = address("clients-record", row.client_id)
    return [
        {"term": _("Run"), "value": run_title(row.run)},
        {"term": _("Source"), "value": row.get_source_display()},
        {"term": _("Field"), "value": str(field_words(row.field))},
        {"term": _("Client"), "value": client if row.client_id else _("no client we know")},
        {"term": _("Row"), "value": {"kind": "code", "value": row.row}},
        {"term": _("Owner"), "value": str(OWNERS.get(row.owner_side, row.owner_side))},
        {"term": _("Found"), "value": row.found_at, "note": age_words(row)},
        {"term": _("Cause and what was done"), "value": row.explanation or "—"},
        {"term": _("Write-off asked by"), "value": row.asked_by.name if row.asked_by else "—"},
        {"term": _("Decided by"), "value": row.decided_by.name if row.decided_by else "—"},
        {"term": _("Decided"), "value": row.decided_at or "—"},
    ]


def _one_sentence(row: Break) -> str:
    owner = OWNERS.get(row.owner_side, row.owner_side)
    if row.state == Break.State.OPEN:
        return _("Open for %(age)s. Next move: %(owner)s.") % {"age": age_words(row), "owner": owner}
    if row.state == Break.State.WRITE_OFF_ASKED:
        return _("%(name)s asked to write it off. Next move: a compliance officer of the other firm.") % {
            "name": row.asked_by.name if row.asked_by else "—"
        }
    return _("Decided: %(state)s.") % {"state": row.get_state_display()}


def _sentence(transfer: Transfer) -> str:
    rows = Break.objects.filter(run__transfer=transfer)
    opened = rows.filter(state=Break.State.OPEN).count()
    asked = rows.filter(state=Break.State.WRITE_OFF_ASKED).count()
    return _("Breaks in all runs: %(total)s; open: %(open)s; waiting for the other firm: %(asked)s.") % {
        "total": f"{rows.count():,d}",
        "open": f"{opened:,d}",
        "asked": asked,
    }


def _empty(chosen: dict[str, Any]) -> dict[str, Any]:
    if chosen:
        return {
            "title": _("No break is like this"),
            "what": _("Choose another run, source or state."),
            "icon": "filter",
        }
    return {
        "title": _("No breaks"),
        "icon": "git-compare",
        "what": _("Every difference that a reconciliation finds will stand here with its owner and age."),
        "why": _(
            "A rehearsal's breaks must be explained before gate 6 opens; the cutover's are printed in the certificate."
        ),
    }


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
