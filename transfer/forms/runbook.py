"""Forms of the runbook."""

from django import forms
from django.utils.translation import gettext_lazy as _


class PartyForm(forms.Form):
    """The test by which an outside party proved that it is ready."""

    tested_on = forms.DateField(label=_("Tested on"), widget=forms.DateInput(attrs={"type": "date"}))
    evidence_reference = forms.CharField(
        label=_("Reference of the evidence"),
        max_length=80,
        help_text=_("Number of the test report or letter, so that it can be found."),
    )
