"""Files handed in by browser: recognised, mapped, looked at, loaded, and their rejects mended or left out."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from access.models import User
from access.tests.log import events, last_event
from audit.models import Event
from clients.models import Client
from transfer.models import ClientCase, Extract, FieldPolicy, ImportChunk, ImportRun, Reject, Transfer
from transfer.services.imports import run_now, start_run
from transfer.tests.import_world import *  # noqa: F403
from transfer.tests.import_world import AS_OF, CLIENT_HEADER, client_lines, clients_csv
from vault.models import SealedFile

pytestmark = pytest.mark.django_db

ONE, TWO = "000000000001", "000000000002"
BAD = (
    f"{CLIENT_HEADER}\r\n"
    + client_lines(ONE, name="欧阳清")
    + (
        "000000000007,个人,王芳,身份证,110105194912310021,13800000000,正常,20200102,0001,9001\r\n"
        "000000000008,个人,李雷,护照,E00000008,13800000000,正常,20230230,0001,9001\r\n"
    )
)


def url(name: str, *args) -> str:
    return reverse(f"transfer-{name}", args=args)


def text_of(answer) -> str:
    return answer.content.decode()


def upload(data: bytes, name: str = "客户资料.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type="text/csv")


@pytest.fixture
def browser(signed_in, giver_steward):
    return signed_in(giver_steward)


@pytest.fixture
def bad_run(load) -> ImportRun:
    """A load with one good line and two refused ones."""
    return load("客户资料.csv", BAD.encode("gb18030"))


def hand_in(browser, transfer: Transfer, data: bytes, name: str = "客户资料.csv", **more):
    form = {"file": upload(data, name), "kind": "", "purpose": "full", **more}
    return browser.post(url("import-upload", transfer.pk), form)


def test_an_empty_page_teaches_where_to_begin(browser, transfer):
    text = text_of(browser.get(url("imports", transfer.pk)))
    assert "No file is handed in yet" in text and url("import-upload", transfer.pk) in text


def test_a_file_is_recognised_and_shown_masked_with_its_mapping(browser, transfer):
    answer = hand_in(browser, transfer, clients_csv(ONE, TWO))
    extract = Extract.objects.get()
    assert answer["Location"] == url("extract", transfer.pk, extract.pk)
    assert (extract.kind, extract.format, extract.encoding) == ("clients", "csv", "gb18030")
    answer = browser.get(answer["Location"])
    text = text_of(answer)
    assert "GB18030" in text and "客户姓名" in text and "周**" in text
    assert "周宁" not in text and "13800000000" not in text and ONE not in text
    assert "no-store" in answer["Cache-Control"]
    assert Event.objects.filter(type="audit.data_read", purpose="preview_extract").count() == 1
    assert not ImportRun.objects.exists()


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"", "a.csv", "The file is empty."),
        (b"%PDF-1.7 nothing", "a.csv", "is not what its ending"),
        (f"{CLIENT_HEADER},客户号\r\n".encode(), "a.csv", "stands twice"),
        (clients_csv(ONE)[:-20] + b"\x00\x00", "a.csv", "NUL byte"),
        (clients_csv(ONE)[:-30], "a.csv", "breaks off"),
        (
            clients_csv(ONE, encoding="utf-8").replace("客户状态".encode(), "性别".encode()),
            "a.csv",
            "is missing",
        ),
    ],
)
def test_a_bad_file_is_refused_beside_the_field_and_nothing_stays(browser, transfer, data, name, said):
    answer = hand_in(browser, transfer, data, name)
    text = text_of(answer)
    assert answer.status_code == 200 and said in text.replace("&quot;", '"')
    assert 'aria-invalid="true"' in text
    assert not Extract.objects.exists()


def test_an_unknown_field_stops_and_goes_on_when_it_is_declared(browser, transfer):
    data = (
        clients_csv(ONE)
        .decode("gb18030")
        .replace("客户经理\r\n", "客户经理,星座\r\n")
        .replace("9001\r\n", "9001,白羊\r\n")
    )
    text = text_of(hand_in(browser, transfer, data.encode()))
    assert "Nobody knows the field “星座”" in text
    assert not Extract.objects.exists()
    waiting = SealedFile.objects.get(purpose="upload")
    answer = browser.post(
        url("import-declare", transfer.pk),
        {"kind": "clients", "field": "星座", "upload": waiting.pk, "purpose": "full"},
    )
    extract = Extract.objects.get()
    assert answer["Location"] == url("extract", transfer.pk, extract.pk)
    assert FieldPolicy.objects.get(source_field="星座").policy == "never"
    assert "import.policy_set" in events("import")


def test_another_firms_upload_cannot_be_taken(browser, signed_in, taker_steward, transfer, yuanxiu):
    from vault.files import seal_stream

    theirs = seal_stream([clients_csv(ONE)], holder=yuanxiu.pk, purpose="upload", name="a.csv")
    form = {"kind": "clients", "field": "星座", "upload": theirs.pk, "purpose": "full"}
    assert browser.post(url("import-declare", transfer.pk), form).status_code == 404
    assert not Extract.objects.exists()


def test_policies_are_saved_and_previewed_before(browser, transfer, receive):
    extract = receive("客户资料.csv", clients_csv(ONE))
    rows = {row.source_field: row for row in FieldPolicy.objects.filter(transfer=transfer)}
    chosen = {str(row.pk): row.policy for row in rows.values()} | {str(rows["手机号码"].pk): "never"}
    text = text_of(browser.post(url("extract-preview", transfer.pk, extract.pk), chosen))
    assert "not stored" in text
    assert FieldPolicy.objects.get(pk=rows["手机号码"].pk).policy == "move"
    answer = browser.post(url("extract-policies", transfer.pk, extract.pk), chosen)
    assert answer.status_code == 302
    assert FieldPolicy.objects.get(pk=rows["手机号码"].pk).policy == "never"
    assert last_event().type == "import.policy_set"


def test_a_needed_field_cannot_be_dropped_and_nothing_chosen_is_lost(browser, transfer, receive):
    extract = receive("客户资料.csv", clients_csv(ONE))
    rows = {row.source_field: row for row in FieldPolicy.objects.filter(transfer=transfer)}
    chosen = {str(row.pk): row.policy for row in rows.values()}
    chosen |= {str(rows["手机号码"].pk): "never", str(rows["客户号"].pk): "never"}
    text = text_of(browser.post(url("extract-policies", transfer.pk, extract.pk), chosen))
    assert "is needed to tell rows apart" in text
    assert FieldPolicy.objects.get(pk=rows["手机号码"].pk).policy == "move"
    select = text.partition(f'name="{rows["手机号码"].pk}"')[2].partition("</select>")[0]
    assert '<option value="never" selected' in select


def test_a_run_starts_in_the_worker_after_the_commit(
    browser, transfer, receive, django_capture_on_commit_callbacks, monkeypatch
):
    asked = []
    monkeypatch.setattr("transfer.tasks.imports.plan_run.delay", lambda *args: asked.append(args))
    extract = receive("客户资料.csv", clients_csv(ONE))
    with django_capture_on_commit_callbacks(execute=True):
        answer = browser.post(url("import-start", transfer.pk, extract.pk), {"mode": "load"})
    run = ImportRun.objects.get()
    assert answer["Location"] == url("import-run", transfer.pk, run.pk)
    assert asked == [(str(run.pk),)]
    text = text_of(browser.get(answer["Location"]))
    assert url("import-progress", transfer.pk, run.pk) in text and "Stop" in text


def test_a_run_goes_on_when_the_page_is_left_and_shows_its_end(browser, transfer, receive, giver_steward):
    extract = receive("客户资料.csv", clients_csv(ONE, TWO))
    run = start_run(extract=extract, mode="load", by=giver_steward, as_of=AS_OF)
    part = browser.get(url("import-progress", transfer.pk, run.pk), headers={"HX-Request": "true"})
    assert 'hx-trigger="every 1s"' in text_of(part) and "HX-Refresh" not in part
    run_now(run)
    part = browser.get(url("import-progress", transfer.pk, run.pk), headers={"HX-Request": "true"})
    assert part["HX-Refresh"] == "true"
    text = text_of(browser.get(url("import-run", transfer.pk, run.pk)))
    assert "2 of 2 lines are loaded, 0 rejected." in text


def test_a_run_is_stopped_and_goes_on(browser, transfer, receive, giver_steward):
    extract = receive("客户资料.csv", clients_csv(ONE))
    run = start_run(extract=extract, mode="load", by=giver_steward, as_of=AS_OF)
    browser.post(url("import-stop", transfer.pk, run.pk))
    run.refresh_from_db()
    assert run.state == "stopped"
    assert "Go on" in text_of(browser.get(url("import-run", transfer.pk, run.pk)))
    browser.post(url("import-resume", transfer.pk, run.pk))
    run_now(ImportRun.objects.get(pk=run.pk))
    run.refresh_from_db()
    assert (run.state, run.accepted) == ("done", 1)
    assert "import.run_stopped" in events("import")


def test_a_parked_slice_is_tried_again(browser, transfer, receive, giver_steward):
    from transfer.importing.planning import plan

    extract = receive("客户资料.csv", clients_csv(ONE))
    run = start_run(extract=extract, mode="load", by=giver_steward, as_of=AS_OF)
    plan(run.pk)
    ImportChunk.objects.filter(run=run).update(state="parked", problem="ValueError")
    assert "ValueError" in text_of(browser.get(url("import-run", transfer.pk, run.pk)))
    chunk = ImportChunk.objects.get(run=run)
    browser.post(url("import-retry", transfer.pk, run.pk, chunk.pk))
    chunk.refresh_from_db()
    assert chunk.state == "waiting" and last_event().type == "import.chunk_retried"


def test_declared_and_found_stand_side_by_side(browser, transfer, load):
    run = load("客户资料.csv", clients_csv(ONE, TWO))
    control = "文件名,记录数,合计列,合计值\r\n客户资料.csv,3,,\r\n".encode()
    answer = browser.post(url("import-totals", transfer.pk), {"file": upload(control, "控制总数.csv")})
    assert answer.status_code == 302
    text = text_of(browser.get(url("imports", transfer.pk)))
    assert "differ" in text
    assert "differ" in text_of(browser.get(url("import-run", transfer.pk, run.pk)))


def test_rejects_show_line_column_and_reason_but_no_cell(browser, transfer, bad_run):
    text = text_of(browser.get(url("rejects", transfer.pk, bad_run.pk)))
    assert "2 of 2 rejected lines are still open." in text
    assert "The check character of the identity number is wrong." in text and "There is no such date." in text
    assert "110105194912310021" not in text
    narrowed = text_of(browser.get(url("rejects", transfer.pk, bad_run.pk), {"code": "date_invalid"}))
    assert "line-4" in narrowed and "line-3" not in narrowed


def test_a_cell_is_shown_masked_and_its_reading_is_recorded(browser, transfer, bad_run):
    reject = Reject.objects.get(run=bad_run, code="id_checksum")
    answer = browser.post(
        url("reject-cell", transfer.pk, bad_run.pk, reject.pk), headers={"HX-Request": "true"}
    )
    assert "1101********0021" in text_of(answer) and "110105194912310021" not in text_of(answer)
    read = last_event()
    assert (read.type, read.purpose) == ("audit.data_read", "show_reject")
    dated = Reject.objects.get(run=bad_run, code="date_invalid")
    assert "20230230" in text_of(browser.post(url("reject-cell", transfer.pk, bad_run.pk, dated.pk)))


def test_a_cell_in_the_wrong_column_shows_its_first_sign_only(browser, transfer, load):
    data = BAD.replace("正常,20200102,0001,9001", "13900000001,20200102,0001,9001", 1)
    run = load("客户资料.csv", data.encode("gb18030"))
    reject = Reject.objects.get(run=run, code="value_unknown")
    text = text_of(
        browser.post(url("reject-cell", transfer.pk, run.pk, reject.pk), headers={"HX-Request": "true"})
    )
    assert "1****" in text and "13900000001" not in text


def test_the_reject_file_asks_for_the_password_and_is_recorded(
    browser, stepped_up, giver_steward, transfer, bad_run
):
    assert "/step-up/" in browser.post(url("reject-file", transfer.pk, bad_run.pk))["Location"]
    answer = stepped_up(giver_steward).post(url("reject-file", transfer.pk, bad_run.pk))
    data = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert data.count("\r\n") == 3 and "110105194912310021" in data
    assert events()[-2:] == ["import.rejects_downloaded", "audit.data_read"]
    assert "客户资料" not in answer["Content-Disposition"]


def test_a_mended_file_marks_its_lines(stepped_up, giver_steward, transfer, bad_run):
    browser = stepped_up(giver_steward)
    answer = browser.post(url("reject-file", transfer.pk, bad_run.pk))
    data = b"".join(answer.streaming_content).decode("utf-8-sig").replace("20230230", "20230228")
    answer = browser.post(
        url("reject-mended", transfer.pk, bad_run.pk),
        {"file": upload(data.encode("utf-8-sig"), "rejects.csv")},
    )
    mended = ImportRun.objects.exclude(pk=bad_run.pk).get()
    assert answer["Location"] == url("import-run", transfer.pk, mended.pk)
    run_now(mended)
    decisions = dict(Reject.objects.filter(run=bad_run).values_list("code", "decision"))
    assert decisions["date_invalid"] == "mended"


def test_one_line_is_left_out_with_a_reason(browser, transfer, bad_run):
    reject = Reject.objects.get(run=bad_run, code="id_checksum")
    page = url("reject-leave-out", transfer.pk, bad_run.pk, reject.pk)
    assert "can no longer be mended" in text_of(browser.get(page))
    assert "This field is required" in text_of(browser.post(page, {"reason": ""}))
    browser.post(page, {"reason": "the client cannot be found"})
    reject.refresh_from_db()
    assert (reject.decision, reject.reason) == ("left_out", "the client cannot be found")
    assert last_event().type == "import.reject_left_out"


def test_all_lines_with_one_reason_are_left_out_together(browser, transfer, load):
    data = BAD + client_lines(ONE) + client_lines(ONE)
    run = load("客户资料.csv", data.encode("gb18030"))
    page = url("reject-leave-code", transfer.pk, run.pk, "duplicate_key")
    assert "2" in text_of(browser.get(page))
    browser.post(page, {"reason": "exported twice"})
    decided = Reject.objects.filter(run=run, decision="left_out")
    assert {row.code for row in decided} == {"duplicate_key"} and decided.count() == 2
    assert events("import.reject_left_out") == ["import.reject_left_out"] * 2


def test_the_health_report_begins_with_a_file_and_a_draft(signed_in, make_user, canglan):
    manager = make_user(canglan, "transfer_manager", "data_steward")
    browser = signed_in(manager)
    assert reverse("transfer-health-begin") in text_of(browser.get(reverse("transfer-list")))
    answer = browser.post(
        reverse("transfer-health-begin"), {"file": upload(clients_csv(ONE)), "transfer": "", "kind": ""}
    )
    transfer, run = Transfer.objects.get(), ImportRun.objects.get()
    assert answer["Location"] == url("import-run", transfer.pk, run.pk)
    assert (transfer.state, transfer.transferor, run.mode) == ("draft", canglan, "profile")
    run_now(run)
    text = text_of(browser.get(url("health", transfer.pk)))
    assert "1 client looked at" in text


def test_a_refused_file_leaves_no_draft(signed_in, make_user, canglan):
    browser = signed_in(make_user(canglan, "transfer_manager"))
    answer = browser.post(
        reverse("transfer-health-begin"), {"file": upload(b"%PDF-1.4"), "transfer": "", "kind": ""}
    )
    assert "is not what its ending" in text_of(answer)
    assert not Transfer.objects.exists()


def test_each_count_opens_exactly_its_clients(browser, transfer, load):
    data = BAD.replace("欧阳清,护照,E00000001,13800000000", "欧阳清,护照,E00000001,")
    load("客户资料.csv", data.encode("gb18030"), mode="profile")
    text = text_of(browser.get(url("health", transfer.pk)))
    assert "Telephone missing" in text and "Plan a letter" in text
    assert url("health-rows", transfer.pk, "phone_missing") in text
    assert "Lines that cannot be loaded as they are" in text
    answer = browser.get(url("health-rows", transfer.pk, "phone_missing"))
    text = text_of(answer)
    assert "1 client is touched." in text and "欧**" in text and "欧阳清" not in text
    assert len(answer.context["table"]["rows"]) == 1
    assert (last_event().type, last_event().purpose) == ("audit.data_read", "show_findings")
    assert browser.get(url("health-rows", transfer.pk, "nonsense")).status_code == 404


def test_of_loaded_clients_the_row_leads_to_the_record(browser, transfer, load):
    load(
        "客户资料.csv",
        BAD.replace("欧阳清,护照,E00000001,13800000000", "欧阳清,护照,E00000001,").encode("gb18030"),
    )
    text = text_of(browser.get(url("health-rows", transfer.pk, "phone_missing")))
    assert reverse("clients-record", args=[Client.objects.get().pk]) in text


PAGES = ("imports", "health", "policies")


def test_the_data_stays_closed_to_the_transferee_before_gate_one(signed_in, taker_officer, transfer, bad_run):
    browser = signed_in(taker_officer)
    for name in PAGES:
        assert browser.get(url(name, transfer.pk)).status_code == 409
    for name in ("import-run", "rejects"):
        assert browser.get(url(name, transfer.pk, bad_run.pk)).status_code == 409
    assert set(events("handover")) == {"handover.act_refused"}


def test_behind_gate_one_the_transferee_sees_figures_and_no_cell(
    signed_in, make_user, yuanxiu, transfer, bad_run, monkeypatch
):
    monkeypatch.setattr("transfer.views.frame.require_sight", lambda *_: None)
    monkeypatch.setattr("transfer.views.frame.sees_data", lambda *_: True)
    browser = signed_in(make_user(yuanxiu, "data_steward", "transfer_manager"))
    assert "2 of 2 rejected lines" in text_of(browser.get(url("rejects", transfer.pk, bad_run.pk)))
    reject = Reject.objects.filter(run=bad_run).first()
    assert browser.post(url("reject-cell", transfer.pk, bad_run.pk, reject.pk)).status_code == 409
    page = text_of(browser.get(url("extract", transfer.pk, bad_run.extract_id)))
    assert "欧**" not in page and "Load" not in page.partition("<main")[2].partition("page-tabs")[0]
    answer = browser.post(url("import-start", transfer.pk, bad_run.extract_id), {"mode": "profile"})
    assert "your own organisation only" in text_of(answer)
    text = text_of(browser.get(url("health-rows", transfer.pk, "staff_missing")))
    assert "周" not in text
    assert events("audit.data_read") == ["audit.data_read"] * len(events("audit.data_read"))


def test_a_stranger_finds_no_such_transfer(signed_in, make_user, transfer, bad_run, audit_firm):
    browser = signed_in(make_user(audit_firm, "data_steward", "auditor"))
    for address in (*(url(name, transfer.pk) for name in PAGES), url("import-run", transfer.pk, bad_run.pk)):
        assert browser.get(address).status_code == 404


@pytest.mark.parametrize("person", ["giver_officer", "giver_supervisor"])
def test_who_does_not_load_is_refused_and_recorded(signed_in, request, transfer, bad_run, person):
    browser = signed_in(request.getfixturevalue(person))
    assert browser.get(url("import-run", transfer.pk, bad_run.pk)).status_code == 200
    answer = hand_in(browser, transfer, clients_csv(TWO))
    assert answer.status_code == 404
    assert (last_event().type, last_event().facts["reason"]) == (
        "handover.access_refused",
        "transfer.load_extract",
    )
    assert browser.post(url("import-stop", transfer.pk, bad_run.pk)).status_code == 404
    reject = Reject.objects.filter(run=bad_run).first()
    assert browser.post(url("reject-cell", transfer.pk, bad_run.pk, reject.pk)).status_code == 404


def test_client_service_has_no_door_to_imports(signed_in, giver_staff, transfer):
    assert signed_in(giver_staff).get(url("imports", transfer.pk)).status_code == 404
    assert last_event().type == "handover.access_refused"


def test_the_pages_speak_chinese(browser, transfer, bad_run):
    browser.cookies["django_language"] = "zh-hans"
    text = text_of(browser.get(url("rejects", transfer.pk, bad_run.pk)))
    assert "2 个被拒绝行中仍有 2 个未处理" in text and "证件号码校验位有误" in text


def test_the_case_stands_on_the_clients_page_with_its_reasons(browser, transfer, load):
    load("客户资料.csv", clients_csv(ONE))
    client = Client.objects.get()
    ClientCase.objects.create(
        transfer=transfer, client=client, state="parked", reasons=["no_such_rule|PIPL 31|no_such_reason"]
    )
    text = text_of(browser.get(reverse("clients-record", args=[client.pk])))
    assert transfer.number in text and "Parked" in text and "no_such_reason (PIPL 31)" in text
