"""Forms of imports, rejects and policies. The services decide; forms only collect."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from transfer.models import Extract, FieldPolicy, Transfer

_RECOGNISE = ("", _("recognise it by the header"))


class ExtractForm(forms.Form):
    """One file of the source system."""

    file = forms.FileField(
        label=_("File"),
        allow_empty_file=True,
        help_text=_(
            "CSV or other text with separators (UTF-8, GB18030 or Big5), XLSX, XLS, DBF, JSON Lines, or a ZIP of "
            "documents with its index. It is sealed while it arrives."
        ),
    )
    kind = forms.ChoiceField(
        label=_("What it holds"), choices=[_RECOGNISE, *Extract.Kind.choices], required=False
    )
    purpose = forms.ChoiceField(
        label=_("What it is for"), choices=Extract.Purpose.choices, initial=Extract.Purpose.FULL
    )


class HealthForm(forms.Form):
    """A file to be looked at before anything is agreed."""

    transfer = forms.ModelChoiceField(
        label=_("Transfer"),
        queryset=Transfer.objects.none(),
        required=False,
        empty_label=_("begin a new draft"),
        help_text=_("The report belongs to a transfer. Nothing is loaded by looking."),
    )
    file = ExtractForm.base_fields["file"]
    kind = ExtractForm.base_fields["kind"]


class TotalsForm(forms.Form):
    """The file of declared counts and control totals."""

    file = forms.FileField(
        label=_("Control totals"),
        allow_empty_file=True,
        help_text=_(
            "CSV with the columns 文件名, 记录数, 合计列, 合计值: one line per file and summed column."
        ),
    )


class MendedForm(forms.Form):
    """The reject file with its lines mended."""

    file = forms.FileField(
        label=_("Mended reject file"),
        allow_empty_file=True,
        help_text=_("The file downloaded here, with its cells mended. Its first three columns may stay."),
    )


class DeclareForm(forms.Form):
    """A heading nobody knows, declared as never stored, and the file that waits for it."""

    kind = forms.ChoiceField(
        label=_("What the file holds"), choices=[("", _("choose")), *Extract.Kind.choices]
    )
    field = forms.CharField(max_length=80, widget=forms.HiddenInput)
    upload = forms.UUIDField(widget=forms.HiddenInput)
    purpose = forms.ChoiceField(choices=Extract.Purpose.choices, widget=forms.HiddenInput)


class RejectFilter(forms.Form):
    """What the table of rejects is narrowed by."""

    code = forms.ChoiceField(label=_("Reason"), required=False)
    decision = forms.ChoiceField(label=_("Decision"), required=False)

    def __init__(
        self, *args: Any, codes: list[tuple[str, Any]], decisions: list[tuple[str, Any]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].choices = [("", _("any")), *codes]  # type: ignore[attr-defined]
        self.fields["decision"].choices = [("", _("any")), *decisions]  # type: ignore[attr-defined]


class LeaveOutForm(forms.Form):
    """Why lines stay out for good."""

    reason = forms.CharField(
        label=_("Why they stay out"),
        max_length=200,
        help_text=_("No personal data: the reason is shown beside the line."),
    )


class PolicyForm(forms.Form):
    """One policy per field of one kind; the names of the inputs are the ids of the rows."""

    def __init__(self, *args: Any, rows: list[FieldPolicy], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for row in rows:
            self.fields[str(row.pk)] = forms.ChoiceField(
                label=row.source_field, choices=FieldPolicy.Policy.choices, initial=row.policy
            )
