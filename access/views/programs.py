"""Programs of an organisation: who they are, what they may do, their secret and their end."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from access.actors import acting_user
from access.forms import ProgramForm
from access.policies import permission_required
from access.queries import organisations_with_programs, programs_visible_to
from access.refusals import told
from access.scopes import SCOPES
from access.services import Credentials, change_secret, register_program, revoke_program
from access.stepup import step_up_required
from audit.errors import Refused


@require_GET
@permission_required("access.manage_programs")
def programs(request: HttpRequest) -> HttpResponse:
    """The programs this administrator looks after."""
    rows = list(programs_visible_to(acting_user(request)))
    acting = sum(1 for row in rows if row.revoked_at is None)
    sentence = ngettext("%(count)d program may act.", "%(count)d programs may act.", acting) % {
        "count": acting
    }
    return render(request, "access/programs.html", {"programs": rows, "sentence": sentence})


@require_GET
@permission_required("access.manage_programs")
def program(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One program: its duties, its scopes in words, when it was last used."""
    shown = get_object_or_404(programs_visible_to(acting_user(request)), pk=pk)
    scopes = [(name, SCOPES[name].words) for name in shown.scopes if name in SCOPES]
    context = {"program": shown, "scopes": scopes, "duties": shown.user.assignments.in_force()}
    return render(request, "access/program.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@permission_required("access.manage_programs")
@step_up_required
def register(request: HttpRequest) -> HttpResponse:
    """A new program. The answer to the form shows the secret, this once; sent again, the name is taken."""
    user = acting_user(request)
    form = ProgramForm(request.POST or None)
    form.fields["organisation"].queryset = organisations_with_programs(user)  # type: ignore[attr-defined]
    form.fields["organisation"].initial = user.organisation_id
    if request.method == "POST" and form.is_valid():
        try:
            made = register_program(by=user, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(_field_at_fault(refusal.code), told(request, refusal))
        else:
            return _told_once(request, made)
    return render(request, "access/program_new.html", {"form": form})


def _field_at_fault(code: str) -> str | None:
    return {
        "access.program_name_taken": "name",
        "access.program_duty": "duties",
        "access.duties_conflict": "duties",
        "access.program_idle": "scopes",
    }.get(code)


@never_cache
@require_http_methods(["GET", "POST"])
@permission_required("access.manage_programs")
@step_up_required
def secret(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A new secret, shown once; the old one and every token die."""
    user = acting_user(request)
    shown = get_object_or_404(programs_visible_to(user), pk=pk)
    if request.method == "POST":
        return _told_once(request, change_secret(shown.pk, by=user))
    confirm: dict[str, object] = {
        "sentence": _("%(name)s gets a new secret. You see it once.") % {"name": shown.name},
        "irreversible": [
            _("The present secret and every token of this program are dead at once."),
            _("Until it is given the new secret, the program can do nothing."),
        ],
        "submit": _("Change the secret"),
    }
    return _confirm(request, shown.pk, _("Change the secret"), confirm)


@never_cache
@require_http_methods(["GET", "POST"])
@permission_required("access.manage_programs")
@step_up_required
def revoke(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The end of a program."""
    user = acting_user(request)
    shown = get_object_or_404(programs_visible_to(user), pk=pk)
    if request.method == "POST":
        revoke_program(shown.pk, by=user)
        messages.success(request, _("%(name)s may do nothing from this moment.") % {"name": shown.name})
        return redirect("access-programs")
    confirm: dict[str, object] = {
        "sentence": _("%(name)s may do nothing any more.") % {"name": shown.name},
        "irreversible": [
            _("Its secret and every token are dead at once."),
            _("It cannot be brought back; a new program has to be registered."),
        ],
        "submit": _("Revoke the program"),
        "danger": True,
    }
    return _confirm(request, shown.pk, _("Revoke the program"), confirm)


def _confirm(request: HttpRequest, pk: UUID, title: str, confirm: dict[str, object]) -> HttpResponse:
    back = reverse("access-program", args=[pk])
    words = {**confirm, "action": request.path, "cancel_url": back, "step_up": True}
    return render(request, "access/program_confirm.html", {"title": title, "confirm": words})


def _told_once(request: HttpRequest, credentials: Credentials) -> HttpResponse:
    context = {
        "credentials": credentials,
        "program": credentials.program,
        "token_address": settings.PUBLIC_URL + reverse("access-token"),
    }
    return render(request, "access/program_secret.html", context)
