"""Exceptions cover the facts of their day and no other; approvals are corrected and both entries stay."""

import pytest
from django.utils import timezone

from audit.errors import Refused
from transfer.breach_words import breach_words
from transfer.gates import registry
from transfer.gates.registry import Fact, gate
from transfer.models import Approval
from transfer.services.agreements import draft_agreement
from transfer.services.exceptions import ask_exception, grant_exception
from transfer.services.letters import usual_values
from transfer.services.transfers import correct_approval, record_approval
from transfer.tests.pages import address, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def facts(monkeypatch):
    """What gate 7 rests on here, to be changed by the test."""
    held = {"staffed": False, "examined": True}
    source = [lambda _: [Fact(code, ok=ok, text=code) for code, ok in held.items()]]
    monkeypatch.setitem(registry._sources, 7, source)
    return held


def except_it(transfer, giver_officer, giver_officer2):
    exception = ask_exception(transfer=transfer, gate=7, reason="On paper.", by=giver_officer)
    return grant_exception(exception=exception, by=giver_officer2)


def test_an_exception_covers_the_facts_that_failed_when_it_was_granted(
    facts, transfer, giver_officer, giver_officer2
):
    assert except_it(transfer, giver_officer, giver_officer2).facts == ["staffed"]
    assert gate(transfer, 7).open
    facts["examined"] = False
    assert not gate(transfer, 7).open
    except_it(transfer, giver_officer, giver_officer2)
    assert gate(transfer, 7).open
    assert len(gate(transfer, 7).exceptions) == 2


def test_an_open_gate_takes_no_exception(facts, transfer, giver_officer):
    facts["staffed"] = True
    with pytest.raises(Refused) as refusal:
        ask_exception(transfer=transfer, gate=7, reason="x", by=giver_officer)
    assert refusal.value.code == "gate.open_already"


def test_the_gates_page_names_what_its_exception_covers(
    facts, transfer, giver_officer, giver_officer2, signed_in
):
    except_it(transfer, giver_officer, giver_officer2)
    page = text(signed_in(giver_officer).get(address("gate", transfer.pk, 7)))
    assert "It covers exactly these facts:" in page


@pytest.fixture
def approval(transfer, giver_officer):
    return record_approval(
        transfer=transfer, kind="csrc", reference="C-1", granted_on=timezone.localdate(), by=giver_officer
    )


def test_a_correction_counts_and_both_entries_stay(
    audited, approval, transfer, terms, giver_officer, signed_in
):
    draft_agreement(transfer=transfer, terms=terms, by=giver_officer)
    signed_in(giver_officer).post(
        address("approval-correct", transfer.pk, approval.pk),
        {
            "reference": "C-10",
            "granted_on": timezone.localdate().isoformat(),
            "reason": "A digit was missing.",
        },
    )
    assert set(Approval.objects.values_list("reference", flat=True)) == {"C-1", "C-10"}
    assert Approval.objects.standing().get().reference == "C-10"
    assert usual_values(transfer)["approval_reference"] == "C-10"
    assert "transfer.approval_corrected" in [kind for kind, _ in audited()]
    assert "A digit was missing." in text(signed_in(giver_officer).get(address("agreement", transfer.pk)))


def test_a_corrected_entry_is_not_corrected_again_nor_without_a_reason(approval, giver_officer):
    words = {"reference": "C-2", "granted_on": approval.granted_on, "by": giver_officer}
    with pytest.raises(Refused) as refusal:
        correct_approval(approval=approval, reason=" ", **words)
    assert refusal.value.code == "gate.reason_missing"
    correct_approval(approval=approval, reason="wrong", **words)
    with pytest.raises(Refused) as refusal:
        correct_approval(approval=approval, reason="wrong", **words)
    assert refusal.value.code == "transfer.approval_corrected_already"


@pytest.mark.parametrize(
    ("fact", "words"),
    [
        ("extract:late:due-2026-11-18", "The last extract came after the agreed day, 2026-11-18."),
        ("rehearsal:0", "No rehearsal had been held by the agreed day."),
        ("rehearsal:2", "Rehearsal 2 left breaks that nobody has explained."),
        ("consent:3:without", "Clients who moved without a valid consent: 3."),
        ("nobody:worded:this", "nobody:worded:this"),
    ],
)
def test_a_breach_is_told_in_words(fact, words):
    assert breach_words(fact) == words
