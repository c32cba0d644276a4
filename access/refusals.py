"""Refusals that are shown beside a form: nothing typed is lost, and the log still learns of them.

A refusal that leaves a view is recorded by the edge. One that a view catches, to show it on the same page,
is noted here on the request; the edge records it when the page has been made.
"""

from django.http import HttpRequest

from audit.errors import Refused

_NOTED = "refusals_shown"


def told(request: HttpRequest, refusal: Refused) -> str:
    """The words to show; the refusal is noted once for the log, however often it is shown."""
    noted = refusals_told(request)
    if refusal not in noted:
        setattr(request, _NOTED, [*noted, refusal])
    return refusal.message


def refusals_told(request: HttpRequest) -> list[Refused]:
    """What this request's view has shown of refusals, in their order."""
    noted: list[Refused] = getattr(request, _NOTED, [])
    return noted
