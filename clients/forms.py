"""Forms of the clients room. The services decide; forms only collect."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from access.models import Branch
from clients.labels import FLAGS
from clients.models import Client
from clients.services.reveal import PURPOSES

_ANY = ("", _("any"))


class ClientFilter(forms.Form):
    """What the list is narrowed by; sent by GET."""

    kind = forms.ChoiceField(label=_("Kind of client"), required=False, choices=[_ANY, *Client.Kind.choices])
    status = forms.ChoiceField(label=_("Status"), required=False, choices=[_ANY, *Client.Status.choices])
    branch = forms.ChoiceField(label=_("Branch"), required=False)
    flag = forms.ChoiceField(label=_("Mark"), required=False, choices=[_ANY, *FLAGS.items()])

    def __init__(self, *args: Any, branches: list[Branch], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(branch.code, f"{branch.code} {branch.name}") for branch in branches]
        self.fields["branch"].choices = [_ANY, *named]  # type: ignore[attr-defined]


class SearchForm(forms.Form):
    """One whole value; it is sent by POST and stands in no address."""

    field = forms.ChoiceField(
        label=_("Search by"),
        choices=[
            ("id_number", _("Identity number")),
            ("phone", _("Telephone")),
            ("account", _("Account number")),
            ("client_no", _("Client number")),
            ("email", _("E-mail")),
        ],
    )
    value = forms.CharField(
        label=_("The whole value"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class RevealForm(forms.Form):
    """Why a field is to be shown."""

    purpose = forms.ChoiceField(
        label=_("What do you need it for?"), choices=[("", _("Choose a purpose")), *PURPOSES.items()]
    )
    words = forms.CharField(
        label=_("In your own words"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
