"""Notices, evidence, announcements, objections and cases through the API."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from clients.models import Announcement, DeliveryEvidence, NoticeCampaign, Objection
from transfer.models import ClientCase

pytestmark = pytest.mark.django_db


def path_of(transfer, *parts):
    return "/".join(["transfers", str(transfer.pk), *(str(part) for part in parts)]) + "/"


def kinds(audited):
    return [kind for kind, _ in audited()]


@pytest.fixture
def notice(transfer, giver_officer, giver_officer2) -> NoticeCampaign:
    """An approved notice."""
    from django.utils import timezone

    return NoticeCampaign.objects.create(
        occasion=transfer.pk,
        sender=transfer.transferor,
        number=1,
        text_en="Dear client",
        text_zh="尊敬的客户",
        text_digest=b"d" * 32,
        created_by=giver_officer,
        approved_by=giver_officer2,
        approved_at=timezone.now(),
    )


def evidence_file(*rows: str) -> SimpleUploadedFile:
    head = "客户号,渠道,送达日期,结果,凭证编号\r\n"
    return SimpleUploadedFile("e.csv", (head + "".join(f"{row}\r\n" for row in rows)).encode())


def test_a_notice_that_says_too_little_is_refused(api, transfer, terms, giver_officer, audited):
    caller = api(giver_officer)
    assert caller.post(path_of(transfer, "notices")).json()["code"] == "notice.agreement_first"
    caller.post(path_of(transfer, "agreements"), **terms)
    usual = caller.get(path_of(transfer, "notices", "usual-values")).json()["values"]
    wrong = caller.post(path_of(transfer, "notices"), values={"colour": "red", "effective_on": "soon"})
    assert set(wrong.json()["errors"]["values"]) == {"colour", "effective_on"}
    assert "officer_contact" in usual
    emptied = caller.post(path_of(transfer, "notices"), values=dict.fromkeys(usual, ""))
    assert emptied.json()["code"] == "notice.text_incomplete"
    assert not NoticeCampaign.objects.exists()


def test_a_notice_is_approved_by_another_officer(
    api, transfer, notice, giver_officer, giver_officer2, audited
):
    NoticeCampaign.objects.filter(pk=notice.pk).update(approved_by=None, approved_at=None)
    path = path_of(transfer, "notices", notice.pk, "approve")
    assert api(giver_officer).post(path).json()["code"] == "notice.four_eyes"
    assert api(giver_officer2).post(path).json()["approved_by"] == str(giver_officer2.pk)
    assert kinds(audited) == ["handover.act_refused", "notice.approved"]


def test_a_notice_of_another_transfer_does_not_exist(api, transfer, notice, giver_officer):
    other = api(giver_officer).post("transfers/").json()["id"]
    assert api(giver_officer).get(f"transfers/{other}/notices/{notice.pk}/").status_code == 404


def test_evidence_is_loaded_once_and_unknown_lines_are_named(
    api, transfer, notice, make_client, giver_officer, audited
):
    client = make_client("000000000001")
    rows = ("000000000001,挂号信,20260105,已送达,E1", "999999999999,挂号信,20260105,退回,E2")
    path = path_of(transfer, "notices", notice.pk, "load-evidence")
    first = api(giver_officer).upload(path, file=evidence_file(*rows)).json()
    assert (first["kept"], first["known"], first["unknown_lines"]) == (1, 0, [3])
    second = api(giver_officer).upload(path, file=evidence_file(*rows)).json()
    assert (second["kept"], second["known"]) == (0, 1)
    listed = api(giver_officer).get(path_of(transfer, "notices", notice.pk, "evidence")).json()["results"]
    assert [(row["client"], row["outcome"]) for row in listed] == [(str(client.pk), "delivered")]
    assert kinds(audited).count("notice.evidence_loaded") == 2


def test_a_file_of_many_batches_is_kept_once_in_whatever_batch_a_line_lies(
    api, transfer, notice, make_client, giver_officer, monkeypatch
):
    for module in ("tables", "notices"):
        monkeypatch.setattr(f"clients.services.{module}.BATCH", 2)
    monkeypatch.setattr("clients.services.notices.LINES_NAMED", 1)
    numbers = [f"{number:012d}" for number in range(1, 6)]
    for number in numbers:
        make_client(number)
    rows = [f"{number},挂号信,20260105,已送达,E{number}" for number in numbers]
    strangers = [f"99999999999{digit},挂号信,20260105,退回,S{digit}" for digit in (1, 2)]
    path = path_of(transfer, "notices", notice.pk, "load-evidence")
    file = evidence_file(rows[0], strangers[0], *rows[1:], rows[0], strangers[1])
    found = api(giver_officer).upload(path, file=file).json()
    assert found == {"kept": 5, "known": 1, "unknown": 2, "unknown_lines": [3]}
    assert DeliveryEvidence.objects.values("client").distinct().count() == 5


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("客户号,渠道\r\n".encode(), "notice.file_columns"),
        ("客户号,渠道,送达日期,结果,凭证编号\r\n".encode("gb18030"), "notice.file_not_utf8"),
        ('客户号,渠道,送达日期,结果,凭证编号\r\n"1"x,,,,\r\n'.encode(), "notice.file_row"),
        (
            (
                "客户号,渠道,送达日期,结果,凭证编号\r\n000000000001,挂号信,20260105,已送达," + "E" * 61
            ).encode(),
            "notice.file_row",
        ),
    ],
)
def test_a_file_that_is_no_table_of_evidence_is_refused_by_name(
    api, transfer, notice, make_client, giver_officer, content, code
):
    make_client("000000000001")
    path = path_of(transfer, "notices", notice.pk, "load-evidence")
    answer = api(giver_officer).upload(path, file=SimpleUploadedFile("e.csv", content))
    assert answer.json()["code"] == code
    assert not DeliveryEvidence.objects.exists()


def test_a_wrong_line_of_evidence_keeps_nothing(api, transfer, notice, make_client, giver_officer, audited):
    make_client("000000000001")
    path = path_of(transfer, "notices", notice.pk, "load-evidence")
    answer = api(giver_officer).upload(path, file=evidence_file("000000000001,飞鸽,20260105,已送达,E1"))
    assert answer.json()["code"] == "notice.file_row"
    assert not DeliveryEvidence.objects.exists()
    assert kinds(audited)[-1] == "handover.act_refused"


def test_an_announcement_serves_only_with_counsels_word(
    api, transfer, notice, giver_officer, counsel, audited
):
    words = {"medium": "Securities Times", "published_on": "2026-01-05", "reference": "ST-1"}
    path = path_of(transfer, "notices", notice.pk, "announcements")
    made = api(giver_officer).post(path, **words)
    assert made.status_code == 201
    sign_off = path_of(transfer, "notices", notice.pk, "announcements", made.json()["id"], "sign-off")
    assert api(giver_officer).post(sign_off).status_code == 404
    assert Announcement.objects.get().signed_off_at is None
    seen = type("Open", (), {"open": True})()
    import transfer.policies as policies

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(policies, "gate", lambda *_: seen)
        assert api(counsel).post(sign_off).json()["signed_off_by"] == str(counsel.pk)
    assert kinds(audited) == ["notice.announced", "handover.access_refused", "notice.announcement_signed_off"]


def test_an_objection_is_entered_and_decided(api, transfer, notice, make_client, giver_officer, audited):
    client = make_client()
    path = path_of(transfer, "notices", notice.pk, "objections")
    words = {
        "client": str(client.pk),
        "wish": "move_away",
        "raised_on": "2026-01-05",
        "destination": "Another broker",
    }
    made = api(giver_officer).post(path, **words)
    assert made.status_code == 201
    assert "destination" not in made.json()
    decide = path_of(transfer, "notices", notice.pk, "objections", made.json()["id"], "decide")
    assert set(api(giver_officer).post(decide, decision="open").json()["errors"]) == {"decision"}
    assert api(giver_officer).post(decide, decision="leaving").json()["decision"] == "leaving"
    assert Objection.objects.get().decided_by == giver_officer
    assert kinds(audited) == ["notice.objection_entered", "notice.objection_decided"]


def test_an_objection_of_an_unknown_client_is_not_found(api, transfer, notice, giver_officer):
    words = {"client": str(transfer.pk), "wish": "object", "raised_on": "2026-01-05"}
    assert (
        api(giver_officer).post(path_of(transfer, "notices", notice.pk, "objections"), **words).status_code
        == 404
    )


def test_cases_are_assessed_and_add_up(api, transfer, make_client, giver_officer, giver_steward, audited):
    for _ in range(2):
        make_client()
    assert api(giver_steward).post(path_of(transfer, "cases", "assess")).status_code == 404
    counted = api(giver_officer).post(path_of(transfer, "cases", "assess")).json()
    assert counted["clients"] == 2
    state = next(state for state, count in counted["states"].items() if count)
    listed = api(giver_officer).get(path_of(transfer, "cases"), state=state).json()["results"]
    assert len(listed) == counted["states"][state]
    assert listed[0]["reasons"] == ClientCase.objects.get(pk=listed[0]["id"]).reasons
    assert kinds(audited) == ["handover.access_refused", "cases.opened", "cases.assessed"]
