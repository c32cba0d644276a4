"""One client: the masked record, one field in the clear for a minute, a document."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from access.actors import acting_user
from access.policies import permission_required
from audit.errors import Refused
from clients.forms import RevealForm
from clients.history import drawer_of, moves_of
from clients.labels import FLAGS, label_of
from clients.models import Client, Document, Trade
from clients.panels import panels_of
from clients.queries import visible_clients
from clients.record_page import holding_counts, record_page, reveal_part
from clients.services.reveal import PARTS, PURPOSES, SHOWN_SECONDS, open_document, reveal_field


@require_GET
@never_cache
@permission_required("clients.view_client")
def record(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The whole record, masked; that it was opened is recorded."""
    user = acting_user(request)
    client = _find(request, pk)
    page = record_page(client, user)
    context = {
        "client": client,
        "page": page,
        "facts": _facts(client),
        "marks": [word for flag, word in FLAGS.items() if getattr(client, flag)],
        "holdings": holding_counts(client),
        "trades": Trade.objects.filter(client=client).count(),
        "panels": panels_of(client, user),
        "moves": moves_of(client),
        "drawer": drawer_of(client, user),
        "purposes": list(PURPOSES.items()),
    }
    return render(request, "clients/record.html", context)


@require_http_methods(["GET", "POST"])
@never_cache
@permission_required("clients.view_client")
@sensitive_post_parameters("words")
@sensitive_variables("shown", "context")
def reveal(request: HttpRequest, pk: UUID, part: str, row: UUID, field: str) -> HttpResponse:
    """GET: the field masked again. POST: the field in the clear for a minute, recorded with its purpose."""
    user = acting_user(request)
    client = _find(request, pk)
    sealed = get_object_or_404(PARTS[part], pk=row) if part in PARTS else None
    if sealed is None or sealed.key_subject != client.pk or field not in sealed.sealed_type.__struct_fields__:
        raise Http404
    if request.method == "GET":
        masked = reveal_part(client, user, part=part, row=row, field=field, masked="****")
        return render(request, "parts/reveal.html", {"reveal": masked})
    form = RevealForm(request.POST)
    if not form.is_valid():
        raise Refused(
            "reveal.words_missing" if request.POST.get("purpose") in PURPOSES else "reveal.purpose_missing"
        )
    shown = reveal_field(client=client, part=part, row=row, field=field, by=user, **form.cleaned_data)
    context: dict[str, Any] = {
        "client": client,
        "reveal": {
            "id": f"{part}-{row.hex}-{field}",
            "label": label_of(field),
            "value": shown.value or "—",
            "masked_url": reverse("clients-reveal", args=[pk, part, row, field]),
            "seconds": SHOWN_SECONDS,
        },
    }
    template = "parts/revealed.html" if request.headers.get("HX-Request") else "clients/revealed.html"
    answer = render(request, template, context)
    if template == "clients/revealed.html":
        answer.headers["Refresh"] = f"{SHOWN_SECONDS}; url={reverse('clients-record', args=[pk])}"
    return answer


@require_POST
@never_cache
@permission_required("clients.reveal_field")
@sensitive_post_parameters("words")
def document(request: HttpRequest, pk: UUID, document_id: UUID) -> HttpResponseBase:
    """A document of the client as a download under a name that says nothing of the client."""
    client = _find(request, pk)
    found = get_object_or_404(Document.objects.select_related("client"), pk=document_id, client=client)
    form = RevealForm(request.POST)
    if not form.is_valid():
        raise Refused(
            "reveal.words_missing" if request.POST.get("purpose") in PURPOSES else "reveal.purpose_missing"
        )
    parts = open_document(document=found, by=acting_user(request), **form.cleaned_data)
    first = next(parts, b"")
    answer = StreamingHttpResponse(_joined(first, parts), content_type="application/octet-stream")
    answer.headers["Content-Disposition"] = (
        f'attachment; filename="document-{found.pk.hex[-8:]}{_ending(first)}"'
    )
    return answer


def _joined(first: bytes, rest: Any) -> Any:
    yield first
    yield from rest


def _ending(head: bytes) -> str:
    marks = {b"\x89PNG": ".png", b"%PDF": ".pdf", b"\xff\xd8\xff": ".jpg"}
    return next((ending for mark, ending in marks.items() if head.startswith(mark)), ".bin")


def _find(request: HttpRequest, pk: UUID) -> Client:
    within = visible_clients(acting_user(request)).select_related("branch", "custodian", "book")
    return get_object_or_404(within, pk=pk)


def _facts(client: Client) -> list[dict[str, Any]]:
    return [
        {"term": _("Custodian"), "value": client.custodian.name},
        {"term": _("Kind of client"), "value": client.get_kind_display()},
        {"term": _("Status"), "value": client.get_status_display()},
        {"term": _("Branch"), "value": client.branch.name if client.branch else ""},
        {"term": _("Client manager"), "value": client.staff_no},
        {"term": _("Opened on"), "value": client.opened_on or ""},
        {"term": _("Jurisdiction"), "value": client.jurisdiction},
        {"term": _("Line in the source"), "value": client.source_line},
    ]
