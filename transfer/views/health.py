"""Data health: what the files show before anything is agreed, with counts, money and the rows behind."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from access.models import User
from access.policies import may, permission_required
from access.refusals import told
from audit.errors import Refused
from clients.queries import visible_clients
from transfer.forms.imports import HealthForm
from transfer.health_words import finding_of
from transfer.models import Extract, Finding, ImportRun, Reject, Transfer
from transfer.policies import visible_transfers
from transfer.services.health import CODES, HealthReport, health_report
from transfer.services.imports import start_run
from transfer.services.intake import take_in
from transfer.services.peek import masked_lines
from transfer.services.rejects import REASONS
from transfer.services.transfers import draft_transfer
from transfer.tasks.imports import plan_run
from transfer.views.data import figure
from transfer.views.frame import find_open_transfer, person, show

_GRAVEST_FIRST = ("blocking", "warning", "notice")
_OPEN_STATES = (Transfer.State.DRAFT, Transfer.State.LOADING, Transfer.State.REVIEWING)


@require_GET
@never_cache
@permission_required("transfer.view_import")
def report(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The report of the transferor's files, from the newest looks or from what is loaded."""
    transfer = find_open_transfer(request, pk)
    found = health_report(transfer)
    findings = sorted(
        (_finding(transfer, found, code) for code in CODES),
        key=lambda finding: _GRAVEST_FIRST.index(finding["severity"]),
    )
    mine = person(request).organisation_id == transfer.transferor_id
    context = {
        "report": found,
        "findings": [finding for finding in findings if finding["count"]],
        "clean": [finding["title"] for finding in findings if not finding["count"]],
        "rejects": _rejects(transfer, found),
        "sentence": _sentence(found),
        "totals": _amounts(found.total_money),
        "may_load": mine and may(person(request), "transfer.load_extract", transfer),
    }
    return show(request, "transfer/health.html", transfer, **context)


def _sentence(found: HealthReport) -> str:
    if not found.runs:
        return _("No file has been looked at yet.")
    codes = [code for code, count in found.counts.items() if count]
    blocking = [code for code in codes if finding_of(code).severity == "blocking"]
    words: dict[str, object] = {"clients": figure(found.clients), "kinds": len(codes)}
    looked = (
        ngettext(
            "%(clients)s client looked at, %(kinds)d kinds of findings.",
            "%(clients)s clients looked at, %(kinds)d kinds of findings.",
            found.clients,
        )
        % words
    )
    if not blocking:
        return looked
    worst = max(blocking, key=found.counts.__getitem__)
    return (
        looked
        + " "
        + _("Most serious: %(finding)s, %(count)s clients.")
        % {"finding": finding_of(worst).title, "count": figure(found.counts[worst])}
    )


def _amounts(money: Mapping[str, Decimal]) -> list[tuple[str, Decimal]]:
    """Per currency the exact amount, without zeros behind the second decimal."""
    cent = Decimal("0.01")
    return [
        (currency, amount.quantize(cent) if amount == amount.quantize(cent) else amount)
        for currency, amount in sorted(money.items())
    ]


def _finding(transfer: Transfer, found: HealthReport, code: str) -> dict[str, Any]:
    words = finding_of(code)
    return {
        "code": code,
        "title": words.title,
        "meaning": words.meaning,
        "remedy": words.remedy,
        "severity": words.severity,
        "count": found.counts.get(code, 0),
        "money": _amounts(found.money.get(code, {})),
        "url": reverse("transfer-health-rows", args=[transfer.pk, code]),
    }


def _rejects(transfer: Transfer, found: HealthReport) -> list[dict[str, Any]]:
    """Lines that nobody has mended or left out yet, per run and reason, each opening exactly its lines."""
    counts: dict[tuple[UUID, str], int] = defaultdict(int)
    rows = Reject.objects.filter(run__in=found.runs, decision=Reject.Decision.OPEN)
    for run, code, count in rows.values_list("run", "code").annotate(count=Count("pk")).order_by():
        counts[run, code] += count
    runs = {run.pk: run for run in found.runs}
    return [
        {
            "reason": REASONS.get(code, code),
            "file": runs[run].extract.get_kind_display(),
            "count": count,
            "url": reverse("transfer-rejects", args=[transfer.pk, run]) + f"?code={code}&decision=open",
        }
        for (run, code), count in sorted(counts.items(), key=lambda item: -item[1])
    ]


@require_GET
@never_cache
@permission_required("transfer.view_import")
def rows(request: HttpRequest, pk: UUID, code: str) -> HttpResponse:
    """The clients behind one finding, one row each, masked for the file's own people."""
    transfer = find_open_transfer(request, pk)
    if code not in CODES:
        raise Http404
    found = health_report(transfer)
    after = request.GET.get("after", "")
    place = int(after) if after.isdecimal() and len(after) < 19 else 0
    page = found.clients_behind(code, after=place, most=settings.PAGE_ROWS + 1)
    shown = page[: settings.PAGE_ROWS]
    lines = found.lines_of(code, [digest for _, digest in shown])
    finding = _finding(transfer, found, code)
    context = {
        "finding": finding,
        "table": {
            "id": "rows",
            "caption": finding["title"],
            "columns": _row_columns(),
            "rows": _rows(dict(shown), lines, person(request), transfer),
            "pager": {
                "shown": len(shown),
                "total": finding["count"],
                "first_url": "?" if after else "",
                "next_url": f"?after={shown[-1][0]}" if len(page) > len(shown) else "",
            },
        },
        "sentence": ngettext(
            "%(count)d client is touched.", "%(count)d clients are touched.", finding["count"]
        )
        % {"count": finding["count"]},
    }
    return show(request, "transfer/health_rows.html", transfer, **context)


def _row_columns() -> list[dict[str, Any]]:
    return [
        {"title": _("File")},
        {"title": _("Line"), "number": True},
        {"title": _("Client number")},
        {"title": _("Name")},
        {"title": _("Lines"), "number": True},
        {"title": _("Record")},
    ]


def _rows(
    page: Mapping[int, bytes], lines: Mapping[bytes, int], user: User, transfer: Transfer
) -> list[list[object]]:
    firsts = Finding.objects.in_bulk(list(page))
    runs = {
        run.pk: run
        for run in ImportRun.objects.filter(pk__in={row.run_id for row in firsts.values()}).select_related(
            "extract__transfer", "extract__side"
        )
    }
    masked = _masked(list(firsts.values()), runs, user)
    records = _records(list(firsts.values()), user, transfer)
    shown = []
    for first, digest in page.items():
        finding = firsts[first]
        kind = runs[finding.run_id].extract.kind
        cells = masked.get((finding.run_id, finding.line), {})
        shown.append(
            [
                str(dict(Extract.Kind.choices)[kind]),
                finding.line,
                {"kind": "masked", "value": cells.get("client_no", "****")},
                {"kind": "masked", "value": cells["name"]} if kind == "clients" and cells.get("name") else "",
                lines[digest],
                records.get(bytes(finding.client_digest), _("not loaded")),
            ]
        )
    return shown


def _records(findings: list[Finding], user: User, transfer: Transfer) -> dict[bytes, object]:
    """By source digest the way to each client's record, as far as it is loaded and the person may see it."""
    loaded = visible_clients(user).filter(
        book=transfer.book_id, source_digest__in=[finding.client_digest for finding in findings]
    )
    return {
        bytes(digest): {"value": _("Open the record"), "url": reverse("clients-record", args=[pk])}
        for digest, pk in loaded.values_list("source_digest", "pk")
    }


def _masked(
    findings: list[Finding], runs: dict[UUID, ImportRun], user: User
) -> dict[tuple[UUID, int], dict[str, str]]:
    """Client number and name behind each line, for people of the file's own side."""
    lines: dict[UUID, set[int]] = defaultdict(set)
    for finding in findings:
        lines[finding.run_id].add(finding.line)
    return {
        (run, line): cells
        for run, wanted in lines.items()
        if user.organisation_id == runs[run].extract.side_id
        for line, cells in masked_lines(
            run=runs[run], lines=wanted, fields=("client_no", "name"), by=user
        ).items()
    }


@require_http_methods(["GET", "POST"])
@never_cache
@permission_required("transfer.load_extract")
def begin(request: HttpRequest) -> HttpResponse:
    """A file is looked at before any agreement exists; a draft is begun for it where none is chosen."""
    user = person(request)
    drafts = visible_transfers(user).filter(transferor=user.organisation_id, state__in=_OPEN_STATES)
    may_draft = may(user, "transfer.draft_transfer")
    chosen = {"transfer": request.GET.get("transfer")}
    form = HealthForm(request.POST or None, request.FILES or None, initial=chosen)
    form.fields["transfer"].queryset = drafts  # type: ignore[attr-defined]
    form.fields["transfer"].label_from_instance = lambda row: row.number  # type: ignore[attr-defined]
    form.fields["transfer"].required = not may_draft
    if request.method == "POST" and form.is_valid():
        try:
            run = _look(form.cleaned_data, user)
        except Refused as refusal:
            form.add_error("file", told(request, refusal))
        else:
            plan_run.delay_on_commit(str(run.pk))
            messages.success(request, _("The file is being looked at. Nothing is loaded by this."))
            return redirect("transfer-import-run", pk=run.extract.transfer_id, run=run.pk)
    return render(request, "transfer/health_begin.html", {"form": form, "may_draft": may_draft})


@transaction.atomic
def _look(words: dict[str, Any], user: User) -> ImportRun:
    """The file belongs to a transfer and a look at it waits; of a refused file nothing stays, no draft either."""
    transfer = words["transfer"] or draft_transfer(by=user)
    extract = take_in(
        transfer=transfer,
        file=words["file"].sealed_file,
        by=user,
        purpose=Extract.Purpose.FULL,
        kind=words["kind"] or None,
    )
    return start_run(extract=extract, mode=ImportRun.Mode.PROFILE, by=user)
