"""What each legal basis of a transfer does with client data: moves it, or leaves it where it is.

Invariants:
- A basis that moves nothing opens no mandate, rehearsal, delivery or cutover, and no wrap for the other firm.
- A gate that does not apply is neither open nor closed; it says why, with the article.
"""

from collections.abc import Mapping
from typing import Final

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from audit.errors import Refused
from rules.packs import load_pack
from transfer.models import Transfer

Basis = Transfer.Basis

MOVING: Final = frozenset({Basis.MERGER, Basis.ASSET_SALE})
"""The bases under which clients pass to the other firm."""

OFFERED: Final = (Basis.MERGER, Basis.ASSET_SALE, Basis.SHARE_TRANSFER)
"""The bases the product leads to a proper end."""

NOT_LED: Final[Mapping[str, str]] = {
    Basis.DUE_DILIGENCE: "basis.due_diligence",
    Basis.LICENCE_WITHDRAWN: "basis.licence_withdrawn",
}
"""The bases it does not lead, and the refusal that says what to do instead."""

BY_CONSENT: Final = frozenset({Basis.ASSET_SALE})
"""The bases under which only who has consented moves (PIPL 23)."""

UNCHANGED_HANDLER: Final = "CN03"
"""The rule whose duty to tell falls away when the handler stays the same legal person."""

#: Why a gate has no place in a transfer that moves nothing.
NOT_APPLYING: Final[Mapping[int, str | Promise]] = {
    4: _(
        "the handler stays the same legal person, so nobody is owed notice of a recipient or asked for consent"
    ),
    5: _("no client data leave their place, so nothing has to be proved restorable first"),
    6: _("nothing is handed over that could be rehearsed"),
    7: _("the same people of the same firm go on working with the data"),
    8: _("there is no cutover to decide on"),
}


def data_moves(transfer: Transfer) -> bool:
    """True when clients pass to the other firm under this transfer's basis."""
    return transfer.basis in MOVING


def keeps_archive(transfer: Transfer) -> bool:
    """True when the transferor survives and must keep the records of whoever it hands over (CN09, CN20)."""
    return transfer.basis == Basis.ASSET_SALE


def article(transfer: Transfer) -> str:
    """The article from which it follows that nothing moves, in the reader's language."""
    rule = load_pack(transfer.pack_name).applying(UNCHANGED_HANDLER, timezone.localdate())
    return "" if rule is None else rule.citation.in_language(get_language() or "en")


def why_not(transfer: Transfer, gate: int) -> str | None:
    """Why this gate does not apply to the transfer, with the article; none where it applies."""
    if data_moves(transfer) or gate not in NOT_APPLYING:
        return None
    said, cited = str(NOT_APPLYING[gate]), article(transfer)
    chinese = (get_language() or "").startswith("zh")
    return f"{said}（{cited}）" if chinese else f"{said} ({cited})"


def refuse_unless_data_moves(transfer: Transfer) -> None:
    """Return only when client data may pass to the other firm at all.

    Raises:
        Refused: the handler stays the same (a share transfer).
    """
    if not data_moves(transfer):
        raise Refused("basis.nothing_moves", article=article(transfer))


def refuse_basis_not_led(basis: str) -> None:
    """Return only for a basis that the product leads to its end.

    Raises:
        Refused: due diligence or a withdrawn licence; the refusal says what can be done instead.
    """
    if basis in NOT_LED:
        raise Refused(NOT_LED[basis])
