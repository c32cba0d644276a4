import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from access.models import SignInLock
from access.services import check_credentials
from access.services.passwords import LOCK_TIME, MAX_ATTEMPTS, name_digest
from access.tests.log import events, last_event
from audit.errors import Refused
from vault.ids import INSTALLATION

WRONG = "some other long sentence"
pytestmark = pytest.mark.django_db


@pytest.fixture
def browser():
    return Client(headers={"accept-language": "en"})


def sign_in(browser, username, password, **more):
    return browser.post(reverse("access-sign-in"), {"username": username, "password": password, **more})


def test_it_signs_in_and_says_so(browser, giver_staff, password):
    answer = sign_in(browser, "giver.staff", password)
    assert answer.status_code == 302
    assert answer["Location"] == "/"
    assert browser.session["_auth_user_id"] == str(giver_staff.pk)
    assert events() == ["access.signed_in"]
    assert last_event().actor == giver_staff.pk


def test_the_user_name_may_be_in_any_case(browser, giver_staff, password):
    assert sign_in(browser, "GIVER.Staff", password).status_code == 302


def test_the_session_gets_a_new_id(browser, giver_staff, password):
    session = browser.session
    session["seen"] = 1
    session.save()
    before = session.session_key
    sign_in(browser, "giver.staff", password)
    assert browser.session.session_key != before


def test_the_cookie_is_closed_to_scripts_and_other_sites(browser, giver_staff, password):
    cookie = sign_in(browser, "giver.staff", password).cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["secure"]
    assert cookie["samesite"] == "Lax"


@pytest.mark.parametrize("name", ["giver.staff", "no.such.person", "off.person"])
def test_every_failure_gets_the_same_answer(browser, giver_staff, make_user, canglan, name):
    make_user(canglan, "client_service", username="off.person", is_active=False)
    answer = sign_in(browser, name, WRONG)
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "User name or password is wrong, or too many attempts were made." in text
    assert WRONG not in text
    assert events() == ["access.sign_in_failed"]
    assert last_event().actor is None


def test_a_switched_off_account_gets_the_same_answer_for_the_right_password(
    browser, make_user, canglan, password
):
    make_user(canglan, "client_service", username="off.person", is_active=False)
    assert "too many attempts" in sign_in(browser, "off.person", password).content.decode()
    assert events() == ["access.sign_in_failed"]


def test_an_unknown_name_is_logged_without_the_name(browser):
    sign_in(browser, "my password typed in the wrong box", WRONG)
    assert last_event().subject == INSTALLATION
    assert "wrong box" not in str(last_event().facts)
    assert SignInLock.objects.get().pk == name_digest("my password typed in the wrong box")


def test_five_wrong_passwords_lock_the_name_for_fifteen_minutes(browser, giver_staff, password):
    for _attempt in range(MAX_ATTEMPTS):
        sign_in(browser, "giver.staff", WRONG)
    assert events() == ["access.sign_in_failed"] * 5 + ["access.locked_out"]
    answer = sign_in(browser, "giver.staff", password)
    assert answer.status_code == 200
    assert "too many attempts" in answer.content.decode()
    lock = SignInLock.objects.get()
    assert timedelta() < lock.locked_until - timezone.now() <= LOCK_TIME
    SignInLock.objects.update(locked_until=timezone.now() - timedelta(seconds=1))
    assert sign_in(browser, "giver.staff", password).status_code == 302
    assert not SignInLock.objects.exists()


def test_an_unknown_name_locks_like_a_known_one(browser):
    for _attempt in range(MAX_ATTEMPTS):
        sign_in(browser, "nobody", WRONG)
    assert events()[-1] == "access.locked_out"


def test_another_spelling_of_the_name_shares_the_count(browser, giver_staff):
    for name in ("giver.staff", "GIVER.STAFF", " Giver.staff", "giver.STAFF", "gIver.staff"):
        sign_in(browser, name, WRONG)
    assert SignInLock.objects.get().attempts == MAX_ATTEMPTS


def test_one_locked_name_locks_no_other(browser, giver_staff, giver_officer, password):
    for _attempt in range(MAX_ATTEMPTS):
        sign_in(browser, "giver.staff", WRONG)
    assert sign_in(browser, "giver.officer", password).status_code == 302


def test_the_right_password_forgets_the_wrong_ones(browser, giver_staff, password):
    for _attempt in range(MAX_ATTEMPTS - 1):
        sign_in(browser, "giver.staff", WRONG)
    assert sign_in(browser, "giver.staff", password).status_code == 302
    assert not SignInLock.objects.exists()


def test_old_counts_are_forgotten(browser, giver_staff):
    sign_in(browser, "nobody", WRONG)
    SignInLock.objects.update(last_attempt_at=timezone.now() - timedelta(days=2))
    sign_in(browser, "giver.staff", WRONG)
    assert [lock.pk for lock in SignInLock.objects.all()] == [name_digest("giver.staff")]


@pytest.mark.django_db(transaction=True)
def test_tries_at_the_same_time_are_all_counted(giver_staff):
    def attempt(_number):
        try:
            check_credentials(None, username="giver.staff", password=WRONG)
        except Refused as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(attempt, range(8))) == {"access.sign_in_failed"}
    lock = SignInLock.objects.get()
    assert lock.attempts == MAX_ATTEMPTS
    assert lock.locked_until is not None
    assert events().count("access.locked_out") == 1


@pytest.mark.parametrize(
    ("next_url", "expected"),
    [
        ("/account/", "/account/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_it_goes_on_only_within_the_house(browser, giver_staff, password, next_url, expected):
    answer = sign_in(browser, "giver.staff", password, next=next_url)
    assert answer["Location"] == expected


def test_a_signed_in_person_is_sent_on(signed_in, giver_staff):
    assert signed_in(giver_staff).get(reverse("access-sign-in")).status_code == 302


def test_it_signs_out_by_post_only_and_says_so(signed_in, giver_staff):
    browser = signed_in(giver_staff)
    assert browser.get(reverse("access-sign-out")).status_code == 405
    assert browser.post(reverse("access-sign-out")).status_code == 302
    assert "_auth_user_id" not in browser.session
    assert events() == ["access.signed_out"]


def test_signing_out_twice_is_quiet(browser):
    assert browser.post(reverse("access-sign-out")).status_code == 302
    assert events() == []


def test_switching_an_account_off_ends_its_sessions(signed_in, giver_staff):
    browser = signed_in(giver_staff)
    assert browser.get(reverse("access-account")).status_code == 200
    giver_staff.is_active = False
    giver_staff.save()
    assert browser.get(reverse("access-account")).status_code == 302


def test_the_language_of_the_person_is_used_after_signing_in(browser, make_user, canglan, password):
    make_user(canglan, "client_service", username="zhang", language="zh-hans")
    sign_in(browser, "zhang", password)
    assert browser.cookies["django_language"].value == "zh-hans"


def test_the_language_is_switched_by_a_cookie(browser):
    answer = browser.post(reverse("access-language"), {"language": "zh-hans", "next": "/sign-in/"})
    assert answer["Location"] == "/sign-in/"
    assert answer.cookies["django_language"].value == "zh-hans"
    assert '<html lang="zh-Hans">' in browser.get("/sign-in/").content.decode()
    answer = browser.post(reverse("access-language"), {"language": "klingon", "next": "//evil.example"})
    assert answer["Location"] == "/"
    assert "django_language" not in answer.cookies


def test_a_form_without_token_is_refused(giver_staff, password):
    strict = Client(enforce_csrf_checks=True)
    assert sign_in(strict, "giver.staff", password).status_code == 403
    assert events() == []


def test_a_failure_takes_as_long_for_an_unknown_name(browser, giver_staff):
    """The password is hashed for a name that does not exist, too."""

    def seconds(name):
        began = time.perf_counter()
        with pytest.raises(Refused):
            check_credentials(None, username=name, password=WRONG)
        return time.perf_counter() - began

    seconds("warm.up")
    known, unknown = seconds("giver.staff"), seconds("nobody")
    assert unknown > known / 4
