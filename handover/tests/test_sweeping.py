"""An upload that nobody claims goes by itself, and the log says so."""

from datetime import timedelta

import pytest
from django.utils import timezone

from handover.celery import app
from handover.tasks import sweep_files
from vault.files import seal_stream
from vault.models import SealedFile

pytestmark = pytest.mark.django_db


@pytest.fixture
def upload(canglan):
    return lambda past: seal_stream(
        [b"x"],
        holder=canglan.pk,
        purpose="upload",
        name="x",
        expires_at=timezone.now() - timedelta(seconds=past),
    )


def test_an_unclaimed_upload_goes_once_and_others_stay(upload, audited):
    upload(1)
    kept = upload(-3600)
    sweep_files()
    sweep_files()
    assert list(SealedFile.objects.all()) == [kept]
    assert [kind for kind, _ in audited()] == ["handover.files_swept"]


def test_beat_asks_for_it():
    app.loader.import_default_modules()
    entry = app.conf.beat_schedule["sweep-files"]
    assert entry["task"] in app.tasks
    assert entry["schedule"] <= 3600
