"""What people enter about the agreement: a document, clauses in a table, the executed paper, decisions."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.fields import LAYOUTS
from transfer.clauses import CHECKS, FITTING
from transfer.forms.transfers import day_input
from transfer.models import Clause

CHECK_WORDS = {
    "extract_on_time": _("the extract arrives by the agreed day"),
    "fields_in_scope": _("only agreed fields move"),
    "notice_30_days": _("every client had thirty days' notice"),
    "backup_proved": _("a backup was restored and compared"),
    "people_trained": _("people hold their duties and exams"),
    "rehearsal_clean": _("the last rehearsal left no open break"),
    "batches_within_window": _("no batch before the planned cutover"),
    "consent_before_move": _("nobody moves without consent"),
    "archive_sealed": _("whoever moved lies in the sealed archive"),
    "excluded_stay": _("whoever did not consent stays"),
    "approval_on_time": _("the approval is on record by the agreed day"),
    "profile_only": _("the buyer holds no client's key"),
    "none": _("watched by people"),
}


def scope_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Every known field of every kind of extract that may move, grouped by kind."""
    return [
        (
            kind,
            [
                (f"{kind}.{field.name}", f"{field.heading} · {field.name}")
                for field in layout.fields
                if field.policy != "never"
            ],
        )
        for kind, layout in LAYOUTS.items()
    ]


class DocumentForm(forms.Form):
    """The agreement as a document that programs read."""

    document = forms.FileField(
        label=_("Agreement document (JSON)"),
        help_text=_(
            "Title, purposes, field scope and clauses in both languages, as the lawyers' program writes them."
        ),
    )


class TermsForm(forms.Form):
    """The terms beside the clauses."""

    title = forms.CharField(label=_("Title of the agreement"), max_length=200)
    purpose_en = forms.CharField(label=_("Purpose, in English"), max_length=300)
    purpose_zh = forms.CharField(label=_("Purpose, in Chinese"), max_length=300)
    purpose_changed = forms.BooleanField(
        label=_("The purposes change with the handover"),
        required=False,
        help_text=_("Then every client is asked for consent anew."),
    )
    field_scope = forms.MultipleChoiceField(
        label=_("Fields that may move"),
        choices=scope_choices,
        help_text=_(
            "A field outside this list that moves breaches the clause on scope. Hold Ctrl to choose several."
        ),
        widget=forms.SelectMultiple(attrs={"size": 10}),
    )

    def __init__(self, *args: Any, moves: bool = True, **options: Any) -> None:
        super().__init__(*args, **options)
        if not moves:
            # Under this basis no field moves, and none may be named.
            del self.fields["field_scope"], self.fields["purpose_changed"]


class ClauseForm(forms.Form):
    """One clause: its words, its owner, what checks it, and what a breach costs."""

    text_en = forms.CharField(
        label=_("Clause, in English"), widget=forms.Textarea(attrs={"rows": 2}), max_length=2000
    )
    text_zh = forms.CharField(
        label=_("Clause, in Chinese"), widget=forms.Textarea(attrs={"rows": 2}), max_length=2000
    )
    owner_side = forms.ChoiceField(
        label=_("Owner"), choices=Clause.Side.choices, initial=Clause.Side.TRANSFEROR
    )
    check = forms.ChoiceField(
        label=_("Check"), choices=[(code, CHECK_WORDS[code]) for code in CHECKS], initial="none"
    )
    due_on = forms.DateField(label=_("Due on"), required=False, widget=day_input())
    consequence_en = forms.CharField(
        label=_("Consequence, in English"), widget=forms.Textarea(attrs={"rows": 2}), max_length=2000
    )
    consequence_zh = forms.CharField(
        label=_("Consequence, in Chinese"), widget=forms.Textarea(attrs={"rows": 2}), max_length=2000
    )

    def __init__(self, *args: Any, basis: str, **options: Any) -> None:
        super().__init__(*args, **options)
        fitting = FITTING.get(basis, frozenset(CHECKS))
        self.fields["check"].choices = [  # type: ignore[attr-defined]
            (code, CHECK_WORDS[code]) for code in CHECKS if code in fitting
        ]


ClauseFormSet = forms.formset_factory(
    ClauseForm, extra=2, min_num=1, validate_min=True, max_num=60, can_delete=True, can_delete_extra=False
)


def terms_of(form: TermsForm, clauses: Any) -> dict[str, Any]:
    """The terms as the service takes them; rows of the table left empty or taken out are no clauses."""
    words = form.cleaned_data
    filled = [
        row.cleaned_data for row in clauses.forms if row.cleaned_data and row not in clauses.deleted_forms
    ]
    return {
        "title": words["title"],
        "purposes": [{"en": words["purpose_en"], "zh": words["purpose_zh"]}],
        "purpose_changed": words.get("purpose_changed", False),
        "field_scope": words.get("field_scope", []),
        "clauses": [
            {**row, "number": number, "due_on": row["due_on"] and row["due_on"].isoformat()}
            for number, row in enumerate(filled, start=1)
        ],
    }


class ExecutedForm(forms.Form):
    """The signed and chopped paper."""

    document = forms.FileField(
        label=_("Executed agreement (PDF)"),
        help_text=_("It is kept sealed; its SHA-256 is shown to both parties."),
    )
    signed_on = forms.DateField(label=_("Signed on"), widget=day_input(), initial=timezone.localdate)


class DecisionForm(forms.Form):
    """What follows from a breach."""

    decision = forms.CharField(
        label=_("What follows from the breach"),
        max_length=2000,
        help_text=_("For example: the agreed payment is due, or both parties accept the new day."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
