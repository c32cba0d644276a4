"""The token endpoint: client credentials and nothing else, every answer in the log."""

import datetime
import hashlib
import time

import pytest
from django.utils import timezone
from oauth2_provider.models import AccessToken

from access.duties import Duty
from access.services import register_program, switch_user
from access.tests.programs import TOKEN, ask_token, basic, facts

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_flushed")]
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def reader(admin, canglan):
    return register_program(
        by=admin,
        organisation=canglan,
        name="reader",
        duties=[Duty.DATA_STEWARD],
        scopes=["read:transfers", "read:imports"],
    )


def kinds(audited):
    return [kind for kind, _ in audited() if kind.startswith("access.token")]


def test_it_issues_a_token_of_an_hour_with_all_scopes_of_the_program(reader, client, audited):
    answer = ask_token(client, reader)
    told = answer.json()
    assert (answer.status_code, told["token_type"], told["expires_in"]) == (200, "Bearer", 3600)
    assert set(told["scope"].split()) == {"read:transfers", "read:imports"}
    assert "refresh_token" not in told
    assert answer["Cache-Control"].startswith("max-age=0") or "no-store" in answer["Cache-Control"]
    told = facts("access.token_issued")
    assert (told["scopes"], told["seconds"]) == (["read:imports", "read:transfers"], 3600)


def test_only_a_digest_of_the_token_is_kept(reader, client):
    token = ask_token(client, reader).json()["access_token"]
    kept = AccessToken.objects.get()
    assert token.startswith("hot_")
    assert token not in kept.token
    assert kept.token_checksum == hashlib.sha256(token.encode()).hexdigest()
    assert kept.user is None
    assert kept.expires <= timezone.now() + datetime.timedelta(hours=1)


def test_a_program_may_ask_for_less_but_not_for_more(reader, client, audited):
    assert ask_token(client, reader, "read:imports").json()["scope"] == "read:imports"
    refused = ask_token(client, reader, "write:imports")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")
    assert kinds(audited) == ["access.token_issued", "access.token_refused"]


def test_a_wrong_secret_is_refused_and_recorded(reader, client, audited):
    answer = client.post(
        TOKEN,
        "grant_type=client_credentials",
        content_type=FORM,
        headers={"authorization": basic(reader.client_id, "hos_wrong")},
    )
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert kinds(audited) == ["access.token_refused"]
    assert facts("access.token_refused") == {"reason": "invalid_client"}


def test_id_and_secret_may_stand_in_the_form(reader, client):
    body = f"grant_type=client_credentials&client_id={reader.client_id}&client_secret={reader.secret}"
    assert client.post(TOKEN, body, content_type=FORM).status_code == 200
    assert client.post(TOKEN, body[:-1], content_type=FORM).status_code == 401


@pytest.mark.parametrize(
    "grant",
    [
        "password",
        "authorization_code",
        "implicit",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code",
    ],
)
def test_no_other_grant_is_known(reader, client, grant, audited):
    answer = ask_token(client, reader, grant_type=grant, username="admin", password="x", code="x")
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")
    assert not AccessToken.objects.exists()
    assert kinds(audited) == ["access.token_refused"]


@pytest.mark.parametrize(
    "path", ["authorize/", "introspect/", "applications/", "device-authorization/", "register/"]
)
def test_nothing_else_of_oauth_has_an_address(client, path):
    assert client.get(f"/oauth/{path}").status_code == 404
    assert client.get(f"/o/{path}").status_code == 404


def test_nothing_is_read_from_the_address_and_no_file_is_taken(reader, client, audited):
    in_address = client.post(f"{TOKEN}?client_id={reader.client_id}&client_secret={reader.secret}")
    as_files = client.post(TOKEN, {"grant_type": "client_credentials"})
    for answer in (in_address, as_files):
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert client.get(TOKEN).status_code == 405
    assert kinds(audited) == []


def test_a_switched_off_program_gets_none(reader, client, admin):
    switch_user(reader.program.user_id, on=False, by=admin)
    assert ask_token(client, reader).status_code == 401


def test_too_many_tries_of_one_program_wait_and_others_do_not(reader, client, settings, admin, canglan):
    settings.TOKEN_REQUESTS_PER_MINUTE = 3
    _begin_of_a_minute()
    answers = [ask_token(client, reader).status_code for _ in range(3)]
    refused = ask_token(client, reader)
    assert answers == [200, 200, 200]
    assert (refused.status_code, refused.json()["error"]) == (429, "slow_down")
    assert 1 <= int(refused["Retry-After"]) <= 60
    other = register_program(
        by=admin, organisation=canglan, name="other", duties=[Duty.DATA_STEWARD], scopes=["read:imports"]
    )
    assert ask_token(client, other).status_code == 200


def test_one_address_does_not_try_many_ids(client, settings):
    settings.TOKEN_REQUESTS_PER_MINUTE = 1
    _begin_of_a_minute()
    statuses = [
        client.post(
            TOKEN,
            "grant_type=client_credentials",
            content_type=FORM,
            headers={"authorization": basic(f"hoc_{n}", "x")},
        ).status_code
        for n in range(8)
    ]
    assert statuses == [401] * 6 + [429] * 2


def test_tokens_that_ran_out_are_cleared_away(reader, client):
    ask_token(client, reader)
    AccessToken.objects.update(expires=timezone.now() - datetime.timedelta(seconds=1))
    ask_token(client, reader)
    assert AccessToken.objects.count() == 1


def _begin_of_a_minute():
    """Counts are per clock minute: a test of them does not begin in a minute's last seconds."""
    left = 60 - time.time() % 60
    if left < 10:
        time.sleep(left)
