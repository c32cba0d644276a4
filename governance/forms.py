"""The forms of this room."""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from access.models import User
from audit.registry import label, types
from governance.models import ImpactAssessment
from transfer.log_lines import WORDS


class LogFilter(forms.Form):
    """What the explorer of the log narrows by."""

    type = forms.ChoiceField(label=_("What happened"), required=False)
    subject = forms.UUIDField(label=_("Id of the thing"), required=False)
    actor = forms.CharField(label=_("User name"), required=False, max_length=60)
    day = forms.DateField(label=_("Day"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        field = self.fields["type"]
        assert isinstance(field, forms.ChoiceField)
        known = sorted((str(WORDS.get(kind, label(kind))), kind) for kind in types())
        field.choices = [("", _("anything")), *((kind, words) for words, kind in known)]

    def clean_actor(self) -> UUID | None:
        """The id behind a user name; an id is taken as it is, since people may be gone."""
        given = self.cleaned_data["actor"].strip()
        if not given:
            return None
        found = User.objects.filter(username=given).values_list("pk", flat=True).first()
        if found is not None:
            return found
        try:
            return UUID(given)
        except ValueError:
            raise forms.ValidationError(_("Nobody has this user name.")) from None


class AssessmentForm(forms.Form):
    """The texts of an assessment and its conclusion."""

    necessity = forms.CharField(
        label=_("Purpose, lawfulness and necessity"),
        help_text=_("Why the data must move, on which basis, and why nothing less would do."),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    risks = forms.CharField(
        label=_("Impact on people and risks"),
        help_text=_("What could happen to the clients, how likely it is, and how bad."),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    measures = forms.CharField(
        label=_("Measures"),
        help_text=_("What is done against the risks, and whether it fits their degree."),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    conclusion = forms.ChoiceField(
        label=_("Conclusion"), choices=ImpactAssessment.Conclusion.choices, widget=forms.RadioSelect
    )


class DisposalForm(forms.Form):
    """What only people can say in a disposal plan; the rest is read from the transfer."""

    recipient_contact = forms.CharField(
        label=_("Recipient's contact"),
        help_text=_("Office, telephone and e-mail at the firm that receives the data."),
        max_length=200,
    )
    safeguards = forms.CharField(
        label=_("Safeguards"),
        help_text=_("How the data are protected before, during and after the handing over."),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    timetable = forms.CharField(
        label=_("Timetable"),
        help_text=_("When which data go, and when what is left is destroyed."),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 6}),
    )


class ReportForm(forms.Form):
    """To whom a disposal plan was reported."""

    authority = forms.CharField(label=_("Authority"), max_length=120)
    reference = forms.CharField(label=_("Reference"), max_length=80)
    reported_on = forms.DateField(label=_("Reported on"), widget=forms.DateInput(attrs={"type": "date"}))
