"""Forms of rehearsals and of the cutover's run."""

from django import forms
from django.utils.translation import gettext_lazy as _

RETURNS = (
    ("transferee/clients", _("Transferee's system: clients.csv")),
    ("transferee/accounts", _("Transferee's system: accounts.csv")),
    ("transferee/holdings", _("Transferee's system: holdings.csv")),
    ("depository/holdings", _("Depository: holdings.csv")),
    ("bank/balances", _("Banks: balances.csv")),
)
"""Every file that must come back, by source and kind."""


class ReturnForm(forms.Form):
    """One file that came back."""

    what = forms.ChoiceField(label=_("Which file"), choices=RETURNS)
    file = forms.FileField(label=_("File"), help_text=_("CSV in UTF-8 with the agreed columns. It is sealed while it is uploaded."))
