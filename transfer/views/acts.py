"""One page for one act of a transfer: a form or a confirmation, the service, and back with a message."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise

from access.refusals import told
from audit.errors import Refused
from transfer.models import Transfer
from transfer.views.frame import show

Words = str | Promise


@dataclass(frozen=True)
class Act:
    """What the page of an act says; with ``confirms`` it is the one confirmation instead of a plain form."""

    title: Words
    sentence: Words
    submit: Words
    back: str
    done: Words
    confirms: bool = False
    danger: bool = False
    step_up: bool = False
    consequences: Sequence[dict[str, Any]] = field(default_factory=list)
    irreversible: Sequence[Words] = field(default_factory=list)
    signers: Sequence[dict[str, Any]] = field(default_factory=list)


def perform(
    request: HttpRequest,
    transfer: Transfer,
    form: Form,
    act: Act,
    service: Callable[[dict[str, Any]], object],
    **context: Any,
) -> HttpResponse:
    """Show the act, or carry it out; a refusal stands above the form, and nothing typed is lost.

    When ``service`` returns a text, that is the message afterwards; otherwise it is ``act.done``.
    """
    if request.method == "POST" and form.is_valid():
        try:
            result = service(form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, told(request, refusal))
        else:
            messages.success(request, result if isinstance(result, str) else str(act.done))
            return redirect(act.back)
    return show(
        request, "transfer/act.html", transfer, act=act, form=form, confirm=_confirm(request, act), **context
    )


def _confirm(request: HttpRequest, act: Act) -> dict[str, Any] | None:
    if not act.confirms:
        return None
    return {
        "consequences": act.consequences,
        "irreversible": act.irreversible,
        "signers": act.signers,
        "step_up": act.step_up,
        "danger": act.danger,
        "submit": act.submit,
        "action": request.path,
        "cancel_url": act.back,
    }
