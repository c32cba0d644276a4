"""The pages and the API of backups: start, watch, compare; each only for those who may."""

import pytest
from django.urls import reverse

from continuity import tasks
from continuity.models import Backup, RestoreDrill
from continuity.services.drills import fail_drill

HOME = "/backups/"


@pytest.fixture
def asked(monkeypatch):
    """Which rows the worker was told of."""
    told = []
    monkeypatch.setattr(tasks.make_backup, "delay", lambda key: told.append(("backup", key)))
    monkeypatch.setattr(tasks.make_drill, "delay", lambda key: told.append(("drill", key)))
    return told


@pytest.mark.django_db
def test_who_sees_and_who_starts(
    giver_officer, giver_manager, admin, auditor, giver_supervisor, giver_staff, signed_in
):
    for person in (giver_officer, giver_manager, admin):
        assert "Take a backup" in signed_in(person).get(HOME).content.decode()
    for person in (auditor, giver_supervisor):
        page = signed_in(person).get(HOME)
        assert page.status_code == 200
        assert "Take a backup" not in page.content.decode()
        assert signed_in(person).post(f"{HOME}start/").status_code == 404
    assert signed_in(giver_staff).get(HOME).status_code == 404
    assert not Backup.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_whole_way_in_the_browser(backup_dir, giver_officer, signed_in, asked):
    browser = signed_in(giver_officer)
    started = browser.post(f"{HOME}start/")
    backup = Backup.objects.get()
    assert (started.status_code, started["Location"]) == (302, f"{HOME}{backup.pk}/")
    assert asked == [("backup", str(backup.pk))]
    assert "hx-get" in browser.get(HOME).content.decode()
    assert "hx-get" in browser.get(f"{HOME}{backup.pk}/progress/").content.decode()
    assert "is under way already" in browser.post(f"{HOME}start/", follow=True).content.decode()

    tasks.make_backup(str(backup.pk))
    backup.refresh_from_db()
    over = browser.get(f"{HOME}{backup.pk}/progress/").content.decode()
    assert "hx-get" not in over and f"{HOME}{backup.pk}/" in over
    page = browser.get(f"{HOME}{backup.pk}/").content.decode()
    assert backup.manifest_digest in page and "data.stream" in page and "Not proved yet" in page

    browser.post(f"{HOME}{backup.pk}/drill/")
    drill = RestoreDrill.objects.get()
    assert asked[1:] == [("drill", str(drill.pk))]
    assert "hx-get" in browser.get(f"{HOME}drills/{drill.pk}/").content.decode()
    assert "is under way already" in browser.post(f"{HOME}{backup.pk}/drill/", follow=True).content.decode()
    tasks.make_drill(str(drill.pk))
    page = browser.get(f"{HOME}drills/{drill.pk}/").content.decode()
    assert "Everything that was recorded was found again." in page
    assert "clients_client" in page
    assert reverse("continuity-drill", args=[drill.pk]) in browser.get(HOME).content.decode()
    assert "hx-get" not in browser.get(f"{HOME}drills/{drill.pk}/progress/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_failed_drill_says_why_and_shows_the_difference(taken, giver_officer, signed_in):
    drill = RestoreDrill.objects.create(
        backup=taken,
        run_by=giver_officer,
        started_at=taken.started_at,
        compared=[{"kind": "rows", "name": "clients_client", "expected": "4", "found": "3", "equal": False}],
    )
    kept = drill.compared
    fail_drill(drill.pk, "drill.rows_differ")
    RestoreDrill.objects.filter(pk=drill.pk).update(compared=kept)
    page = signed_in(giver_officer).get(f"{HOME}drills/{drill.pk}/").content.decode()
    assert "are not those that were counted" in page
    assert "Different" in page and "clients_client" in page


@pytest.mark.django_db(transaction=True)
def test_the_api_does_the_same(taken, giver_manager, auditor, signed_in, asked):
    browser = signed_in(giver_manager)
    made = browser.post("/api/v1/backups/")
    assert (made.status_code, made.json()["state"]) == (202, "waiting")
    assert browser.post("/api/v1/backups/").status_code == 409
    drill = browser.post(f"/api/v1/backups/{taken.pk}/drill/")
    assert (drill.status_code, drill.json()["state"]) == (202, "waiting")
    assert asked == [("backup", made.json()["id"]), ("drill", drill.json()["id"])]
    reader = signed_in(auditor)
    assert [each["id"] for each in reader.get("/api/v1/drills/").json()["results"]] == [drill.json()["id"]]
    assert reader.get(f"/api/v1/backups/{taken.pk}/").json()["manifest_digest"] == taken.manifest_digest
    assert reader.post("/api/v1/backups/").status_code == 404
    assert reader.post(f"/api/v1/backups/{taken.pk}/drill/").status_code == 404
    assert reader.delete(f"/api/v1/backups/{taken.pk}/").status_code in {403, 404, 405}
