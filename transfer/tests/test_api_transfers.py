"""Transfers, gates, exceptions and approvals through the API: who may, who sees nothing, what stands in the log."""

import datetime

import pytest
from django.utils import timezone

from transfer.gates.registry import Fact, Gate
from transfer.models import GateException, Transfer

pytestmark = pytest.mark.django_db


def path_of(transfer, *parts):
    return "/".join(["transfers", str(transfer.pk), *parts]) + "/"


def kinds(audited):
    return [kind for kind, _ in audited()]


def test_an_officer_drafts_a_transfer_and_names_the_transferee(api, giver_officer, yuanxiu, audited):
    caller = api(giver_officer)
    answer = caller.post("transfers/", basis="merger")
    assert answer.status_code == 201
    made = Transfer.objects.get(pk=answer.json()["id"])
    assert (made.state, made.transferor_id) == ("draft", giver_officer.organisation_id)
    assert answer.json()["side"] == "transferor"
    assert len(answer.json()["gates"]) == 8
    assert set(caller.post(path_of(made, "name-transferee"), transferee="?").json()["errors"]) == {
        "transferee"
    }
    answer = caller.post(path_of(made, "name-transferee"), transferee="YUANXIU")
    assert answer.json()["transferee"]["id"] == str(yuanxiu.pk)
    answer = caller.post(path_of(made, "plan-cutover"), at="2027-01-04T02:00:00+08:00")
    assert answer.json()["planned_cutover"] == "2027-01-04T02:00:00+08:00"
    assert kinds(audited) == ["transfer.drafted", "transfer.transferee_named", "transfer.cutover_planned"]


def test_a_stranger_finds_nothing_and_the_log_says_who_looked(api, transfer, make_user, law_firm, audited):
    stranger = api(make_user(law_firm, "counsel"))
    assert stranger.get("transfers/").json()["results"] == []
    for part in (
        "",
        "approvals/",
        "exceptions/",
        "agreements/",
        "extracts/",
        "cases/",
        "runs/",
        "breaks/",
        "certificates/",
    ):
        answer = stranger.get(path_of(transfer) + part)
        assert answer.status_code == 404, part
        assert answer.json()["type"] == "urn:handover:problem:not-found"
    assert audited() == []


def test_the_wrong_duty_finds_nothing_and_changes_nothing(api, transfer, giver_staff, giver_steward, audited):
    assert api(giver_staff).get("transfers/").status_code == 404
    assert api(giver_steward).post(path_of(transfer, "advance")).status_code == 404
    transfer.refresh_from_db()
    assert transfer.state == "draft"
    assert kinds(audited) == ["handover.access_refused"] * 2


def test_nobody_is_let_in_without_signing_in(client, transfer):
    assert client.get("/api/v1/" + path_of(transfer)).status_code == 403


def test_bad_input_is_named_by_its_field_and_changes_nothing(api, giver_officer, audited):
    answer = api(giver_officer).post("transfers/", basis="gift", jurisdiction="china", colour="red")
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {"basis", "jurisdiction", "colour"}
    assert Transfer.objects.count() == 0
    assert audited() == []


def test_an_unknown_filter_and_a_page_too_large_are_refused(api, giver_officer):
    caller = api(giver_officer)
    assert set(caller.get("transfers/", colour="red").json()["errors"]) == {"colour"}
    assert set(caller.get("transfers/", state="lost").json()["errors"]) == {"state"}
    assert set(caller.get("transfers/", limit="201").json()["errors"]) == {"limit"}


def test_a_form_is_not_read_where_json_is_asked_for(api, giver_officer):
    answer = api(giver_officer).browser.post("/api/v1/transfers/", {"basis": "merger"})
    assert (answer.status_code, answer["Content-Type"]) == (415, "application/problem+json")
    assert Transfer.objects.count() == 0


def test_there_is_no_put_and_no_delete(api, transfer, giver_officer):
    browser = api(giver_officer).browser
    for method in (browser.put, browser.patch, browser.delete):
        assert method("/api/v1/" + path_of(transfer), content_type="application/json").status_code == 405
    assert browser.get("/api/v1/" + path_of(transfer, "advance")).status_code == 405


def test_a_closed_gate_refuses_with_its_code(api, at_stage, giver_officer, audited):
    transfer = at_stage("loading")
    answer = api(giver_officer).post(path_of(transfer, "advance"))
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:handover:problem:gate.closed"
    assert answer.json()["code"] == "gate.closed"
    transfer.refresh_from_db()
    assert transfer.state == "loading"
    assert kinds(audited) == ["handover.act_refused"]


def test_the_transferee_sees_gates_but_no_figures_before_the_agreement(
    api, transfer, taker_officer, giver_officer
):
    answer = api(taker_officer).get(path_of(transfer)).json()
    assert (answer["side"], answer["sight"], answer["funnel"]) == ("transferee", False, None)
    hidden = [fact for gate in answer["gates"] if gate["number"] != 1 for fact in gate["facts"]]
    assert {fact["text"] for fact in hidden} == {""}
    assert {fact["count"] for fact in hidden} == {None}
    assert api(giver_officer).get(path_of(transfer)).json()["funnel"]["cleared"] == 0


@pytest.mark.parametrize(
    "part",
    [
        "extracts",
        "imports",
        "health",
        "policies",
        "cases",
        "runs",
        "breaks",
        "runbook",
        "parties",
        "mandates",
        "custody-moves",
        "certificates",
        "breaches",
    ],
)
def test_data_is_closed_to_the_transferee_until_gate_1_opens(api, transfer, taker_officer, part, monkeypatch):
    answer = api(taker_officer).get(path_of(transfer, part))
    assert answer.status_code == 409
    assert answer.json()["code"] == "gate.sight_closed"
    fact = Fact("signed", ok=True, text="signed")
    monkeypatch.setattr(
        "transfer.policies.gate", lambda _t, n: Gate(number=n, title="", opens="", facts=(fact,))
    )
    assert api(taker_officer).get(path_of(transfer, part)).status_code == 200


def test_counsel_speaks_once_with_a_grant(api, transfer, counsel, audited):
    answer = api(counsel).post(path_of(transfer, "counsel-word"))
    assert answer.status_code == 200
    assert answer.json()["counsel_word_by"] == str(counsel.pk)
    assert (
        api(counsel).post(path_of(transfer, "counsel-word")).json()["code"]
        == "transfer.counsel_spoke_already"
    )
    assert kinds(audited) == ["transfer.counsel_spoke", "handover.act_refused"]


def test_an_approval_is_recorded_and_listed(api, transfer, giver_officer, giver_manager, audited):
    words = {"kind": "csrc", "reference": "CSRC 2026-1", "granted_on": "2026-01-05"}
    assert api(giver_manager).post(path_of(transfer, "approvals"), **words).status_code == 404
    assert api(giver_officer).post(path_of(transfer, "approvals"), **words).status_code == 201
    listed = api(giver_manager).get(path_of(transfer, "approvals")).json()["results"]
    assert [row["reference"] for row in listed] == ["CSRC 2026-1"]
    future = words | {
        "kind": "board_transferor",
        "granted_on": str(timezone.localdate() + datetime.timedelta(2)),
    }
    assert (
        api(giver_officer).post(path_of(transfer, "approvals"), **future).json()["code"]
        == "transfer.date_in_future"
    )
    assert kinds(audited) == ["handover.access_refused", "transfer.approval_recorded", "handover.act_refused"]


def test_an_exception_needs_two_people_and_a_step_up(
    api, api_stepped_up, transfer, giver_officer, giver_officer2, audited
):
    answer = api(giver_officer).post(path_of(transfer, "exceptions"), gate=7, reason="Training comes later.")
    assert answer.status_code == 201
    grant = path_of(transfer, "exceptions", answer.json()["id"], "grant")
    assert api(giver_officer2).post(grant).json()["code"] == "access.step_up_needed"
    assert api_stepped_up(giver_officer).post(grant).json()["code"] == "gate.four_eyes"
    assert GateException.objects.get().granted_at is None
    assert api_stepped_up(giver_officer2).post(grant).json()["granted_by"] == str(giver_officer2.pk)
    gate = api(giver_officer).get(path_of(transfer)).json()["gates"][6]
    assert (gate["open"], gate["excepted"], gate["exception"]["gate"]) == (True, True, 7)
    assert kinds(audited) == [
        "transfer.exception_asked",
        "handover.act_refused",
        "handover.act_refused",
        "transfer.exception_granted",
    ]


def test_an_exception_of_another_transfer_looks_as_if_it_did_not_exist(
    api_stepped_up, api, transfer, giver_officer, giver_officer2
):
    asked = api(giver_officer).post(path_of(transfer, "exceptions"), gate=7, reason="x").json()["id"]
    other = api(giver_officer).post("transfers/").json()["id"]
    answer = api_stepped_up(giver_officer2).post(f"transfers/{other}/exceptions/{asked}/grant/")
    assert answer.status_code == 404
    assert GateException.objects.get().granted_at is None


def test_aborting_needs_a_step_up(api, api_stepped_up, transfer, giver_officer, audited):
    assert api(giver_officer).post(path_of(transfer, "abort")).json()["code"] == "access.step_up_needed"
    assert api_stepped_up(giver_officer).post(path_of(transfer, "abort")).json()["state"] == "aborted"
    assert kinds(audited) == ["handover.act_refused", "transfer.aborted"]


def test_an_agreement_is_drafted_signed_by_both_and_opens_no_second_signature(
    api, api_stepped_up, transfer, terms, giver_officer, taker_officer, audited
):
    answer = api(giver_officer).post(path_of(transfer, "agreements"), **terms)
    assert answer.status_code == 201
    assert [clause["number"] for clause in answer.json()["clauses"]] == [1, 2]
    sign = path_of(transfer, "agreements", answer.json()["id"], "sign")
    assert api(giver_officer).post(sign).json()["code"] == "access.step_up_needed"
    assert len(api_stepped_up(giver_officer).post(sign).json()["signatures"]) == 1
    signed = api_stepped_up(taker_officer).post(sign).json()
    assert {row["organisation"] for row in signed["signatures"]} == {
        str(transfer.transferor_id),
        str(transfer.transferee_id),
    }
    assert api_stepped_up(taker_officer).post(sign).json()["code"] == "agreement.signed_already"
    assert kinds(audited) == [
        "agreement.drafted",
        "handover.act_refused",
        "agreement.signed",
        "agreement.signed",
        "handover.act_refused",
    ]


def test_wrong_terms_are_named_down_to_the_clause(api, transfer, terms, giver_officer, audited):
    del terms["title"]
    terms["clauses"][1]["owner_side"] = "nobody"
    terms["clauses"][0]["extra"] = 1
    answer = api(giver_officer).post(path_of(transfer, "agreements"), **terms)
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {"title", "clauses"}
    assert transfer.agreements.count() == 0
    assert audited() == []


def test_purposes_named_by_code_are_listed_in_words(api, transfer, terms, giver_officer):
    from transfer.models import Agreement

    api(giver_officer).post(path_of(transfer, "agreements"), **terms)
    Agreement.objects.update(purposes=["legal_retention"])
    [listed] = api(giver_officer).get(path_of(transfer, "agreements")).json()["results"]
    [purpose] = listed["purposes"]
    assert purpose["en"] not in {"", "legal_retention"}
    assert purpose["zh"] not in {"", "legal_retention"}
