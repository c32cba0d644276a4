"""What this room adds to a client's page: its case in each transfer."""

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access.models import User
from access.policies import may
from clients.models import Client
from clients.panels import Panel
from transfer.models import ClientCase
from transfer.reasons import reasons_in_words
from transfer.services.cases import transfer_pack


def case_panels(client: Client, user: User) -> list[Panel]:
    """One panel per transfer the client is part of, for everybody who may see the client."""
    cases = ClientCase.objects.filter(client=client).select_related("transfer").order_by("since")
    return [_panel(case, user) for case in cases]


def _panel(case: ClientCase, user: User) -> Panel:
    url = reverse("transfer-overview", args=[case.transfer_id]) if may(user, "transfer.view_transfer") else ""
    return Panel(
        title=gettext_lazy("Case in the transfer"),
        facts=[
            {"term": _("Transfer"), "value": case.transfer.number},
            {
                "term": _("State"),
                "value": {"kind": "state", "value": case.state, "word": case.get_state_display()},
            },
            {"term": _("Since"), "value": case.since},
            {"term": _("Served"), "value": case.get_served_display()},
            {"term": _("Served on"), "value": case.served_on or ""},
            {"term": _("Window ends"), "value": case.window_ends_on or ""},
        ],
        reasons=[
            f"{said['words']} ({said['article']})"
            for said in reasons_in_words(transfer_pack(case.transfer), case.reasons)
        ],
        url=url,
    )
