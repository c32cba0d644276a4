"""The log's pages: who may look, what they find, what they take away, and that looking is recorded."""

import base64
import io
import json

import pytest
from django.urls import reverse

from access.errors import NotAllowed
from audit import note, offline
from audit.checkpoints import latest, log_key
from audit.errors import Refused
from audit.events import AuditEvent
from audit.faults import FaultKind
from audit.models import Event
from audit.sequencer import sequence_once
from audit.tree import leaf_hash, verify_inclusion
from governance import tasks
from governance.events import LogEvent
from governance.models import LogCheck
from governance.services.log_checks import ask_log_check, carry_out_log_check

LOG = "/audit/"


@pytest.fixture
def kept_log(db, transfer):
    """A log with entries, all of them in their places."""
    sequence_once()
    return latest()


def test_it_shows_the_newest_first_and_records_the_look(kept_log, giver_officer, signed_in, audited):
    page = signed_in(giver_officer).get(LOG)
    assert page.status_code == 200
    content = page.content.decode()
    assert "transfer.transfer" in content and kept_log.note.split("\n")[2] in content
    assert [kind for kind, _ in audited()] == [LogEvent.READ]
    assert Event.objects.order_by("id").last().facts["filters"] == []


@pytest.mark.django_db
def test_only_four_duties_may_look(
    transfer, auditor, giver_officer, giver_supervisor, admin, giver_manager, giver_staff, counsel, signed_in
):
    for person in (auditor, giver_officer, giver_supervisor, admin):
        assert signed_in(person).get(LOG).status_code == 200
    event = Event.objects.first()
    for person in (giver_manager, giver_staff, counsel):
        for address in (LOG, f"{LOG}{event.pk}/", f"{LOG}{event.pk}/proof/", f"{LOG}checkpoint/"):
            assert signed_in(person).get(address).status_code == 404
        for address in (f"{LOG}verify/", f"{LOG}leaves/"):
            assert signed_in(person).post(address).status_code == 404


def test_filters_narrow_and_are_recorded_by_name(kept_log, transfer, giver_officer, yuanxiu, signed_in):
    browser = signed_in(giver_officer)

    def rows(**filters):
        found = browser.get(LOG, filters).context["table"]["rows"]
        return [row[2]["value"] for row in found]

    assert set(rows(type="transfer.drafted")) == {"drafted the transfer"}
    assert "drafted the transfer" in rows(subject=str(transfer.pk))
    assert rows(actor="giver.officer", type="transfer.drafted") == ["drafted the transfer"]
    assert rows(actor=str(yuanxiu.pk)) == []
    assert rows(day="2001-01-01") == []
    assert Event.objects.order_by("id").last().facts["filters"] == ["day"]


def test_a_wrong_filter_is_said_and_shows_nothing(kept_log, giver_officer, signed_in):
    page = signed_in(giver_officer).get(LOG, {"actor": "nobody.at.all"})
    assert "Nobody has this user name." in page.content.decode()
    assert page.context["table"]["rows"] == []
    assert signed_in(giver_officer).get(LOG, {"subject": "no-id", "before": "x"}).status_code == 200


def test_pages_follow_one_another_without_gap(kept_log, giver_officer, signed_in, settings):
    settings.PAGE_ROWS = 3
    browser, seen, address = signed_in(giver_officer), [], f"{LOG}?actor=giver.officer&type=transfer.drafted"
    everything = list(Event.objects.exclude(type=LogEvent.READ).order_by("-id").values_list("pk", flat=True))
    address = LOG
    while address:
        table = browser.get(address).context["table"]
        seen += [row[0]["url"] for row in table["rows"]]
        further = table["pager"]["next_url"]
        address = LOG + further if further else ""
    assert len(seen) == len(set(seen))
    assert {reverse("governance-event", args=[pk]) for pk in everything} <= set(seen)


def test_an_event_shows_its_bytes_and_its_proof(kept_log, transfer, giver_officer, signed_in):
    event = Event.objects.get(type="transfer.drafted")
    page = signed_in(giver_officer).get(f"{LOG}{event.pk}/").content.decode()
    assert "its hash leads to the signed root" in page
    made = json.loads(signed_in(giver_officer).get(f"{LOG}{event.pk}/proof/").content)
    signed = note.parse(made["checkpoint"])
    note.check(signed, log_key())
    leaf = leaf_hash(base64.b64decode(made["body"]))
    path = [bytes.fromhex(each) for each in made["path"]]
    verify_inclusion(leaf, made["index"], made["size"], path, signed.head.root)
    assert signed.head.size == made["size"]


@pytest.mark.django_db
def test_an_event_without_a_place_says_so_and_has_no_proof(transfer, giver_officer, signed_in):
    event = Event.objects.get(type="transfer.drafted")
    assert "waits for its place" in signed_in(giver_officer).get(f"{LOG}{event.pk}/").content.decode()
    assert signed_in(giver_officer).get(f"{LOG}{event.pk}/proof/").status_code == 404
    assert signed_in(giver_officer).get(f"{LOG}checkpoint/").status_code == 404
    assert signed_in(giver_officer).post(f"{LOG}leaves/").status_code == 302


def test_checkpoint_and_leaves_taken_away_fit_each_other(kept_log, auditor, signed_in, audited):
    browser = signed_in(auditor)
    leaves = b"".join(browser.post(f"{LOG}leaves/").streaming_content)
    taken = browser.get(f"{LOG}checkpoint/")
    assert taken["Content-Disposition"].startswith("attachment")
    assert offline.compare(io.BytesIO(leaves), note.parse(taken.content.decode())) == kept_log.size
    assert [kind for kind, _ in audited()] == [AuditEvent.LEAVES_EXPORTED, LogEvent.CHECKPOINT_TAKEN]


@pytest.mark.django_db(transaction=True)
def test_a_verification_runs_once_and_its_result_stands_on_the_page(giver_officer, signed_in, audited):
    check = ask_log_check(by=giver_officer)
    sequence_once()
    for _ in range(3):
        tasks.check_log(str(check.pk))
    check.refresh_from_db()
    assert (check.whole, check.leaves, check.fault_count) == (True, 1, 0)
    assert check.root and check.last_at
    assert [kind for kind, _ in audited()] == [LogEvent.CHECK_ASKED, LogEvent.CHECKED]
    assert "1 entry, verified to the last." in signed_in(giver_officer).get(LOG).content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_fault_is_shown_with_its_place(giver_officer, signed_in, superuser):
    check = ask_log_check(by=giver_officer)
    sequence_once()
    with superuser().cursor() as cursor:
        cursor.execute(
            "ALTER TABLE audit_event DISABLE TRIGGER ALL; UPDATE audit_event SET purpose = 'other'"
        )
    assert carry_out_log_check(check.pk) is True
    check.refresh_from_db()
    assert check.whole is False
    assert FaultKind.COLUMNS_CHANGED in {each["kind"] for each in check.faults}
    page = signed_in(giver_officer).get(LOG).content.decode()
    assert "What is wrong" in page and "leaf 0" in page


@pytest.mark.django_db
def test_a_second_verification_is_refused_while_one_waits(giver_officer, giver_staff, signed_in):
    ask_log_check(by=giver_officer)
    with pytest.raises(Refused) as refusal:
        ask_log_check(by=giver_officer)
    assert refusal.value.code == "log.check_under_way"
    with pytest.raises(NotAllowed):
        ask_log_check(by=giver_staff)
    assert LogCheck.objects.count() == 1


@pytest.mark.django_db
def test_a_lost_verification_is_noticed(giver_officer, signed_in):
    check = ask_log_check(by=giver_officer)
    LogCheck.objects.filter(pk=check.pk).update(lease_until=check.asked_at)
    tasks.reap_log_checks()
    check.refresh_from_db()
    assert (check.state, check.failure) == ("failed", "log.worker_lost")
    assert "start again" in signed_in(giver_officer).get(LOG).content.decode()


def test_the_api_reads_proves_and_takes_away(kept_log, transfer, auditor, giver_staff, signed_in, audited):
    browser = signed_in(auditor)
    found = browser.get("/api/v1/log/", {"type": "transfer.drafted"}).json()["results"]
    assert [each["type"] for each in found] == ["transfer.drafted"]
    address = f"/api/v1/log/{found[0]['id']}/"
    assert browser.get(address).json()["subject"] == str(transfer.pk)
    assert browser.get(f"{address}proof/").json()["size"] == kept_log.size
    assert browser.get("/api/v1/log/checkpoint/").json()["note"] == kept_log.note
    assert b"".join(browser.post("/api/v1/log/leaves/").streaming_content)
    assert browser.get("/api/v1/log/", {"subject": "x"}).status_code == 400
    assert browser.get("/api/v1/log/checks/").json() == []
    assert signed_in(giver_staff).get("/api/v1/log/").status_code == 404
    assert [kind for kind, _ in audited()].count(LogEvent.READ) == 3
