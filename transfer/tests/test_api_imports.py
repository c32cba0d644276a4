"""Extracts, imports, rejects, health and policies through the API."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from transfer.models import Extract, FieldPolicy, ImportRun, Reject
from transfer.services.imports import run_now
from transfer.tests.import_world import *  # noqa: F403
from transfer.tests.import_world import clients_csv
from vault.models import SealedFile

pytestmark = pytest.mark.django_db
NUMBERS = [f"{number:012d}" for number in range(1, 6)]


def path_of(transfer, *parts):
    return "/".join(["transfers", str(transfer.pk), *(str(part) for part in parts)]) + "/"


def kinds(audited):
    return [kind for kind, _ in audited()]


def as_file(name: str, data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type="text/csv")


@pytest.fixture
def loaded(transfer, api, giver_steward):
    """Five clients handed in and loaded through the API; the second number stands twice."""
    caller = api(giver_steward)
    data = clients_csv(*NUMBERS, NUMBERS[1])
    extract = caller.upload(path_of(transfer, "extracts"), file=as_file("clients.csv", data)).json()
    caller.post(path_of(transfer, "extracts", extract["id"], "default-policies"))
    run = caller.post(path_of(transfer, "imports"), extract=extract["id"], mode="load").json()
    return run_now(ImportRun.objects.get(pk=run["id"]))


def test_an_extract_is_sealed_recognised_and_listed(api, transfer, giver_steward, audited):
    answer = api(giver_steward).upload(
        path_of(transfer, "extracts"), file=as_file("a.csv", clients_csv(*NUMBERS))
    )
    assert answer.status_code == 201
    assert (answer.json()["kind"], answer.json()["encoding"]) == ("clients", "gb18030")
    extract = Extract.objects.get()
    assert SealedFile.objects.get(pk=extract.file).purpose == "extract"
    listed = api(giver_steward).get(path_of(transfer, "extracts"), kind="clients").json()["results"]
    assert [row["id"] for row in listed] == [str(extract.pk)]
    assert kinds(audited) == ["audit.data_read", "import.extract_received"]


def test_a_file_that_is_missing_or_not_multipart_is_a_named_error(api, transfer, giver_steward, audited):
    caller = api(giver_steward)
    assert set(caller.post(path_of(transfer, "extracts")).json()["errors"]) == {"file"}
    answer = caller.upload(
        path_of(transfer, "extracts"), file=as_file("a.csv", clients_csv("1")), purpose="lost"
    )
    assert set(answer.json()["errors"]) == {"purpose"}
    assert not Extract.objects.exists()
    assert audited() == []


def test_a_wrong_type_of_body_is_refused(api, transfer, giver_steward):
    answer = api(giver_steward).browser.post(
        "/api/v1/" + path_of(transfer, "extracts"), "<xml/>", content_type="application/xml"
    )
    assert answer.status_code == 415
    assert answer["Content-Type"] == "application/problem+json"


def test_an_upload_beyond_the_limit_is_refused_and_leaves_nothing(
    api, transfer, giver_steward, settings, audited
):
    settings.UPLOAD_MAX_BYTES = 100
    answer = api(giver_steward).upload(
        path_of(transfer, "extracts"), file=as_file("a.csv", clients_csv(*NUMBERS))
    )
    assert (answer.status_code, answer["Content-Type"]) == (413, "application/problem+json")
    assert not Extract.objects.exists()
    assert not SealedFile.objects.exists()
    assert audited() == []


def test_an_unreadable_file_is_refused_by_its_code(api, transfer, giver_steward, audited):
    answer = api(giver_steward).upload(
        path_of(transfer, "extracts"), file=as_file("a.csv", "客户号,\x00".encode())
    )
    assert answer.status_code == 409
    assert answer.json()["type"].startswith("urn:handover:problem:file.")
    assert not Extract.objects.exists()
    assert kinds(audited)[-1] == "handover.act_refused"


def test_the_wrong_duty_uploads_nothing(api, transfer, giver_officer, audited):
    answer = api(giver_officer).upload(path_of(transfer, "extracts"), file=as_file("a.csv", clients_csv("1")))
    assert answer.status_code == 404
    assert not Extract.objects.exists()
    assert kinds(audited) == ["handover.access_refused"]


def test_a_load_shows_its_progress_and_its_rejects(api, transfer, giver_steward, loaded):
    caller = api(giver_steward)
    shown = caller.get(path_of(transfer, "imports", loaded.pk)).json()
    assert (shown["state"], shown["accepted"], shown["rejected"]) == ("done", 5, 1)
    assert shown["progress"]["percent"] == 100
    rejects = caller.get(path_of(transfer, "imports", loaded.pk, "rejects")).json()["results"]
    assert [(row["line"], row["code"], row["decision"]) for row in rejects] == [(7, "duplicate_key", "open")]
    assert (
        caller.get(path_of(transfer, "imports", loaded.pk, "rejects"), decision="mended").json()["results"]
        == []
    )


def test_rejects_come_in_the_order_of_the_file_page_by_page(api, transfer, giver_steward, loaded):
    Reject.objects.bulk_create(Reject(run=loaded, line=line, code="too_long") for line in (40, 20, 30))
    caller = api(giver_steward)
    first = caller.get(path_of(transfer, "imports", loaded.pk, "rejects"), limit=2).json()
    second = caller.browser.get(first["next"]).json()
    assert [row["line"] for row in first["results"] + second["results"]] == [7, 20, 30, 40]


def test_a_reject_is_left_out_with_a_reason(api, transfer, giver_steward, loaded, audited):
    reject = Reject.objects.get(run=loaded)
    path = path_of(transfer, "imports", loaded.pk, "rejects", reject.pk, "leave-out")
    assert set(api(giver_steward).post(path).json()["errors"]) == {"reason"}
    answer = api(giver_steward).post(path, reason="the same person twice")
    assert answer.json()["decision"] == "left_out"
    reject.refresh_from_db()
    assert reject.decided_by == giver_steward
    assert kinds(audited) == ["import.reject_left_out"]


def test_the_file_of_rejects_is_for_the_firm_whose_file_it_is(
    api, transfer, giver_steward, taker_steward, loaded, audited, monkeypatch
):
    answer = api(giver_steward).browser.get(
        "/api/v1/" + path_of(transfer, "imports", loaded.pk, "reject-file")
    )
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert NUMBERS[1] in text
    assert answer["Cache-Control"] == "no-store"
    assert kinds(audited) == ["import.rejects_downloaded", "audit.data_read"]
    monkeypatch.setattr("transfer.policies.sees_data", lambda *_: True)
    other = api(taker_steward).get(path_of(transfer, "imports", loaded.pk, "reject-file"))
    assert other.json()["code"] == "import.other_side"


def test_an_extract_loads_once(api, transfer, giver_steward, loaded):
    answer = api(giver_steward).post(
        path_of(transfer, "imports"), extract=str(loaded.extract_id), mode="load"
    )
    assert answer.json()["code"] == "import.running_already"
    assert ImportRun.objects.count() == 1


def test_an_extract_of_another_transfer_is_a_wrong_value(api, transfer, giver_steward, giver_officer, loaded):
    other = api(giver_officer).post("transfers/").json()["id"]
    answer = api(giver_steward).post(
        f"transfers/{other}/imports/", extract=str(loaded.extract_id), mode="load"
    )
    assert set(answer.json()["errors"]) == {"extract"}
    assert api(giver_steward).get(f"transfers/{other}/imports/{loaded.pk}/").status_code == 404


def test_a_run_that_ended_cannot_be_stopped(api, transfer, giver_steward, loaded):
    assert (
        api(giver_steward).post(path_of(transfer, "imports", loaded.pk, "stop")).json()["code"]
        == "import.not_running"
    )
    assert api(giver_steward).post(
        path_of(transfer, "imports", loaded.pk, "slices", 1, "retry")
    ).status_code in {404, 409}


def test_health_counts_and_the_rows_behind_them(api, transfer, giver_steward, loaded):
    caller = api(giver_steward)
    report = caller.get(path_of(transfer, "health")).json()
    assert report["clients"] == 5
    assert report["rejects"] == {"duplicate_key": 1}
    rows = caller.get(path_of(transfer, "health", "findings"), code="dormant").json()["results"]
    assert len(rows) == report["counts"]["dormant"]
    assert set(caller.get(path_of(transfer, "health", "findings")).json()["errors"]) == {"code"}
    assert caller.get(path_of(transfer, "health"), side="transferee").status_code == 404


def test_a_policy_is_set_until_rows_are_loaded(api, transfer, giver_steward, audited):
    caller = api(giver_steward)
    extract = caller.upload(
        path_of(transfer, "extracts"), file=as_file("a.csv", clients_csv(*NUMBERS))
    ).json()
    caller.post(path_of(transfer, "extracts", extract["id"], "default-policies"))
    row = FieldPolicy.objects.get(transfer=transfer, target_field="phone")
    answer = caller.post(path_of(transfer, "policies", row.pk, "set"), policy="never")
    assert answer.json()["policy"] == "never"
    assert set(caller.post(path_of(transfer, "policies", row.pk, "set"), policy="sell").json()["errors"]) == {
        "policy"
    }
    listed = caller.get(path_of(transfer, "policies"), policy="never").json()["results"]
    assert str(row.pk) in {shown["id"] for shown in listed}
    made = caller.post(path_of(transfer, "policies"), kind="clients", source_field="客户昵称")
    assert (made.status_code, made.json()["policy"]) == (201, "never")
    assert kinds(audited)[-2:] == ["import.policy_set", "import.policy_set"]
