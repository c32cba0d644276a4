"""What people enter about notices: the values of the letter, evidence, announcements and decisions."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import ConsentRecord, Objection
from transfer.forms.transfers import day_input
from transfer.letters import Letter
from transfer.models import Recall

WORDS = {
    "merger_reason": _("Reason for the merger"),
    "freeze_window": _("When trading pauses"),
    "retention": _("How long data are kept"),
    "accounts_effect": _("What happens to accounts"),
    "bank_effect": _("What happens to the custodian bank"),
    "login_effect": _("What happens to the login"),
    "costs": _("Costs for the client"),
    "rights": _("The client's rights"),
    "rights_channel": _("Where to exercise them"),
    "object_how": _("How to object"),
    "object_by": _("By when to object"),
    "exit_how": _("How to move elsewhere or close"),
    "guardian_note": _("What the guardian is asked"),
    "consent_link": _("How and where to consent or refuse"),
    "method": _("How the recipient handles the data"),
    "silence_note": _("That silence is no consent, and what follows"),
    "withdrawal_how": _("How to withdraw consent"),
}
LANGUAGE_WORDS = {"en": _("in English"), "zh": _("in Chinese")}


class NoticeForm(forms.Form):
    """Everything the notice says that the transfer does not know by itself, in both languages."""

    approval_reference = forms.CharField(label=_("Reference of the approval"), max_length=80)
    transferee_contact = forms.CharField(label=_("The transferee's contact"), max_length=200)
    officer_contact = forms.CharField(
        label=_("Contact of the person responsible for data protection"), max_length=200
    )
    effective_on = forms.DateField(label=_("Effective date"), widget=day_input())

    def __init__(self, *args: Any, letter: Letter, **options: Any) -> None:
        super().__init__(*args, **options)
        self._letter = letter
        if "approval_reference" not in letter.plain:
            del self.fields["approval_reference"]
        for name in letter.worded:
            for suffix, language in LANGUAGE_WORDS.items():
                self.fields[f"{name}_{suffix}"] = forms.CharField(
                    label=_("%(what)s, %(language)s") % {"what": WORDS[name], "language": language},
                    max_length=600,
                    required=letter.asks_consent or name != "consent_link",
                    widget=forms.Textarea(attrs={"rows": 2}),
                )

    def plain_fields(self) -> list[forms.BoundField]:
        """The values that are the same in both languages."""
        return [self[name] for name in (*self._letter.plain, "effective_on")]

    def pairs(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """The values that are worded, English and Chinese side by side."""
        return [(self[f"{name}_en"], self[f"{name}_zh"]) for name in self._letter.worded]


class EvidenceForm(forms.Form):
    """Proof of delivery, one line for each attempt."""

    document = forms.FileField(
        label=_("Evidence of delivery (CSV, UTF-8)"),
        help_text=_(
            "Columns: 客户号, 渠道, 送达日期, 结果, 凭证编号. Loading the same file again adds nothing."
        ),
    )


class ObjectionsForm(forms.Form):
    """Answers of clients, one line each."""

    document = forms.FileField(
        label=_("Objections (CSV, UTF-8)"),
        help_text=_(
            "Columns: 客户号, 提出日期, 处理方式, 去向机构. Loading the same file again adds nothing."
        ),
    )


class AnnouncementForm(forms.Form):
    """A public announcement."""

    medium = forms.CharField(label=_("Newspaper or site"), max_length=120)
    published_on = forms.DateField(label=_("Published on"), widget=day_input(), initial=timezone.localdate)
    reference = forms.CharField(label=_("Reference of the proof"), max_length=60)
    proof = forms.FileField(label=_("Proof (PDF or image)"), required=False)


class ObjectionDecisionForm(forms.Form):
    """What becomes of a client who objected or wants to leave."""

    decision = forms.ChoiceField(
        label=_("Decision"), choices=[choice for choice in Objection.Decision.choices if choice[0] != "open"]
    )


class ConsentsForm(forms.Form):
    """Answers to the question for separate consent, one line each."""

    document = forms.FileField(
        label=_("Answers (CSV, UTF-8)"),
        help_text=_(
            "Columns: 客户号, 答复, 渠道, 答复时间, 答复人, 凭证编号. Loading the same file again adds nothing."
        ),
    )


class ConsentForm(forms.Form):
    """One client's answer."""

    answer = forms.ChoiceField(label=_("Answer"), choices=ConsentRecord.Answer.choices)
    channel = forms.ChoiceField(label=_("Channel"), choices=ConsentRecord.Channel.choices, initial="branch")
    by_guardian = forms.BooleanField(
        label=_("The guardian answered"),
        required=False,
        help_text=_("For a client under 14 only the guardian can consent."),
    )
    reference = forms.CharField(
        label=_("Reference of the proof"),
        max_length=60,
        required=False,
        help_text=_("A form's number or a recording's; left empty, one is given."),
    )
    evidence = forms.FileField(label=_("Proof (PDF or image)"), required=False)


class RecallForm(forms.Form):
    """What becomes of a client who withdrew after the handover."""

    outcome = forms.ChoiceField(
        label=_("Decision"),
        choices=[choice for choice in Recall.Outcome.choices if choice[0] != Recall.Outcome.OPEN],
    )
    words = forms.CharField(label=_("Why"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))


class ArchiveForm(forms.Form):
    """Why one client's archive has to be opened."""

    words = forms.CharField(
        label=_("Why it has to be opened"),
        max_length=400,
        help_text=_("The reason and your name are recorded before anything is shown."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
