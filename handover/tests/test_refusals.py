"""What becomes of a refusal at the edge: the answer, the log, and the act that did not happen."""

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import include, path

from access.errors import NotAllowed
from access.models import Branch, Organisation
from access.refusals import told
from access.policies import declares, permission_required, public, signed_in as any_person
from access.stepup import require_step_up
from access.tests.log import events, last_event
from audit.errors import Refused
from django.views import View
from rest_framework.exceptions import Throttled
from rest_framework.views import APIView
from vault.errors import VaultError

CODE = "access.code_taken"


@public
def refusing(request):
    with transaction.atomic():
        Organisation.objects.create(code="LOST", name_en="x", name_zh="x", kind="broker")
        raise Refused(CODE)


@public
def telling(request):
    try:
        raise Refused(CODE)
    except Refused as refusal:
        return HttpResponse(told(request, refusal) + told(request, refusal))


@public
def forbidding(request):
    raise NotAllowed("room.open_door")


@public
def unsealing(request):
    raise VaultError("the wrap of 13812345678 does not open")


@public
def breaking(request):
    raise RuntimeError("a fault")


@any_person
def dangerous(request):
    require_step_up(request)
    return HttpResponse("done")


@permission_required("access.manage_users")
def guarded(request):
    return HttpResponse("inside")


class Guarded(declares("access.manage_users"), View):
    def get(self, request):
        return HttpResponse("inside")


class Api(APIView):
    authentication_classes = ()
    permission_classes = ()

    def get(self, request, kind):
        raise {
            "refused": Refused(CODE),
            "forbidden": NotAllowed("room.open_door"),
            "missing": Branch.DoesNotExist(),
            "vault": VaultError("secret detail"),
            "throttled": Throttled(wait=3),
        }[kind]


class Missing(APIView):
    authentication_classes = ()
    permission_classes = ()

    def get(self, request):
        from django.http import Http404

        raise Http404("no such branch 0101")


urlpatterns = [
    path("refusing/", refusing, name="refusing"),
    path("forbidding/", forbidding, name="forbidding"),
    path("unsealing/", unsealing, name="unsealing"),
    path("breaking/", breaking),
    path("dangerous/", dangerous),
    path("telling/", telling, name="telling"),
    path("guarded/", guarded),
    path("guarded-class/", Guarded.as_view()),
    path("api/missing/", Missing.as_view()),
    path("api/<str:kind>/", Api.as_view(), name="api-kind"),
    path("", include("handover.urls")),
]
handler404 = "handover.views.not_found"

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture
def browser():
    return Client(headers={"accept-language": "en"}, raise_request_exception=False)


def test_a_refusal_is_a_page_with_the_reason_and_an_event_after_rollback(browser):
    answer = browser.get("/refusing/")
    assert answer.status_code == 409
    assert "This code is in use already." in answer.content.decode()
    assert not Organisation.objects.filter(code="LOST").exists()
    assert events() == ["handover.act_refused"]
    assert last_event().facts == {"reason": CODE, "method": "GET", "route": "refusing"}


def test_a_refusal_shown_beside_a_form_is_recorded_once(browser):
    answer = browser.get("/telling/")
    assert answer.status_code == 200
    assert answer.content.decode().count("This code is in use already.") == 2
    assert events() == ["handover.act_refused"]
    assert last_event().facts == {"reason": CODE, "method": "GET", "route": "telling"}


def test_the_page_speaks_the_readers_language(browser):
    assert (
        '<html lang="zh-Hans">'
        in browser.get("/refusing/", headers={"accept-language": "zh-hans"}).content.decode()
    )


def test_forbidden_looks_exactly_like_missing(browser):
    forbidden, missing = browser.get("/forbidding/"), browser.get("/no-such-page/")
    assert forbidden.status_code == missing.status_code == 404

    def plain(answer):
        text = answer.content.decode().replace(answer["X-Request-Id"], "")
        return text.replace("/forbidding/", "").replace("/no-such-page/", "")

    assert strip_tokens(plain(forbidden)) == strip_tokens(plain(missing))
    assert events() == ["handover.access_refused"]
    assert last_event().facts["reason"] == "room.open_door"


def strip_tokens(text):
    import re

    return re.sub(r"[A-Za-z0-9]{64}", "", text)


def test_a_vault_error_shows_and_logs_no_detail(browser):
    answer = browser.get("/unsealing/")
    assert answer.status_code == 500
    assert "13812345678" not in answer.content.decode()
    assert events() == ["handover.vault_failed"]
    assert "13812345678" not in str(last_event().facts)


@override_settings(DEBUG=False)
def test_an_unexpected_error_is_a_500_without_detail(browser):
    answer = browser.get("/breaking/")
    assert answer.status_code == 500
    assert "a fault" not in answer.content.decode()
    assert events() == []


def test_the_event_names_the_person_and_the_request(signed_in, giver_staff):
    answer = signed_in(giver_staff).get("/guarded/")
    assert answer.status_code == 404
    assert last_event().actor == giver_staff.pk
    assert last_event().organisation == giver_staff.organisation_id
    assert last_event().request_id == answer["X-Request-Id"]


def test_a_missing_step_up_leads_to_the_step_up_page(signed_in, giver_staff, stepped_up):
    answer = signed_in(giver_staff).get("/dangerous/")
    assert answer["Location"] == "/step-up/?next=%2Fdangerous%2F"
    assert events() == []
    assert stepped_up(giver_staff).get("/dangerous/").status_code == 200


@pytest.mark.parametrize("address", ["/guarded/", "/guarded-class/"])
def test_a_marked_view_asks_strangers_to_sign_in_and_refuses_others(
    browser, signed_in, admin, giver_staff, address
):
    assert browser.get(address)["Location"] == f"/sign-in/?next={address}"
    assert signed_in(giver_staff).get(address).status_code == 404
    assert signed_in(admin).get(address).content == b"inside"


@pytest.mark.parametrize(
    ("kind", "status", "code", "logged"),
    [
        ("refused", 409, CODE, ["handover.act_refused"]),
        ("forbidden", 404, None, ["handover.access_refused"]),
        ("vault", 500, None, ["handover.vault_failed"]),
        ("throttled", 429, None, []),
    ],
)
def test_the_api_answers_with_problem_documents(browser, kind, status, code, logged):
    answer = browser.get(f"/api/{kind}/")
    problem = answer.json()
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert problem["status"] == status
    assert problem.get("code") == code
    assert problem["request_id"] == answer["X-Request-Id"]
    assert "secret detail" not in answer.content.decode()
    assert events() == logged


def test_in_the_api_too_forbidden_looks_like_missing(browser):
    forbidden, missing = browser.get("/api/forbidden/").json(), browser.get("/api/missing/").json()
    forbidden.pop("request_id"), missing.pop("request_id")
    assert forbidden == missing


def test_every_answer_has_its_own_request_id(browser):
    first, second = browser.get("/health/live"), browser.get("/health/ready")
    assert first.json() == {"status": "ok"}
    assert first["X-Request-Id"] != second["X-Request-Id"]


def test_a_request_that_cannot_be_read_and_a_stale_form_have_pages(browser):
    from django.test import RequestFactory

    from handover import views

    request = RequestFactory().get("/")
    assert views.bad_request(request).status_code == 400
    assert views.forbidden(request).status_code == 404
    assert views.csrf_failure(request, "why").status_code == 403
