"""People, their duties, and the organisations that take part."""

from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from access.actors import acting_user
from access.forms import AccountForm, DutyForm, OrganisationForm
from access.models import Organisation, RoleAssignment
from access.policies import may, permission_required
from access.queries import organisations_administered_by, users_visible_to
from access.refusals import told
from access.services import (
    assign_duty,
    create_organisation,
    create_user,
    end_duty,
    switch_user,
)
from access.stepup import step_up_required
from audit.errors import Refused


@require_GET
@permission_required("access.view_users")
def people(request: HttpRequest) -> HttpResponse:
    """Everybody the reader may see, with the duties in force."""
    user = acting_user(request)
    rows = list(users_visible_to(user))
    count = len(rows)
    return render(
        request,
        "access/people.html",
        {
            "people": rows,
            "sentence": ngettext(
                "%(count)d person has an account.", "%(count)d people have an account.", count
            )
            % {"count": count},
            "may_manage": may(user, "access.manage_users"),
        },
    )


@require_http_methods(["GET", "POST"])
@permission_required("access.view_users")
def person(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One person with all duties, past and present; here a duty is given."""
    user = acting_user(request)
    shown = get_object_or_404(users_visible_to(user), pk=pk)
    form = DutyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            assign_duty(by=user, user=shown, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, told(request, refusal))
        else:
            messages.success(request, _("The duty is given and permits at once, or from its first day."))
            return redirect("access-person", pk=pk)
    context = {
        "person": shown,
        "assignments": shown.assignments.select_related("granted_by"),
        "in_force": set(shown.assignments.in_force().values_list("pk", flat=True)),
        "form": form,
        "may_manage": may(user, "access.manage_users") and user.pk != shown.pk,
    }
    return render(request, "access/person.html", context)


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
@permission_required("access.manage_users")
@step_up_required
def open_account(request: HttpRequest) -> HttpResponse:
    """A new account, which may do nothing until it has a duty."""
    user = acting_user(request)
    form = AccountForm(request.POST or None)
    form.fields["organisation"].queryset = organisations_administered_by(user)  # type: ignore[attr-defined]
    form.fields["organisation"].initial = user.organisation_id
    if request.method == "POST" and form.is_valid():
        try:
            made = create_user(by=user, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(_field_at_fault(form, refusal.code), told(request, refusal))
        else:
            messages.success(request, _("The account is open. Give it a duty next."))
            return redirect("access-person", pk=made.pk)
    return render(request, "access/person_new.html", {"form": form})


def _field_at_fault(form: Form, code: str) -> str | None:
    field = {
        "access.username_taken": "username",
        "access.password_weak": "password",
        "access.branch_elsewhere": "branch",
        "access.code_taken": "code",
    }.get(code)
    return field if field in form.fields else None


@require_POST
@permission_required("access.manage_users")
@step_up_required
def switch(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Switch an account off or on."""
    user = acting_user(request)
    shown = get_object_or_404(users_visible_to(user), pk=pk)
    switch_user(shown.pk, on=request.POST.get("on") == "1", by=user)
    return redirect("access-person", pk=pk)


@require_POST
@permission_required("access.manage_users")
def finish_duty(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End a duty now."""
    user = acting_user(request)
    held = get_object_or_404(RoleAssignment, pk=pk, user__in=users_visible_to(user))
    end_duty(held.pk, by=user)
    messages.success(request, _("The duty has ended; it permits nothing from this moment."))
    return redirect("access-person", pk=held.user_id)


@require_GET
@permission_required("access.view_users")
def organisations(request: HttpRequest) -> HttpResponse:
    """The organisations that take part."""
    return render(
        request,
        "access/organisations.html",
        {
            "organisations": Organisation.objects.all(),
            "may_register": may(acting_user(request), "access.create_organisation"),
        },
    )


@require_http_methods(["GET", "POST"])
@permission_required("access.create_organisation")
@step_up_required
def register_organisation(request: HttpRequest) -> HttpResponse:
    """A new organisation; a broker has its keys from then on."""
    form = OrganisationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            create_organisation(by=acting_user(request), **form.cleaned_data)
        except Refused as refusal:
            form.add_error(_field_at_fault(form, refusal.code), told(request, refusal))
        else:
            return redirect("access-organisations")
    return render(request, "access/organisation_new.html", {"form": form})
