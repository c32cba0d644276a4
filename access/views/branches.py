"""The branches (营业部) of the reader's own organisation."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from access.actors import acting_user
from access.forms import BranchForm
from access.policies import may, permission_required
from access.refusals import told
from access.services import create_branch
from audit.errors import Refused


@require_http_methods(["GET", "POST"])
@permission_required("access.view_users")
def branches(request: HttpRequest) -> HttpResponse:
    """All branches of the house; here its administrator adds one."""
    user = acting_user(request)
    form = BranchForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            branch = create_branch(by=user, organisation=user.organisation, **form.cleaned_data)
        except Refused as refusal:
            form.add_error("code", told(request, refusal))
        else:
            messages.success(request, _("Branch %(code)s is registered.") % {"code": branch.code})
            return redirect("access-branches")
    rows = list(user.organisation.branches.order_by("code"))
    sentence = ngettext(
        "%(organisation)s has %(count)d branch.", "%(organisation)s has %(count)d branches.", len(rows)
    ) % {"organisation": user.organisation.name, "count": len(rows)}
    context = {
        "branches": rows,
        "form": form,
        "sentence": sentence,
        "may_manage": may(user, "access.manage_users", user.organisation),
    }
    return render(request, "access/branches.html", context)
