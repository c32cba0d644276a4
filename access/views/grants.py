"""Opening single objects to guests, and closing them again."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from access.actors import acting_user
from access.forms import GrantForm
from access.policies import permission_required, require, view_codename
from access.queries import grants_visible_to, people_to_grant_to
from access.refusals import told
from access.services import end_grant, grant_object, grantable_object
from audit.errors import Refused


@require_GET
@permission_required("access.grant_object")
def grants(request: HttpRequest) -> HttpResponse:
    """What this organisation opened to whom."""
    rows = grants_visible_to(acting_user(request))
    return render(
        request,
        "access/grants.html",
        {"grants": rows, "in_force": set(rows.in_force().values_list("pk", flat=True))},
    )


@require_http_methods(["GET", "POST"])
@permission_required("access.grant_object")
def open_object(request: HttpRequest, label: str, pk: UUID) -> HttpResponse:
    """Let a guest see one object; its page leads here."""
    user = acting_user(request)
    obj = grantable_object(label, pk)
    require(user, "access.grant_object", obj)
    kind = obj._meta.verbose_name
    form = GrantForm(request.POST or None)
    form.fields["user"].queryset = people_to_grant_to(user)  # type: ignore[attr-defined]
    if request.method == "POST" and form.is_valid():
        words = form.cleaned_data
        try:
            grant_object(words["user"], view_codename(obj), obj, by=user, ends_on=words["ends_on"])
        except Refused as refusal:
            form.add_error(None, told(request, refusal))
        else:
            messages.success(request, _("It is opened. The person sees it as far as their duty permits."))
            return redirect("access-grants")
    return render(request, "access/grant_new.html", {"form": form, "kind": kind})


@require_POST
@permission_required("access.grant_object")
def close_object(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Close it again, at once."""
    user = acting_user(request)
    grant = get_object_or_404(grants_visible_to(user), pk=pk)
    end_grant(grant.pk, by=user)
    messages.success(request, _("It is closed from this moment."))
    return redirect("access-grants")
