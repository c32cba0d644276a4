"""The forms of a mandate and of a later end of its window."""

from typing import TYPE_CHECKING

from django import forms
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


def _moment_field(label: "StrOrPromise") -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("China Standard Time"),
    )


class MandateForm(forms.Form):
    """The window in which clients may be handed over."""

    not_before = _moment_field(_("Not before"))
    not_after = _moment_field(_("Not after"))


class ExtensionForm(forms.Form):
    """A later end of the window, and why."""

    not_after = _moment_field(_("Not after"))
    reason = forms.CharField(label=_("Reason"), max_length=300, widget=forms.Textarea(attrs={"rows": 3}))
