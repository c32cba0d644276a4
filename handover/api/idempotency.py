"""A creation that is repeated with the same Idempotency-Key creates nothing and is answered as before.

Invariants:
- The key stands in the transaction of its creation: after a crash there are both or neither.
- A refused creation keeps no key: it changed nothing, and may be tried again with the same one.
- A key belongs to one person, is bound to address and body, and is kept for a day at least.

Only creations sent as JSON take a key. A file that was received already is refused by its content, an act
that was done already by its rule.
"""

import datetime
import hashlib
import re
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Now
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from rest_framework.response import Response

from access.models import User
from handover.api.errors import problem
from handover.middleware import Answer
from handover.models import KeptAnswer
from vault.clock import now

HEADER: Final = "Idempotency-Key"
KEPT_FOR: Final = datetime.timedelta(hours=24)
_KEY: Final = re.compile(r"[\x21-\x7e]{1,64}")


class IdempotencyMiddleware:
    """Carries out a creation at most once per key."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, _arguments: list[Any], parameters: dict[str, Any]
    ) -> HttpResponseBase | None:
        """The answer to a creation with a key; None lets everything else take its usual way."""
        key = request.headers.get(HEADER)
        if key is None or not _creates(request, view) or not isinstance(request.user, User):
            return None
        if not _KEY.fullmatch(key) or request.content_type != "application/json":
            words = _("A key has 1 to 64 characters of ASCII without spaces, and goes with a JSON body.")
            return problem(request, HTTPStatus.BAD_REQUEST, words, code="idempotency.key_wrong")
        with transaction.atomic():
            return _once(request, request.user, key, view, parameters)


def _creates(request: HttpRequest, view: Any) -> bool:
    actions = getattr(view, "actions", None) or {}
    return request.method == "POST" and actions.get("post") == "create" and hasattr(view.cls, "retrieve")


def _once(
    request: HttpRequest, person: User, key: str, view: Any, parameters: dict[str, Any]
) -> HttpResponseBase:
    if not _take(person, key):
        words = _("The same request is being carried out right now.")
        return problem(request, HTTPStatus.CONFLICT, words, code="idempotency.in_flight")
    KeptAnswer.objects.filter(user=person, at__lt=Now() - KEPT_FOR).delete()
    kept = KeptAnswer.objects.filter(user=person, key=key).first()
    digest = _digest(request)
    if kept is None:
        return _create(request, person, key, digest, view, parameters)
    if bytes(kept.digest) != digest:
        words = _("This key was used for another request.")
        return problem(request, HTTPStatus.UNPROCESSABLE_ENTITY, words, code="idempotency.other_request")
    return _again(request, kept, view, parameters)


def _take(person: User, key: str) -> bool:
    """True when nobody else is at work on this key; held until the transaction ends."""
    name = hashlib.sha256(f"{HEADER}\0{person.pk}\0{key}".encode()).digest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [int.from_bytes(name[:8], signed=True)])
        return bool(cursor.fetchone()[0])


def _digest(request: HttpRequest) -> bytes:
    sent = f"{request.method}\0{request.get_full_path()}\0".encode() + request.body
    return salted_hmac(HEADER, sent, algorithm="sha256").digest()


def _create(
    request: HttpRequest, person: User, key: str, digest: bytes, view: Any, parameters: dict[str, Any]
) -> HttpResponseBase:
    answer: HttpResponseBase = view(request, **parameters)
    if isinstance(answer, Response) and answer.status_code < HTTPStatus.BAD_REQUEST:
        KeptAnswer.objects.create(
            at=now(),
            user=person,
            key=key,
            digest=digest,
            status=answer.status_code,
            row=UUID(str(answer.data["id"])),
        )
    return answer


def _again(request: HttpRequest, kept: KeptAnswer, view: Any, parameters: dict[str, Any]) -> HttpResponseBase:
    retrieve = view.cls.as_view({"post": "retrieve"}, **view.initkwargs)
    answer: HttpResponseBase = retrieve(request, **parameters, pk=str(kept.row))
    if answer.status_code < HTTPStatus.BAD_REQUEST:
        answer.status_code = kept.status
        answer["Idempotent-Replayed"] = "true"
    return answer
