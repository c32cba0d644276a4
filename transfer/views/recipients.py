"""How a page names clients: masked, and opened only for people of the custodian who may view clients."""

from collections.abc import Iterable
from uuid import UUID

from django.urls import NoReverseMatch, reverse

from access.models import User
from access.policies import may
from access.visibility import mask
from audit.reading import reading
from clients.models import Client
from vault.rows import open_rows


def client_cells(user: User, clients: Iterable[Client]) -> dict[UUID, dict[str, str]]:
    """A table cell for every client. Names are opened in one recorded reading, and only where they may be seen.

    Everybody else sees the last characters of the client's id, which is no personal data.
    """
    rows = list(clients)
    own = (
        [row for row in rows if row.custodian_id == user.organisation_id]
        if may(user, "clients.view_client")
        else []
    )
    cells = {row.pk: {"kind": "code", "value": f"…{str(row.pk)[-12:]}"} for row in rows}
    if not own:
        return cells
    subjects = [row.pk for row in own]
    with reading(
        actor=user,
        organisation=user.organisation_id,
        purpose="masked_list",
        subjects=subjects,
        fields=["name", "source_no"],
    ) as right:
        for row, secret in zip(own, open_rows(own, right), strict=True):
            words = f"{mask('name', secret.name)} · {mask('source_no', secret.source_no)}"
            cells[row.pk] = {"kind": "masked", "value": words, "url": _record(row)}
    return cells


def _record(client: Client) -> str:
    try:
        return reverse("clients-record", args=[client.pk])
    except NoReverseMatch:
        return ""
