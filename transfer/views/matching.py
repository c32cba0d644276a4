"""Finding the clients of both firms."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from access.policies import permission_required
from access.refusals import told
from audit.errors import Refused
from transfer.services.matching import match_other_book
from transfer.views.frame import find_open_transfer, person


@require_POST
@permission_required("transfer.load_extract")
def match(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The transferor's clients are compared with the transferee's own; the report names those of both."""
    transfer = find_open_transfer(request, pk)
    try:
        found = match_other_book(transfer=transfer, by=person(request))
    except Refused as refusal:
        messages.error(request, told(request, refusal))
    else:
        words = ngettext(
            "%(count)d client is a client of both firms.",
            "%(count)d clients are clients of both firms.",
            found,
        )
        messages.success(
            request, words % {"count": found} if found else _("No client is a client of both firms.")
        )
    return redirect("transfer-health", pk=pk)
