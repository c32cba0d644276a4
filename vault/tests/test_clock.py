"""The clock of expiry is the database's: it runs on evenly, whatever is done to the machine's."""

import time
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from vault import clock
from vault.files import seal_stream
from vault.models import SealedFile
from vault.sweeping import destroy_expired_files

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(params=[DAY, -DAY], ids=["a day ahead", "a day behind"])
def machine(request, monkeypatch):
    """The machine's clock is set while the process runs."""
    real, real_time = timezone.now, time.time
    monkeypatch.setattr(timezone, "now", lambda: real() + request.param)
    monkeypatch.setattr(time, "time", lambda: real_time() + request.param.total_seconds())
    return real


def test_it_is_the_databases(machine):
    assert abs(clock.now() - machine()) < timedelta(minutes=1)


def test_it_never_goes_back_while_the_machines_is_set(monkeypatch):
    before = clock.now()
    monkeypatch.setattr(timezone, "now", lambda: before - DAY)
    assert before <= clock.now() <= clock.now()


def test_it_asks_again_after_a_while(monkeypatch, django_assert_num_queries):
    clock.now()
    with django_assert_num_queries(0):
        clock.now()
    count = time.clock_gettime(time.CLOCK_BOOTTIME) + clock.ASKED_AGAIN_AFTER + 1
    monkeypatch.setattr(time, "clock_gettime", lambda _which: count)
    monkeypatch.setattr(clock, "_asked", clock._Asked(clock._asked.at, clock._asked.counted))
    with django_assert_num_queries(1):
        clock.now()


def test_a_file_lives_as_long_as_it_should(machine, two_firms, settings, tmp_path):
    settings.FILES_DIR = tmp_path
    holder = two_firms[0]
    file = seal_stream([b"x"], holder=holder, purpose="upload", name="x", expires_at=clock.now() + DAY / 24)
    assert destroy_expired_files() == 0
    SealedFile.objects.filter(pk=file.pk).update(expires_at=Now() - timedelta(seconds=1))
    assert destroy_expired_files() == 1
