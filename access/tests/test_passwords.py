import time

import pytest
from django.urls import reverse

from access.models import SignInLock
from access.services import change_password
from access.tests.log import events
from audit.errors import Refused

WRONG = "some other long sentence"
NEW = "a brand new long sentence"
pytestmark = pytest.mark.django_db


def test_it_changes_the_password_and_says_so(giver_staff, password):
    user = change_password(user=giver_staff, old=password, new=NEW)
    assert user.check_password(NEW)
    assert events() == ["access.password_changed"]


def test_it_refuses_a_wrong_old_and_a_weak_new_one(giver_staff, password):
    for old, new, code in (
        (WRONG, NEW, "access.password_wrong"),
        (password, "short", "access.password_weak"),
    ):
        with pytest.raises(Refused) as refusal:
            change_password(user=giver_staff, old=old, new=new)
        assert refusal.value.code == code
    giver_staff.refresh_from_db()
    assert giver_staff.check_password(password)
    assert events() == ["access.step_up_failed"]


def test_wrong_old_passwords_lock_the_name(giver_staff, password):
    for _attempt in range(5):
        with pytest.raises(Refused):
            change_password(user=giver_staff, old=WRONG, new=NEW)
    with pytest.raises(Refused):
        change_password(user=giver_staff, old=password, new=NEW)
    assert "access.password_changed" not in events()


def test_the_page_keeps_this_session_and_ends_the_others(signed_in, giver_staff, password):
    here, elsewhere = signed_in(giver_staff), signed_in(giver_staff)
    words = {"old": password, "new": NEW, "again": NEW}
    assert here.post(reverse("access-password"), words).status_code == 302
    assert here.get(reverse("access-account")).status_code == 200
    assert elsewhere.get(reverse("access-account")).status_code == 302


def test_the_page_says_what_is_wrong_beside_the_field(signed_in, giver_staff, password):
    browser = signed_in(giver_staff)
    cases = [
        ({"old": WRONG, "new": NEW, "again": NEW}, "old"),
        ({"old": password, "new": "short", "again": "short"}, "new"),
        ({"old": password, "new": NEW, "again": WRONG}, "again"),
    ]
    for words, field in cases:
        answer = browser.post(reverse("access-password"), words)
        assert list(answer.context["form"].errors) == [field]
    assert "access.password_changed" not in events()


def step_up(browser, password, **more):
    return browser.post(reverse("access-step-up"), {"password": password, **more})


def test_the_step_up_confirms_and_goes_back(signed_in, giver_staff, password):
    browser = signed_in(giver_staff)
    answer = step_up(browser, password, next="/account/")
    assert answer["Location"] == "/account/"
    assert browser.session["step_up"]["user"] == str(giver_staff.pk)
    assert events() == ["access.step_up_passed"]


def test_a_wrong_password_confirms_nothing_and_counts(signed_in, giver_staff):
    browser = signed_in(giver_staff)
    answer = step_up(browser, WRONG)
    assert answer.status_code == 200
    assert "step_up" not in browser.session
    assert events() == ["access.step_up_failed"]
    assert SignInLock.objects.get().attempts == 1


def test_the_step_up_goes_back_only_within_the_house(signed_in, giver_staff, password):
    assert step_up(signed_in(giver_staff), password, next="//evil.example/")["Location"] == "/"


def test_a_dangerous_page_asks_first_and_comes_back(signed_in, admin, password):
    browser = signed_in(admin)
    page = reverse("access-person-new")
    answer = browser.get(page)
    assert answer["Location"] == f"{reverse('access-step-up')}?next=%2Faccess%2Fpeople%2Fnew%2F"
    step_up(browser, password)
    assert browser.get(page).status_code == 200


def test_a_confirmation_runs_out(stepped_up, admin):
    browser = stepped_up(admin)
    page = reverse("access-person-new")
    assert browser.get(page).status_code == 200
    session = browser.session
    for age in (301, -60):
        session["step_up"] = {"user": str(admin.pk), "at": time.time() - age}
        session.save()
        assert browser.get(page).status_code == 302


def test_a_confirmation_is_one_persons(signed_in, admin, giver_staff):
    browser = signed_in(admin)
    session = browser.session
    session["step_up"] = {"user": str(giver_staff.pk), "at": time.time()}
    session.save()
    assert browser.get(reverse("access-person-new")).status_code == 302


def test_a_form_sent_without_confirmation_changes_nothing_and_returns_to_its_page(
    signed_in, admin, giver_staff
):
    browser = signed_in(admin)
    page = reverse("access-person", args=[giver_staff.pk])
    answer = browser.post(
        reverse("access-person-switch", args=[giver_staff.pk]),
        {"on": "0"},
        HTTP_REFERER=f"http://testserver{page}",
    )
    assert answer.status_code == 302
    assert "next=http" in answer["Location"]
    giver_staff.refresh_from_db()
    assert giver_staff.is_active
