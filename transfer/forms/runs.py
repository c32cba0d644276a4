"""Forms of rehearsals and of the cutover's run."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from transfer.policies import TRANSFEREE

RETURNS = (
    ("transferee/clients", _("Transferee's system: clients.csv")),
    ("transferee/accounts", _("Transferee's system: accounts.csv")),
    ("transferee/holdings", _("Transferee's system: holdings.csv")),
    ("depository/holdings", _("Depository: holdings.csv")),
    ("bank/balances", _("Banks: balances.csv")),
)
"""Every file that must come back, by source and kind."""


def returns_of(side: str) -> list[tuple[str, object]]:
    """What a side hands in: only the transferee what its own system sends back."""
    return [(what, title) for what, title in RETURNS if side == TRANSFEREE or not what.startswith(TRANSFEREE)]


class ReturnForm(forms.Form):
    """One file that came back, of those the person's side may hand in."""

    what = forms.ChoiceField(label=_("Which file"), choices=RETURNS)
    file = forms.FileField(
        label=_("File"),
        help_text=_("CSV in UTF-8 with the agreed columns. It is sealed while it is uploaded."),
    )

    def __init__(self, *arguments: Any, side: str, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["what"].choices = returns_of(side)  # type: ignore[attr-defined]
