"""The page of one gate: its facts, and the exception that two people make."""

import pytest

from access.tests.log import last_event
from rules.thresholds import PersonCounts
from transfer.models import GateException
from transfer.tests.pages import address, text

pytestmark = pytest.mark.django_db


def test_a_gate_lists_the_facts_it_is_computed_from(transfer, at_stage, giver_officer, signed_in):
    at_stage("loading")
    page = text(signed_in(giver_officer).get(address("gate", transfer.pk, 1)))
    assert "Gate 1 is closed: the agreement is not signed by both parties" in page
    assert "Counsel has confirmed the legal basis." in page
    assert "not met" in page


def test_there_is_no_ninth_gate(transfer, giver_officer, signed_in):
    assert signed_in(giver_officer).get(address("gate", transfer.pk, 9)).status_code == 404


def test_a_stranger_finds_no_gate(transfer, make_user, law_firm, signed_in):
    stranger = make_user(law_firm, "counsel")
    assert signed_in(stranger).get(address("gate", transfer.pk, 1)).status_code == 404


def test_the_facts_of_later_gates_are_closed_before_sight(transfer, taker_officer, signed_in):
    page = text(signed_in(taker_officer).get(address("gate", transfer.pk, 2)))
    assert "open to you with gate 1" in page
    assert "Every refused line" not in page


def test_one_asks_and_another_grants(transfer, at_stage, giver_manager, giver_officer, signed_in, stepped_up):
    at_stage("notifying")
    signed_in(giver_manager).post(address("exception-ask", transfer.pk, 7), {"reason": "Paper exams."})
    exception = GateException.objects.get()
    assert (exception.gate, exception.asked_by) == (7, giver_manager)
    browser = stepped_up(giver_officer)
    assert "Paper exams." in text(browser.get(address("exception-grant", transfer.pk, 7)))
    browser.post(address("exception-grant", transfer.pk, 7))
    exception.refresh_from_db()
    assert exception.granted_by == giver_officer
    assert last_event().type == "transfer.exception_granted"
    assert "is open by exception" in text(browser.get(address("gate", transfer.pk, 7)))


def test_nobody_grants_what_they_asked_for(transfer, giver_officer, stepped_up):
    browser = stepped_up(giver_officer)
    browser.post(address("exception-ask", transfer.pk, 7), {"reason": "Paper exams."})
    assert address("exception-grant", transfer.pk, 7) not in text(
        browser.get(address("gate", transfer.pk, 7))
    )
    answer = browser.post(address("exception-grant", transfer.pk, 7))
    assert "Another person must grant" in text(answer)
    assert GateException.objects.get().granted_at is None


def test_a_reason_is_needed_and_gate_8_takes_no_exception(transfer, giver_officer, signed_in):
    browser = signed_in(giver_officer)
    assert "This field is required." in text(
        browser.post(address("exception-ask", transfer.pk, 7), {"reason": ""})
    )
    refused = text(browser.post(address("exception-ask", transfer.pk, 8), {"reason": "Haste & hurry"}))
    assert "takes no exception" in refused
    assert "Haste &amp; hurry" in refused


def test_a_manager_grants_nothing(transfer, giver_officer, taker_manager, signed_in, stepped_up):
    signed_in(giver_officer).post(address("exception-ask", transfer.pk, 7), {"reason": "Paper exams."})
    assert stepped_up(taker_manager).post(address("exception-grant", transfer.pk, 7)).status_code == 404
    assert last_event().facts["reason"] == "transfer.grant_exception"


def test_gate_3_names_the_thresholds_that_are_reached(transfer, giver_officer, signed_in, monkeypatch):
    page = address("gate", transfer.pk, 3)
    assert "No threshold is reached" in text(signed_in(giver_officer).get(page))
    monkeypatch.setattr(
        "transfer.gates.duties.count_persons", lambda _: PersonCounts(900_000, 200_000, both=50_000)
    )
    said = text(signed_in(giver_officer).get(page))
    assert "&gt;= 1,000,000" in said
    assert "only after" in said
