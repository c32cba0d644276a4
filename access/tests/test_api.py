import pytest
from django.test import Client

from access.duties import Duty
from access.models import User
from access.policies import duties_in_force
from access.tests.log import events

pytestmark = pytest.mark.django_db
API = "/api/v1"
JSON = {"content_type": "application/json"}
NEW = {"username": "li.na", "name": "李娜", "password": "quite a long sentence"}


def test_a_stranger_is_refused():
    assert Client().get(f"{API}/people/").status_code == 403


def test_it_lists_the_people_of_the_house(signed_in, admin, giver_staff, taker_officer):
    results = signed_in(admin).get(f"{API}/people/").json()["results"]
    assert {person["username"] for person in results} == {"admin", "giver.staff"}
    assert {duty["duty"] for person in results for duty in person["duties"]} == {
        "administrator",
        "client_service",
    }
    assert "password" not in results[0]


def test_pages_follow_the_key_and_have_a_ceiling(signed_in, admin, make_user, canglan, settings):
    for _number in range(5):
        make_user(canglan)
    browser = signed_in(admin)
    first = browser.get(f"{API}/people/?limit=4").json()
    second = browser.get(first["next"]).json()
    seen = [person["id"] for person in first["results"] + second["results"]]
    assert len(first["results"]) == 4
    assert len(set(seen)) == 6
    assert seen == sorted(seen, reverse=True)
    assert browser.get(f"{API}/people/?cursor=rubbish").status_code == 404
    from handover.api.paging import KeysetPagination

    assert KeysetPagination.max_page_size == 200
    assert set(browser.get(f"{API}/people/?limit=201").json()["errors"]) == {"limit"}


def test_it_needs_the_duty(signed_in, giver_staff):
    answer = signed_in(giver_staff).get(f"{API}/people/")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert events() == ["handover.access_refused"]


def test_one_of_another_firm_looks_like_one_that_does_not_exist(signed_in, admin, taker_officer):
    browser = signed_in(admin)
    other = browser.get(f"{API}/people/{taker_officer.pk}/").json()
    assert other["status"] == 404
    none = browser.get(f"{API}/people/{taker_officer.organisation_id}/").json()
    other.pop("request_id"), none.pop("request_id")
    assert other == none


def test_me_is_open_to_everybody_signed_in(signed_in, giver_staff):
    assert signed_in(giver_staff).get(f"{API}/people/me/").json()["username"] == "giver.staff"


def test_opening_an_account_needs_a_step_up(signed_in, stepped_up, admin, canglan):
    words = {**NEW, "organisation": str(canglan.pk)}
    answer = signed_in(admin).post(f"{API}/people/", words, **JSON)
    assert answer.status_code == 409
    assert answer.json()["code"] == "access.step_up_needed"
    answer = stepped_up(admin).post(f"{API}/people/", words, **JSON)
    assert answer.status_code == 201
    assert "password" not in answer.json()
    assert events() == ["handover.act_refused", "access.user_created"]


def test_wrong_values_are_named(stepped_up, admin):
    answer = stepped_up(admin).post(f"{API}/people/", {"username": "a b"}, **JSON)
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {"organisation", "username", "name", "password"}


def test_duties_are_given_and_ended(signed_in, admin, giver_staff):
    browser = signed_in(admin)
    answer = browser.post(f"{API}/people/{giver_staff.pk}/duties/", {"duty": "trainer"}, **JSON)
    assert answer.status_code == 201
    assert Duty.TRAINER in duties_in_force(giver_staff)
    address = f"{API}/people/{giver_staff.pk}/duties/{answer.json()['id']}/end/"
    assert browser.post(address).status_code == 200
    assert Duty.TRAINER not in duties_in_force(giver_staff)
    answer = browser.post(address)
    assert answer.status_code == 409
    assert answer.json()["code"] == "access.duty_over"
    assert events() == ["access.duty_assigned", "access.duty_ended", "handover.act_refused"]
    nothing = f"{API}/people/{giver_staff.pk}/duties/{giver_staff.pk}/end/"
    assert browser.post(nothing).status_code == 404


def test_an_account_is_switched(stepped_up, admin, giver_staff):
    answer = stepped_up(admin).post(f"{API}/people/{giver_staff.pk}/switch/", {"on": False}, **JSON)
    assert answer.json()["is_active"] is False
    assert not User.objects.get(pk=giver_staff.pk).is_active
    assert events() == ["access.user_switched_off"]


def test_there_is_no_put_and_no_delete(signed_in, admin, giver_staff):
    browser = signed_in(admin)
    for method in (browser.put, browser.patch, browser.delete):
        assert method(f"{API}/people/{giver_staff.pk}/", **JSON).status_code in {404, 405}


def test_organisations_are_read_and_registered(signed_in, stepped_up, admin, yuanxiu):
    words = {"code": "MC", "name_en": "Mingcha", "name_zh": "明察", "kind": "auditor", "uscc": ""}
    assert signed_in(admin).post(f"{API}/organisations/", words, **JSON).status_code == 409
    assert stepped_up(admin).post(f"{API}/organisations/", words, **JSON).status_code == 201
    codes = {row["code"] for row in signed_in(admin).get(f"{API}/organisations/").json()["results"]}
    assert {"CANGLAN", "YUANXIU", "MC"} <= codes
    assert signed_in(admin).get(f"{API}/organisations/{yuanxiu.pk}/").status_code == 200


def test_a_token_is_asked_for(admin, password):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
    assert strict.post(f"{API}/people/", NEW, **JSON).status_code == 403
    assert events() == []


def test_the_schema_is_served_to_people_signed_in(signed_in, giver_staff):
    schema = signed_in(giver_staff).get(f"{API}/schema/").json()
    assert "/api/v1/people/" in schema["paths"]


def test_an_object_is_opened_to_a_guest_and_closed_again(
    signed_in, admin, taker_admin, auditor, canglan_branch
):
    words = {"user": str(auditor.pk), "object_label": "access.branch", "object_id": str(canglan_branch.pk)}
    assert signed_in(taker_admin).post(f"{API}/grants/", words, **JSON).status_code == 404
    browser = signed_in(admin)
    answer = browser.post(f"{API}/grants/", words, **JSON)
    assert answer.status_code == 201
    address = f"{API}/grants/{answer.json()['id']}/end/"
    assert signed_in(taker_admin).post(address).status_code == 404
    assert browser.post(address).status_code == 200
    assert [row["object_id"] for row in browser.get(f"{API}/grants/").json()["results"]] == [
        str(canglan_branch.pk)
    ]
    assert events("access.") == ["access.grant_given", "access.grant_ended"]
