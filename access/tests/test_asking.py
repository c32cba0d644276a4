"""Duties are read once while something is shown, and anew for every act."""

import pytest

from access.asking import asked_once
from access.duties import Duty
from access.models import RoleAssignment
from access.policies import duties_in_force

pytestmark = pytest.mark.django_db


def test_a_reading_asks_once(giver_officer, django_assert_num_queries):
    with asked_once(), django_assert_num_queries(1):
        assert duties_in_force(giver_officer) == duties_in_force(giver_officer) != frozenset()


def test_a_nested_reading_remembers_what_the_outer_one_read(giver_officer, django_assert_num_queries):
    with asked_once():
        duties_in_force(giver_officer)
        with asked_once(), django_assert_num_queries(0):
            assert Duty.COMPLIANCE_OFFICER in duties_in_force(giver_officer)


def test_nothing_is_remembered_outside(giver_officer):
    with asked_once():
        assert duties_in_force(giver_officer)
    RoleAssignment.objects.all().delete()
    assert duties_in_force(giver_officer) == frozenset()


def test_an_act_asks_anew(giver_officer):
    assert duties_in_force(giver_officer)
    RoleAssignment.objects.all().delete()
    assert duties_in_force(giver_officer) == frozenset()


def test_a_page_that_shows_asks_once_and_a_form_sent_asks_each_time(signed_in, giver_officer, monkeypatch):
    from handover import middleware

    shown = []

    class Spy:
        def __enter__(self):
            shown.append(True)

        def __exit__(self, *_):
            return False

    monkeypatch.setattr(middleware, "asked_once", Spy)
    browser = signed_in(giver_officer)
    browser.post("/clients/search/", {"field": "phone", "value": "13800000000"})
    assert shown == []
    browser.get("/clients/")
    assert shown == [True]
