"""Sessions, lock-outs, step-ups and duties end by the database's clock, not by that of the machine that is asked."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models.functions import Now
from django.utils import timezone

from access.models import RoleAssignment, SignInLock
from access.services.passwords import LOCK_TIME, _count_attempt

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(params=[DAY, -DAY], ids=["a day ahead", "a day behind"])
def machine(request, monkeypatch):
    """A machine whose clock is wrong by a day."""
    real = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: real() + request.param)
    return real


def test_a_session_is_stored_with_its_usual_end(client, giver_staff, machine):
    client.force_login(giver_staff)
    end = Session.objects.get().expire_date
    assert abs(end - machine() - timedelta(seconds=settings.SESSION_COOKIE_AGE)) < timedelta(minutes=1)
    assert client.get("/account/").status_code == 200


def test_a_session_that_is_over_is_over_everywhere(client, giver_staff, machine):
    client.force_login(giver_staff)
    Session.objects.update(expire_date=Now() - timedelta(seconds=1))
    assert client.get("/account/").status_code == 302


def test_a_lock_lasts_its_time(machine):
    for _ in range(6):
        tries = _count_attempt("name")
    assert tries == 0
    until = SignInLock.objects.get().locked_until
    assert abs(until - machine() - LOCK_TIME) < timedelta(minutes=1)


def test_a_duty_holds_on_the_databases_day(giver_staff, machine):
    assert giver_staff.pk in RoleAssignment.objects.in_force().values_list("user_id", flat=True)
    today = timezone.localdate(machine())
    RoleAssignment.objects.filter(user=giver_staff).update(starts_on=today - DAY, ends_on=today)
    assert not RoleAssignment.objects.in_force().filter(user=giver_staff).exists()
    RoleAssignment.objects.filter(user=giver_staff).update(starts_on=today, ends_on=None)
    assert RoleAssignment.objects.in_force().filter(user=giver_staff).exists()
