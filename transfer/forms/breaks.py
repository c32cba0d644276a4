"""Forms of the break ledger."""

from django import forms
from django.utils.translation import gettext_lazy as _

from transfer.models import Break, ReturnFile, Run


class BreakFilter(forms.Form):
    """Which breaks to show; everything stands in the address."""

    run = forms.ModelChoiceField(
        label=_("Run"), queryset=Run.objects.none(), required=False, empty_label=_("All runs")
    )
    source = forms.ChoiceField(
        label=_("Source"), choices=[("", _("All sources")), *ReturnFile.Source.choices], required=False
    )
    state = forms.ChoiceField(
        label=_("State"), choices=[("", _("All states")), *Break.State.choices], required=False
    )


class WordsForm(forms.Form):
    """Why: a cause, or the reason for a write-off."""

    words = forms.CharField(
        label=_("Cause and what was done"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_(
            "No personal data: the other firm, auditors and the regulator can read this. At most 300 characters."
        ),
    )
