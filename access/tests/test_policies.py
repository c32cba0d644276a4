from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from access import registry
from access.duties import Duty
from access.errors import NotAllowed
from access.models import RoleAssignment
from access.policies import granted_ids, may, require
from access.services import grant_object
from vault.ids import new_id

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def door(monkeypatch):
    monkeypatch.setattr(registry, "_table", dict(registry._table))
    registry.grant_to_duties({"room.open_door": {Duty.TRANSFER_MANAGER, Duty.AUDITOR}})


class Owned:
    def __init__(self, *organisations):
        self.organisations = organisations

    def parties(self):
        return {organisation.pk for organisation in self.organisations}


def test_a_duty_in_force_permits(giver_manager):
    assert may(giver_manager, "room.open_door")
    require(giver_manager, "room.open_door")


def test_nobody_anonymous_and_strangers_are_refused(giver_officer):
    for who in (None, AnonymousUser(), giver_officer, SimpleNamespace(pk=new_id(), is_active=True)):
        assert not may(who, "room.open_door")
        with pytest.raises(NotAllowed) as refusal:
            require(who, "room.open_door")
        assert refusal.value.permission == "room.open_door"


def test_an_undeclared_permission_is_refused_to_everybody(make_user, canglan):
    for duty in Duty:
        assert not may(make_user(canglan, duty), "room.burn_house")


def test_a_switched_off_account_is_refused(giver_manager):
    giver_manager.is_active = False
    giver_manager.save()
    assert not may(giver_manager, "room.open_door")


def test_a_duty_counts_only_on_its_days(make_user, canglan):
    today = timezone.localdate()
    day = timedelta(days=1)
    cases = [
        (today, None, True),
        (today - day, today + day, True),
        (today - day, today, False),
        (today, today, False),
        (today + day, None, False),
    ]
    for starts_on, ends_on, expected in cases:
        user = make_user(canglan, Duty.TRANSFER_MANAGER, starts_on=starts_on, ends_on=ends_on)
        assert may(user, "room.open_door") is expected, (starts_on, ends_on)


def test_ending_a_duty_takes_effect_at_once(giver_manager):
    RoleAssignment.objects.filter(user=giver_manager).update(ends_on=timezone.localdate())
    assert not may(giver_manager, "room.open_door")


def test_an_object_is_open_to_its_parties_only(giver_manager, taker_manager, canglan, yuanxiu):
    assert may(giver_manager, "room.open_door", Owned(canglan, yuanxiu))
    assert may(taker_manager, "room.open_door", Owned(canglan, yuanxiu))
    assert not may(taker_manager, "room.open_door", Owned(canglan))
    assert not may(taker_manager, "room.open_door", Owned())


def test_an_organisation_column_counts_as_party(giver_manager, taker_manager, canglan):
    thing = SimpleNamespace(organisation_id=canglan.pk)
    assert may(giver_manager, "room.open_door", thing)
    assert not may(taker_manager, "room.open_door", thing)


def test_an_object_of_the_installation_needs_the_duty_alone(taker_manager, giver_officer):
    thing = SimpleNamespace()
    assert may(taker_manager, "room.open_door", thing)
    assert not may(giver_officer, "room.open_door", thing)


def test_a_grant_opens_exactly_one_object(auditor, admin, canglan, canglan_branch):
    grant_object(auditor, "view_branch", canglan_branch, by=admin)
    assert may(auditor, "room.open_door", canglan_branch)
    assert granted_ids(auditor, type(canglan_branch)) == {canglan_branch.pk}
    assert not may(auditor, "room.open_door", canglan)
    other = type(canglan_branch).objects.create(organisation=canglan, code="2", name_en="b", name_zh="b")
    assert not may(auditor, "room.open_door", other)


def test_a_grant_without_the_duty_opens_nothing(counsel, admin, canglan_branch):
    grant_object(counsel, "view_branch", canglan_branch, by=admin)
    assert not may(counsel, "room.open_door", canglan_branch)


def test_a_grant_reaches_what_lies_within_the_object(auditor, admin, canglan, canglan_branch):
    class Inner(Owned):
        def granted_through(self):
            return canglan_branch

    assert not may(auditor, "room.open_door", Inner(canglan))
    grant_object(auditor, "view_branch", canglan_branch, by=admin)
    assert may(auditor, "room.open_door", Inner(canglan))


def test_a_grant_ends_by_itself(auditor, admin, canglan_branch):
    grant = grant_object(
        auditor, "view_branch", canglan_branch, by=admin, ends_on=timezone.localdate() + timedelta(days=1)
    )
    assert may(auditor, "room.open_door", canglan_branch)
    type(grant).objects.update(
        starts_on=timezone.localdate() - timedelta(days=2), ends_on=timezone.localdate()
    )
    assert not may(auditor, "room.open_door", canglan_branch)
    assert granted_ids(auditor, type(canglan_branch)) == set()


def test_nobody_is_a_superuser(giver_officer):
    from django.db import connection

    assert giver_officer.is_superuser is False
    with connection.cursor() as cursor:
        cursor.execute("SELECT column_name FROM information_schema.columns WHERE table_name = 'access_user'")
        assert "is_superuser" not in {name for (name,) in cursor.fetchall()}
