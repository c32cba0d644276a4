"""Forms of sign-in, passwords and accounts. Rules live in the services; forms only collect."""

from django import forms
from django.utils.translation import gettext_lazy as _

from access.duties import Duty
from access.models import Branch, Organisation, User
from access.scopes import DUTIES_FOR_PROGRAMS, SCOPES


class SignInForm(forms.Form):
    """Name and password."""

    username = forms.CharField(
        label=_("User name"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "username"})
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class StepUpForm(forms.Form):
    """The password once more."""

    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class PasswordForm(forms.Form):
    """The old password and the new one twice."""

    old = forms.CharField(
        label=_("Present password"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new = forms.CharField(
        label=_("New password"),
        help_text=_("At least 15 characters; a sentence is good."),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=_("New password again"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_again(self) -> str:
        again: str = self.cleaned_data["again"]
        if again != self.cleaned_data.get("new"):
            raise forms.ValidationError(_("The two new passwords differ."))
        return again


class AccountForm(forms.Form):
    """A new account."""

    organisation = forms.ModelChoiceField(label=_("Organisation"), queryset=Organisation.objects.all())
    branch = forms.ModelChoiceField(label=_("Branch"), queryset=Branch.objects.all(), required=False)
    username = forms.RegexField(
        label=_("User name"),
        regex=r"^[A-Za-z0-9._-]+$",
        max_length=60,
        help_text=_("Letters, digits, dots and dashes."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    name = forms.CharField(label=_("Name"), max_length=100)
    staff_no = forms.RegexField(
        label=_("Staff number"), regex=r"^[A-Za-z0-9-]+$", max_length=20, required=False
    )
    language = forms.ChoiceField(label=_("Language"), choices=User.Language.choices)
    password = forms.CharField(
        label=_("First password"),
        help_text=_("At least 15 characters. The person changes it after signing in."),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class DutyForm(forms.Form):
    """A duty from one day until another."""

    duty = forms.ChoiceField(label=_("Duty"), choices=Duty.choices)
    starts_on = forms.DateField(
        label=_("First day"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    ends_on = forms.DateField(
        label=_("First day without it"),
        required=False,
        help_text=_("Leave empty when no end is known."),
        widget=forms.DateInput(attrs={"type": "date"}),
    )


class OrganisationForm(forms.Form):
    """A legal person that takes part."""

    code = forms.RegexField(label=_("Code"), regex=r"^[A-Za-z0-9_-]+$", max_length=20)
    kind = forms.ChoiceField(label=_("Kind"), choices=Organisation.Kind.choices)
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=200)
    name_en = forms.CharField(label=_("Name in English"), max_length=200)
    uscc = forms.RegexField(
        label=_("Unified social credit code"), regex=r"^[0-9A-Z]{18}$", max_length=18, required=False
    )


class BranchForm(forms.Form):
    """A branch of the house."""

    code = forms.RegexField(label=_("Code"), regex=r"^[A-Za-z0-9_-]+$", max_length=20)
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=200)
    name_en = forms.CharField(label=_("Name in English"), max_length=200)


class GrantForm(forms.Form):
    """Whom to let see one object, and until when."""

    user = forms.ModelChoiceField(label=_("Person"), queryset=User.objects.none())
    ends_on = forms.DateField(
        label=_("First day without it"),
        required=False,
        help_text=_("Leave empty when no end is known."),
        widget=forms.DateInput(attrs={"type": "date"}),
    )


def _scope_choices() -> list[tuple[str, str]]:
    return [(name, f"{name} · {scope.words}") for name, scope in SCOPES.items()]


def _duty_choices() -> list[tuple[str, str]]:
    return [(duty.value, str(duty.label)) for duty in Duty if duty in DUTIES_FOR_PROGRAMS]


class ProgramForm(forms.Form):
    """A program: for whom it acts and how far it may go."""

    organisation = forms.ModelChoiceField(label=_("Organisation"), queryset=Organisation.objects.none())
    name = forms.CharField(
        label=_("Name of the program"),
        max_length=100,
        help_text=_("What it does, such as: nightly import of the core system."),
    )
    duties = forms.MultipleChoiceField(
        label=_("Duties"),
        choices=_duty_choices,
        help_text=_("It can never do more than a person with these duties."),
        widget=forms.CheckboxSelectMultiple,
    )
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"),
        choices=_scope_choices,
        help_text=_("It may do only what stands here, and only where its duties allow it too."),
        widget=forms.CheckboxSelectMultiple,
    )
    requests_per_minute = forms.IntegerField(
        label=_("Requests per minute"),
        min_value=1,
        max_value=60_000,
        required=False,
        help_text=_("Leave empty for this installation's usual figure."),
    )
