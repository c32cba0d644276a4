from datetime import timedelta

import pytest
from django.utils import timezone

from access.duties import Duty
from access.errors import NotAllowed
from access.models import RoleAssignment
from access.policies import duties_in_force
from access.services import assign_duty, end_duty
from access.tests.log import events, last_event
from audit.errors import Refused

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_it_gives_a_duty_that_holds_at_once(admin, giver_staff):
    held = assign_duty(by=admin, user=giver_staff, duty=Duty.TRAINER)
    assert duties_in_force(giver_staff) == {Duty.CLIENT_SERVICE, Duty.TRAINER}
    assert held.granted_by == admin
    assert events() == ["access.duty_assigned"]
    assert last_event().facts["duty"] == "trainer"
    assert last_event().subject == giver_staff.pk


def test_it_gives_a_duty_for_a_time(admin, giver_staff):
    today = timezone.localdate()
    assign_duty(by=admin, user=giver_staff, duty="trainer", starts_on=today + DAY, ends_on=today + 2 * DAY)
    assert Duty.TRAINER not in duties_in_force(giver_staff)
    assign_duty(by=admin, user=giver_staff, duty="trainer", starts_on=today + 2 * DAY)
    assert events() == ["access.duty_assigned"] * 2


def refused(code, **words):
    with pytest.raises(Refused) as refusal:
        assign_duty(**words)
    assert refusal.value.code == code
    assert refusal.value.message != code
    assert events() == []


def test_it_refuses_a_duty_for_oneself(admin):
    refused("access.own_duty", by=admin, user=admin, duty=Duty.TRAINER)


def test_it_refuses_a_duty_already_held(admin, giver_staff):
    refused("access.duty_held", by=admin, user=giver_staff, duty=Duty.CLIENT_SERVICE)


def test_it_refuses_duties_that_may_not_go_together(admin, giver_manager, giver_staff):
    refused("access.duties_conflict", by=admin, user=giver_manager, duty=Duty.COUNSEL)
    refused("access.duties_conflict", by=admin, user=giver_staff, duty=Duty.ADMINISTRATOR)


def test_it_refuses_reversed_dates_and_switched_off_accounts(admin, giver_staff, make_user, canglan):
    today = timezone.localdate()
    refused("access.dates_reversed", by=admin, user=giver_staff, duty="trainer", ends_on=today - DAY)
    off = make_user(canglan, is_active=False)
    refused("access.duty_of_inactive", by=admin, user=off, duty="trainer")


def test_it_refuses_everybody_but_the_administrator_of_the_house(
    giver_officer, giver_staff, taker_admin, taker_officer
):
    for who in (None, giver_officer, taker_admin):
        with pytest.raises(NotAllowed):
            assign_duty(by=who, user=giver_staff, duty=Duty.TRAINER)
    assert events() == []
    assert RoleAssignment.objects.filter(duty="trainer").count() == 0


def test_it_ends_a_duty_at_once(admin, giver_staff):
    held = giver_staff.assignments.get()
    end_duty(held.pk, by=admin)
    assert duties_in_force(giver_staff) == frozenset()
    assert events() == ["access.duty_ended"]
    with pytest.raises(Refused) as refusal:
        end_duty(held.pk, by=admin)
    assert refusal.value.code == "access.duty_over"
    assert events() == ["access.duty_ended"]


def test_after_the_end_the_duty_may_be_given_again_the_same_day(admin, giver_staff):
    end_duty(giver_staff.assignments.get().pk, by=admin)
    assign_duty(by=admin, user=giver_staff, duty=Duty.CLIENT_SERVICE)
    assert duties_in_force(giver_staff) == {Duty.CLIENT_SERVICE}


def test_a_duty_that_has_not_begun_never_begins(admin, giver_staff):
    later = timezone.localdate() + 5 * DAY
    held = assign_duty(by=admin, user=giver_staff, duty="trainer", starts_on=later)
    assert end_duty(held.pk, by=admin).ends_on == later
    assert list(RoleAssignment.objects.in_force(later).filter(duty="trainer")) == []


def test_nobody_ends_their_own_or_anothers_house_duty(admin, taker_admin, taker_officer):
    with pytest.raises(Refused):
        end_duty(admin.assignments.get().pk, by=admin)
    with pytest.raises(NotAllowed):
        end_duty(taker_officer.assignments.get().pk, by=admin)
    assert events() == []
