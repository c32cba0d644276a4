"""The form that finds the client whose proof is wanted."""

from django import forms
from django.utils.translation import gettext_lazy as _


class ProofForm(forms.Form):
    """Exact search: a client number of the transferor or an identity number."""

    by = forms.ChoiceField(
        label=_("Find by"),
        choices=[("source_no", _("Client number at the transferor")), ("id_number", _("Identity number"))],
    )
    value = forms.CharField(
        label=_("Number, exactly"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
