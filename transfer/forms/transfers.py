"""What people enter about a transfer as a whole, and about its gates."""

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from access.models import Organisation
from transfer.bases import OFFERED
from transfer.models import Approval

JURISDICTIONS = (("CN", _("China (mainland)")),)


def moment_input() -> forms.DateTimeInput:
    """A day and a minute; the browser offers a calendar."""
    return forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


def day_input() -> forms.DateInput:
    """A day; the browser offers a calendar."""
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class TransferForm(forms.Form):
    """A new transfer of the firm's own clients."""

    basis = forms.ChoiceField(
        label=_("Legal basis"),
        choices=[(basis.value, basis.label) for basis in OFFERED],
        help_text=_(
            "It decides what every client is owed: notice, a window to object, or separate consent. In a share "
            "transfer no client data move. Due diligence and withdrawn licences are not led as transfers."
        ),
    )
    jurisdiction = forms.ChoiceField(label=_("Law that applies"), choices=JURISDICTIONS)
    planned_cutover = forms.DateTimeField(
        label=_("Planned cutover"),
        required=False,
        help_text=_("After clearing, China time. It can be planned later."),
        widget=moment_input(),
    )


class TransfereeForm(forms.Form):
    """The firm that takes over."""

    transferee = forms.ModelChoiceField(
        label=_("Transferee"),
        queryset=Organisation.objects.none(),
        help_text=_(
            "It cannot be changed afterwards. It sees the transfer at once, the data only from gate 1 on."
        ),
    )


class CutoverForm(forms.Form):
    """When the cutover is planned."""

    at = forms.DateTimeField(label=_("Planned cutover"), help_text=_("China time."), widget=moment_input())


class ApprovalForm(forms.Form):
    """An approval, resolution or permit."""

    kind = forms.ChoiceField(label=_("Approval"), choices=Approval.Kind.choices)
    reference = forms.CharField(
        label=_("Reference"), max_length=80, help_text=_("As it stands on the document; letters quote it.")
    )
    granted_on = forms.DateField(label=_("Granted on"), widget=day_input(), initial=timezone.localdate)


class CorrectionForm(forms.Form):
    """What an approval should have said, and why it did not."""

    reference = forms.CharField(label=_("Reference"), max_length=80)
    granted_on = forms.DateField(label=_("Granted on"), widget=day_input())
    reason = forms.CharField(
        label=_("What was wrong"), max_length=400, widget=forms.Textarea(attrs={"rows": 2})
    )


class ReasonForm(forms.Form):
    """Why a gate should be passed although a fact does not hold."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        help_text=_("The first page of the certificate prints it for regulators and clients to read."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class EmptyForm(forms.Form):
    """An act that asks for nothing but to be confirmed."""
