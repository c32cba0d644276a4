"""Programs on the API: as far as duties and scopes go, inside their organisation, and no further."""

import re

import pytest
from django.test import Client
from django.urls import get_resolver
from oauth2_provider.models import AccessToken

from access.duties import Duty
from access.models import Program, RoleAssignment
from access.policies import SIGNED_IN
from access.registry import duties_for
from access.scopes import DUTIES_FOR_PROGRAMS, SCOPES, scope_for
from access.services import register_program, revoke_program, switch_user
from access.tests.programs import bearing, facts
from handover.tests.test_routes import permissions_of, walk
from transfer.models import Transfer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_flushed")]
API = "/api/v1/"
TRANSFERS = f"{API}transfers/"
NOBODY = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
def program(admin, canglan):
    """``program(duty, *scopes, organisation=…, by=…)`` is a program's credentials."""

    def make(duty, *scopes, organisation=canglan, by=admin, **more):
        name = f"{duty} {organisation.code} {len(scopes)}"
        return register_program(
            by=by, organisation=organisation, name=name, duties=[duty], scopes=scopes, **more
        )

    return make


@pytest.fixture
def manager(program):
    """A program with a transfer manager's duties and every scope."""
    return bearing(program(Duty.TRANSFER_MANAGER, *SCOPES))


def operations() -> list:
    """Every act of the API: address with ids filled in by nobody's, method, and the permission it asks for."""
    found = []
    for route, entry in walk(get_resolver()):
        address = "/" + re.sub(r"[\^$]|\\Z", "", route)
        if not address.startswith(API):
            continue
        address = re.sub(r"\(\?P<\w+>(\[0-9\]|\\d)[^)]*\)|<int:[^>]+>", "1", address)
        address = re.sub(r"<[^>]+>|\(\?P<\w+>[^)]*\)", NOBODY, address)
        actions = getattr(entry.callback, "actions", None)
        table = getattr(getattr(entry.callback, "cls", None), "permission_for", {})
        if actions and table:
            found += [(address, method, table[name]) for method, name in actions.items() if method != "head"]
        else:
            found.append((address, "get", permissions_of(entry.callback)[0]))
    return found


def send(client, method, address):
    body = {} if method == "get" else {"data": {}, "content_type": "application/json"}
    return getattr(client, method)(address, **body)


def test_a_program_reads_and_acts_like_a_person_and_stands_in_the_log(manager, giver_officer, audited):
    made = manager.post(TRANSFERS, {"basis": "merger"}, content_type="application/json")
    assert made.status_code == 201
    assert manager.get(TRANSFERS).json()["results"][0]["id"] == made.json()["id"]
    from audit.models import Event

    drafted = Event.objects.get(type="transfer.drafted")
    assert drafted.actor == Program.objects.get().user_id
    assert drafted.request_id


def test_it_may_repeat_a_creation_with_a_key(manager):
    for _ in range(2):
        answer = manager.post(
            TRANSFERS, {"basis": "merger"}, content_type="application/json", headers={"idempotency-key": "k"}
        )
        assert answer.status_code == 201
    assert Transfer.objects.count() == 1


def test_with_the_duty_but_without_the_scope_every_act_is_refused_and_names_the_scope(program):
    """The whole API: a token whose one scope carries nothing here is refused by name, whatever the address."""
    clients = {duty: bearing(program(duty, scope)) for duty, scope in _a_scope_by_duty().items()}
    tried = 0
    for address, method, permission in operations():
        for duty in duties_for(permission) & clients.keys() if permission != SIGNED_IN else ():
            if permission in SCOPES[_a_scope_by_duty()[duty]].permissions:
                continue
            answer = send(clients[duty], method, address)
            scope = scope_for(permission)
            code = "program.scope_missing" if scope else "access.person_needed"
            assert "json" in answer["Content-Type"], (address, method, answer.status_code)
            assert (answer.status_code, answer.json()["code"]) == (403, code), (address, method, duty)
            if scope:
                assert f'scope="{scope}"' in answer["WWW-Authenticate"], address
            tried += 1
    assert tried > 100


def _a_scope_by_duty():
    """One scope that each duty can use at all: the narrowest."""
    return {
        Duty.DATA_STEWARD: "write:breaks",
        Duty.TRANSFER_MANAGER: "write:runbook",
        Duty.CLIENT_SERVICE: "read:clients",
        Duty.SUPERVISOR: "read:backups",
        Duty.AUDITOR: "read:proofs",
        Duty.INTEGRATOR: "read:imports",
    }


def test_every_duty_of_programs_is_walked():
    assert set(_a_scope_by_duty()) == DUTIES_FOR_PROGRAMS


def test_without_the_duty_no_scope_helps(program):
    reader = bearing(program(Duty.INTEGRATOR, *SCOPES))
    for address, method, permission in operations():
        if permission != SIGNED_IN and Duty.INTEGRATOR not in duties_for(permission):
            assert send(reader, method, address).status_code in {403, 404}, (address, method)
    assert reader.get(f"{API}clients/").status_code == 404


def test_a_program_of_another_house_finds_nothing_of_this_one(
    program, transfer, make_user, admin, audit_firm
):
    """Transfers and all that lies in them, for every act a fully scoped program could try."""
    from vault.keyring import create_organisation_keys

    from access.models import Organisation

    third = Organisation.objects.create(code="THIRD", name_en="Third", name_zh="第三", kind="broker")
    create_organisation_keys(third.pk)
    boss = make_user(third, Duty.ADMINISTRATOR, username="third.admin")
    strangers = [
        bearing(program(duty, *SCOPES, organisation=third, by=boss))
        for duty in (Duty.TRANSFER_MANAGER, Duty.DATA_STEWARD)
    ]
    tried = 0
    for address, method, _permission in operations():
        if not address.startswith(f"{TRANSFERS}{NOBODY}/"):
            continue
        here = address.replace(NOBODY, str(transfer.pk), 1)
        for stranger in strangers:
            answer = send(stranger, method, here)
            nowhere = send(stranger, method, address)
            assert answer.status_code in {400, 403, 404, 415}, (here, method, answer.status_code)
            assert _words(answer) == _words(nowhere), here
            tried += 1
    assert tried > 100
    for stranger in strangers:
        assert stranger.get(TRANSFERS).json()["results"] == []
    assert (
        bearing(program(Duty.TRANSFER_MANAGER, *SCOPES)).get(f"{TRANSFERS}{transfer.pk}/").status_code == 200
    )


def _words(answer):
    """What an answer says, without the names of the request and of the address."""
    told = answer.json() if "json" in answer["Content-Type"] else {}
    return answer.status_code, told.get("code"), told.get("detail"), told.get("errors")


def test_a_guests_program_sees_what_was_opened_to_it(program, transfer, admin, audit_firm):
    from access.services import grant_object

    credentials = program(Duty.AUDITOR, "read:transfers", organisation=audit_firm)
    watching = bearing(credentials)
    assert watching.get(f"{TRANSFERS}{transfer.pk}/").status_code == 404
    grant_object(credentials.program.user, "view_transfer", transfer, by=admin)
    assert watching.get(f"{TRANSFERS}{transfer.pk}/").status_code == 200


def test_the_transferees_program_has_no_sight_before_the_gate(program, transfer, taker_admin, yuanxiu):
    reader = bearing(program(Duty.INTEGRATOR, *SCOPES, organisation=yuanxiu, by=taker_admin))
    assert reader.get(f"{TRANSFERS}{transfer.pk}/").status_code == 200
    refused = reader.get(f"{TRANSFERS}{transfer.pk}/cases/")
    assert (refused.status_code, refused.json()["code"]) == (409, "gate.sight_closed")


def test_what_wants_a_password_is_refused_by_name(program, transfer, admin):
    """Even a permission that a scope carried by mistake would meet the question for the password."""
    from django.test import RequestFactory

    from access.stepup import require_step_up
    from audit.errors import Refused

    request = RequestFactory().post("/")
    request.user = program(Duty.TRANSFER_MANAGER, *SCOPES).program.user
    with pytest.raises(Refused) as refusal:
        require_step_up(request)
    assert refusal.value.code == "access.person_needed"


@pytest.mark.parametrize("end", ["revoked", "off", "duty", "deleted", "scope"])
def test_what_ends_takes_effect_at_once(program, admin, end):
    credentials = program(Duty.INTEGRATOR, "read:transfers")
    reader, made = bearing(credentials), credentials.program
    assert reader.get(TRANSFERS).status_code == 200
    if end == "revoked":
        revoke_program(made.pk, by=admin)
    elif end == "off":
        switch_user(made.user_id, on=False, by=admin)
    elif end == "duty":
        RoleAssignment.objects.filter(user=made.user).delete()
    elif end == "deleted":
        AccessToken.objects.all().delete()
    else:
        Program.objects.update(scopes=["read:imports"])
    expected = {"duty": 404, "scope": 403}.get(end, 401)
    assert reader.get(TRANSFERS).status_code == expected


def test_a_wrong_token_is_told_so_and_stands_in_the_log(client, audited):
    for given in ("Bearer hot_guess", "Basic eDp5", "Bearer", "hot_guess", "Bearer a b"):
        answer = client.get(TRANSFERS, headers={"authorization": given})
        assert (answer.status_code, answer.json()["code"]) == (401, "program.token_wrong")
        assert answer["WWW-Authenticate"].startswith('Bearer realm="handover", error="invalid_token"')
        assert answer.json()["request_id"] == answer["X-Request-Id"]
    assert [kind for kind, _ in audited()] == ["access.token_refused"] * 5
    assert facts("access.token_refused") == {"reason": "not_taken"}


@pytest.mark.parametrize("name", ["access_token", "token", "client_secret"])
def test_a_token_in_the_address_is_refused_whoever_asks(manager, signed_in, giver_officer, name):
    for client in (manager, signed_in(giver_officer), Client()):
        answer = client.get(TRANSFERS, {name: "hot_x"})
        assert (answer.status_code, answer.json()["code"]) == (400, "program.token_in_address")


def test_a_session_sent_with_a_token_counts_for_nothing(program, signed_in, giver_officer):
    browser = signed_in(giver_officer)
    answer = browser.get(TRANSFERS, headers={"authorization": "Bearer hot_guess"})
    assert answer.status_code == 401


def test_pages_are_not_opened_by_a_token(program):
    reader = bearing(program(Duty.INTEGRATOR, *SCOPES))
    for page in ("/", "/transfers/", "/account/"):
        assert reader.get(page).status_code == 302


def test_a_program_reads_the_description_and_itself(manager):
    assert manager.get(f"{API}schema/").status_code == 200
    me = manager.get(f"{API}people/me/").json()
    assert me["username"].startswith("program-")


def test_more_requests_than_its_quota_wait_and_other_programs_do_not(program):
    from access.tests.test_token_endpoint import _begin_of_a_minute

    few = bearing(program(Duty.INTEGRATOR, "read:transfers", requests_per_minute=2))
    other = bearing(program(Duty.DATA_STEWARD, "read:transfers"))
    _begin_of_a_minute()
    assert [few.get(TRANSFERS).status_code for _ in range(2)] == [200, 200]
    refused = few.get(TRANSFERS)
    assert (refused.status_code, refused.json()["code"]) == (429, "program.too_many_requests")
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert other.get(TRANSFERS).status_code == 200


def test_the_page_says_when_it_was_last_used(program):
    credentials = program(Duty.INTEGRATOR, "read:transfers")
    reader = bearing(credentials)
    assert Program.objects.get().last_used_at is None
    reader.get(TRANSFERS)
    assert Program.objects.get().last_used_at is not None


def test_the_description_names_the_scope_of_every_act(signed_in, giver_officer):
    schema = signed_in(giver_officer).get(f"{API}schema/").json()
    flows = schema["components"]["securitySchemes"]["program"]["flows"]
    assert set(flows) == {"clientCredentials"}
    assert set(flows["clientCredentials"]["scopes"]) == set(SCOPES)
    needed = schema["paths"]["/api/v1/transfers/"]["post"]["security"]
    assert {"program": ["write:transfers"]} in needed
    sign = schema["paths"]["/api/v1/transfers/{transfer}/agreements/{id}/sign/"]["post"]["security"]
    assert sign == [{"cookieAuth": []}]
