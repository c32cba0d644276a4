"""Where programs get their tokens: OAuth 2, client credentials (RFC 6749, 4.4), and nothing else of OAuth."""

import base64
import binascii
import json
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote_plus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from oauth2_provider.oauth2_backends import OAuthLibCore

from access.addresses import client_address
from access.policies import public
from access.rates import wait_for
from access.services import note_refusal

FORM: Final = "application/x-www-form-urlencoded"
# One address may speak for several programs.
PROGRAMS_PER_ADDRESS: Final = 6


@csrf_exempt
@sensitive_post_parameters("client_secret")
@never_cache
@require_POST
@public
def token(request: HttpRequest) -> HttpResponse:
    """A token for the program whose id and secret these are; every refusal is in the log.

    Errors have the form of RFC 6749, 5.2, as programs' libraries expect it.
    """
    if request.GET:
        return _error("invalid_request", _("Nothing here is read from the address."))
    if request.content_type != FORM:
        return _error("invalid_request", _("Send a form (%(type)s).") % {"type": FORM})
    client_id = _client_id(request)
    wait = _wait(request, client_id)
    if wait:
        answer = _error("slow_down", _("Too many requests in this minute."), HTTPStatus.TOO_MANY_REQUESTS)
        answer.headers["Retry-After"] = str(wait)
        return answer
    _address, headers, body, status = OAuthLibCore().create_token_response(request)
    if status != HTTPStatus.OK:
        note_refusal(str(json.loads(body).get("error", "")), client_id=client_id)
    return HttpResponse(body, status=status, headers=headers)


def _error(code: str, words: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> HttpResponse:
    return JsonResponse({"error": code, "error_description": words}, status=status)


def _wait(request: HttpRequest, client_id: str) -> int:
    limit = settings.TOKEN_REQUESTS_PER_MINUTE
    address = client_address(request)
    by_address = wait_for(f"token:{address}", limit=limit * PROGRAMS_PER_ADDRESS)
    name = salted_hmac("access.tokens", f"{address}\0{client_id}", algorithm="sha256").hexdigest()
    return by_address or wait_for(f"token:{name}", limit=limit)


def _client_id(request: HttpRequest) -> str:
    """The id the program gives, in the header or in the form; empty when it gives none that can be read."""
    kind, _space, given = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return request.POST.get("client_id", "")[:255]
    try:
        decoded = base64.b64decode(given, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return unquote_plus(decoded.partition(":")[0])[:255]
