"""The form in which a foreign layout is declared: where the table lies, and what each heading is."""

from typing import Any, Final

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from clients.fields import LAYOUTS
from clients.labels import label_of
from transfer.importing.how import DECLARED
from transfer.models import Extract
from transfer.services.mappings import NEVER, UNDECIDED, Declaration

_ENCODINGS: Final = [
    ("", _("find out")),
    *zip(DECLARED, ("UTF-8", "GB18030", "Big5", "Windows-1251", "Windows-1252", "CP866"), strict=True),
]
_DELIMITERS: Final = [
    ("", _("find out")),
    (",", _("comma")),
    (";", _("semicolon")),
    ("tab", _("tab")),
    ("|", "|"),
]
_KINDS: Final = [choice for choice in Extract.Kind.choices if choice[0] != Extract.Kind.DOCUMENTS]


class LayoutForm(forms.Form):
    """Where the table lies in the file."""

    name = forms.CharField(
        label=_("Name of this layout"),
        max_length=80,
        required=False,
        help_text=_(
            "Such as the name of the source system. The mapping is proposed for files with the same headings."
        ),
    )
    kind = forms.ChoiceField(label=_("What the file holds"), choices=_KINDS)
    header_line = forms.IntegerField(
        label=_("Line of the headings"),
        min_value=0,
        max_value=60,
        required=False,
        help_text=_(
            "The line or the sheet's row; 0 for tables that bring their headings along (DBF, JSON Lines)."
        ),
    )
    footer_lines = forms.IntegerField(
        label=_("Lines at the end that are no data"), min_value=0, max_value=40, required=False, initial=0
    )
    delimiter = forms.ChoiceField(label=_("Separator"), choices=_DELIMITERS, required=False)
    encoding = forms.ChoiceField(label=_("Encoding"), choices=_ENCODINGS, required=False)
    purpose = forms.ChoiceField(choices=Extract.Purpose.choices, widget=forms.HiddenInput, initial="full")

    def separator(self) -> str:
        """The character; empty where it is to be found out."""
        chosen: str = self.cleaned_data.get("delimiter", "")
        return "\t" if chosen == "tab" else chosen


class ColumnsForm(forms.Form):
    """One decision per heading, and a value for every needed field that no heading gives."""

    def __init__(self, *args: Any, kind: str, headings: list[str], decided: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        layout = LAYOUTS[kind]
        fields = [(item.name, _word(item.name, item.heading)) for item in layout.fields]
        choices: list[tuple[str, str | Promise]] = [
            (UNDECIDED, _("not decided")),
            ("-", _("never stored")),
            *fields,
        ]
        self.headings = headings
        for place, heading in enumerate(headings):
            initial = decided[place] if place < len(decided) else UNDECIDED
            self.fields[f"c{place}"] = forms.ChoiceField(
                label=heading, choices=choices, required=False, initial="-" if initial == NEVER else initial
            )
            self.fields[f"r{place}"] = forms.CharField(label=heading, max_length=400, required=False)
        for item in layout.required():
            self.fields[f"k_{item.name}"] = forms.CharField(
                label=_word(item.name, item.heading), max_length=200, required=False
            )

    def decisions(self) -> list[str]:
        """The field behind every heading, in order."""
        chosen = [self._value(f"c{place}") or UNDECIDED for place in range(len(self.headings))]
        return [NEVER if name == "-" else name for name in chosen]

    def rules(self) -> dict[str, str]:
        """What becomes of the cells of a column, by the field it was given."""
        texts = [self._value(f"r{place}").strip() for place in range(len(self.headings))]
        return {
            name: text for name, text in zip(self.decisions(), texts, strict=True) if text and name != NEVER
        }

    def constants(self) -> dict[str, str]:
        """The values that all rows share."""
        names = [name for name in self.fields if name.startswith("k_")]
        return {name[2:]: value for name in names if (value := self._value(name).strip())}

    def declaration(self, layout: LayoutForm, header_line: int, delimiter: str) -> Declaration:
        """Everything that was said, with what was found out where nothing was."""
        words = layout.cleaned_data
        return Declaration(
            kind=words["kind"],
            fields=self.decisions(),
            header_line=header_line,
            encoding=words["encoding"],
            delimiter=delimiter,
            footer_lines=words["footer_lines"] or 0,
            constants=self.constants(),
            rules=self.rules(),
        )

    def _value(self, name: str) -> str:
        if self.is_bound:
            return str(self.data.get(name, ""))
        return str(self.fields[name].initial or "")


def _word(name: str, heading: str) -> str:
    return f"{heading} · {label_of(name)}"
