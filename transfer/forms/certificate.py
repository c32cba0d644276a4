"""Forms of the certificate: who signs it, and whose proof is wanted."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from access.models import User


class SignersForm(forms.Form):
    """One officer of each side, by whom the statement is signed."""

    transferor_signer = forms.ModelChoiceField(
        label=_("Signs for the transferor"), queryset=User.objects.none()
    )
    transferee_signer = forms.ModelChoiceField(
        label=_("Signs for the transferee"), queryset=User.objects.none()
    )

    def __init__(
        self, *args: Any, transferor: Sequence[User], transferee: Sequence[User], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        for name, people in (("transferor_signer", transferor), ("transferee_signer", transferee)):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = User.objects.filter(pk__in=[person.pk for person in people]).order_by("username")
            field.label_from_instance = _shown  # type: ignore[method-assign,assignment]
            field.empty_label = None


def _shown(person: Any) -> str:
    return f"{person.name} ({person.username})"


class ProofForm(forms.Form):
    """Exact search: a client number of the transferor or an identity number."""

    by = forms.ChoiceField(
        label=_("Find by"),
        choices=[("source_no", _("Client number at the transferor")), ("id_number", _("Identity number"))],
    )
    value = forms.CharField(
        label=_("Number, exactly"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
