import pytest
from django.urls import reverse

from handover import context
from handover.checks import database_role_is_small, secrets_are_real, uploads_are_sealed

pytestmark = pytest.mark.django_db


def test_a_stranger_sees_languages_only(rf):
    assert set(context.frame(rf.get("/"))["frame"]) == {"languages"}


def test_the_frame_says_whose_data_and_which_pages(signed_in, admin):
    frame = signed_in(admin).get(reverse("access-people")).context["frame"]
    assert frame["organisation"] == "Canglan Securities Co., Ltd."
    assert frame["user"] == admin.name
    pages = {entry.url: entry.active for entry in frame["navigation"]}
    assert pages[reverse("access-people")] is True
    assert pages[reverse("access-organisations")] is False


def test_a_role_sees_only_what_it_may_use(signed_in, giver_staff):
    frame = signed_in(giver_staff).get(reverse("access-account")).context["frame"]
    assert reverse("access-people") not in {entry.url for entry in frame["navigation"]}


def test_a_page_that_is_not_mounted_is_left_out(signed_in, admin, monkeypatch):
    page = context.Page("S", "T", "users", "access.view_users", "no-such-page")
    monkeypatch.setattr(context, "PAGES", (page,))
    assert signed_in(admin).get(reverse("access-account")).context["frame"]["navigation"] == []
    assert signed_in(admin).get("/")["Location"] == reverse("access-account")


def test_the_banner_asks_for_the_escrow_until_it_is_done(signed_in, admin, monkeypatch):
    monkeypatch.setattr(context, "escrow_done", lambda: False)
    assert "manage.py escrow" in signed_in(admin).get(reverse("access-account")).content.decode()
    monkeypatch.setattr(context, "escrow_done", lambda: True)
    assert "manage.py escrow" not in signed_in(admin).get(reverse("access-account")).content.decode()


def test_the_checks_pass_here_and_find_unsafe_settings(settings):
    assert secrets_are_real() == []
    assert uploads_are_sealed() == []
    assert database_role_is_small(databases=["default"]) == []
    assert database_role_is_small() == []
    settings.SECRET_KEY = "short"
    settings.DEBUG = True
    settings.ALLOWED_HOSTS = ["handover.example"]
    assert [error.id for error in secrets_are_real()] == ["handover.E001", "handover.E002"]
    settings.FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
    assert [error.id for error in uploads_are_sealed()] == ["handover.E003"]


def test_guests_who_hold_nobody_are_not_offered_a_list_of_clients(signed_in, auditor, giver_officer):
    for person, offered in ((auditor, False), (giver_officer, True)):
        frame = signed_in(person).get(reverse("access-account")).context["frame"]
        assert (reverse("clients-list") in {entry.url for entry in frame["navigation"]}) is offered
