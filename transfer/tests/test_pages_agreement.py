"""The agreement's pages: drafting by document and by hand, the paper, signatures, breaches, counsel and approvals."""

import json

import pytest

from access.tests.log import events, last_event
from transfer.models import Agreement, Approval, ClauseBreach
from transfer.services.agreements import draft_agreement
from transfer.tests.pages import address, text, upload

pytestmark = pytest.mark.django_db

DOCUMENT = {
    "title": {"en": "Agreement", "zh-hans": "协议"},
    "purposes": ["legal_retention"],
    "purpose_changed": False,
    "field_scope": ["clients.name"],
    "clauses": [
        {
            "owner": "transferor",
            "check": "extract_on_time",
            "due_on": "2026-01-01",
            "title": {"en": "Extract", "zh-hans": "数据"},
            "text": {"en": "In time.", "zh-hans": "按时。"},
            "consequence": {"en": "A fee.", "zh-hans": "违约金。"},
        }
    ],
}


def by_hand(**changes):
    """A filled form of one clause and an empty row, as a browser sends it."""
    return {
        "title": "By hand",
        "purpose_en": "Service",
        "purpose_zh": "服务",
        "field_scope": ["clients.name"],
        "clause-TOTAL_FORMS": "2",
        "clause-INITIAL_FORMS": "0",
        "clause-MIN_NUM_FORMS": "1",
        "clause-MAX_NUM_FORMS": "60",
        "clause-0-text_en": "Kept secret.",
        "clause-0-text_zh": "保密。",
        "clause-0-owner_side": "both",
        "clause-0-check": "none",
        "clause-0-due_on": "",
        "clause-0-consequence_en": "Damages.",
        "clause-0-consequence_zh": "赔偿。",
        "clause-1-owner_side": "transferor",
        "clause-1-check": "none",
        **changes,
    }


@pytest.fixture
def agreement(transfer, terms, giver_officer):
    """A drafted version."""
    return draft_agreement(transfer=transfer, terms=terms, by=giver_officer)


def test_the_empty_page_teaches(transfer, giver_officer, signed_in):
    page = text(signed_in(giver_officer).get(address("agreement", transfer.pk)))
    assert "No agreement yet" in page
    assert address("agreement-document", transfer.pk) in page


def test_a_document_becomes_a_version(transfer, giver_manager, signed_in):
    answer = signed_in(giver_manager).post(
        address("agreement-document", transfer.pk),
        {"document": upload("agreement.json", json.dumps(DOCUMENT))},
    )
    assert answer.headers["Location"] == address("agreement", transfer.pk)
    clause = Agreement.objects.get(transfer=transfer).clauses.get()
    assert (clause.check_code, clause.owner_side) == ("extract_on_time", "transferor")
    assert last_event().type == "agreement.drafted"


def test_a_document_that_is_none_is_refused_on_the_same_page(transfer, giver_manager, signed_in):
    answer = signed_in(giver_manager).post(
        address("agreement-document", transfer.pk), {"document": upload("agreement.json", "no json")}
    )
    assert answer.status_code == 200
    assert "This did not go through" in text(answer)
    assert not Agreement.objects.exists()


def test_a_version_is_entered_by_hand_and_empty_rows_are_no_clauses(transfer, giver_manager, signed_in):
    answer = signed_in(giver_manager).post(address("agreement-draft", transfer.pk), by_hand())
    assert answer.status_code == 302, text(answer)
    made = Agreement.objects.get(transfer=transfer)
    assert (made.title, made.clauses.count(), made.purposes) == (
        "By hand",
        1,
        [{"en": "Service", "zh": "服务"}],
    )


def test_an_incomplete_clause_keeps_what_was_typed(transfer, giver_manager, signed_in):
    wrong = by_hand(**{"clause-0-consequence_zh": "", "clause-0-text_en": "Typed & kept"})
    answer = signed_in(giver_manager).post(address("agreement-draft", transfer.pk), wrong)
    assert "Typed &amp; kept" in text(answer)
    assert "Some clauses are not complete" in text(answer)
    assert not Agreement.objects.exists()


def test_a_later_version_starts_from_the_one_before(agreement, transfer, giver_manager, signed_in):
    page = text(signed_in(giver_manager).get(address("agreement-draft", transfer.pk)))
    assert "The extracts are delivered by the agreed day." in page


def test_both_parties_sign_and_the_page_compares_their_signatures(
    agreement, transfer, giver_officer, taker_officer, stepped_up
):
    for officer in (giver_officer, taker_officer):
        browser = stepped_up(officer)
        assert agreement.digest.hex() in text(browser.get(address("agreement-sign", transfer.pk)))
        browser.post(address("agreement-sign", transfer.pk))
    assert events("agreement.signed") == ["agreement.signed"] * 2
    page = text(browser.get(address("agreement", transfer.pk)))
    assert "Version 1 is signed by both parties." in page
    for signature in agreement.signatures.all():
        assert signature.fingerprint in page
        assert bytes(signature.signature).hex() in page


def test_signing_asks_for_the_password(agreement, transfer, giver_officer, signed_in):
    answer = signed_in(giver_officer).post(address("agreement-sign", transfer.pk))
    assert "/step-up/" in answer.headers["Location"]
    assert not agreement.signatures.exists()


def test_a_manager_does_not_sign(agreement, transfer, giver_manager, stepped_up):
    assert stepped_up(giver_manager).post(address("agreement-sign", transfer.pk)).status_code == 404
    assert last_event().facts["reason"] == "transfer.sign_agreement"


def test_the_executed_paper_is_registered_by_its_digest(agreement, transfer, giver_officer, signed_in):
    answer = signed_in(giver_officer).post(
        address("agreement-executed", transfer.pk),
        {"document": upload("signed.pdf", b"%PDF-1.7 signed"), "signed_on": "2026-01-05"},
    )
    assert answer.status_code == 302
    agreement.refresh_from_db()
    assert len(agreement.executed_digest) == 64
    assert agreement.executed_digest in text(signed_in(giver_officer).get(address("agreement", transfer.pk)))


def test_a_breach_is_found_shown_with_its_consequence_and_decided(
    transfer, giver_officer, taker_officer, signed_in
):
    from transfer.agreement_document import read_agreement

    draft_agreement(transfer=transfer, terms=read_agreement(json.dumps(DOCUMENT).encode()), by=giver_officer)
    browser = signed_in(giver_officer)
    assert "1 new breach was found." in text(
        browser.post(address("agreement-check", transfer.pk), follow=True)
    )
    breach = ClauseBreach.objects.get()
    other = signed_in(taker_officer)
    assert "A fee." in text(other.get(address("breach", transfer.pk, breach.pk)))
    other.post(address("breach", transfer.pk, breach.pk), {"decision": "The fee is paid."})
    breach.refresh_from_db()
    assert (breach.decision, breach.decided_by) == ("The fee is paid.", taker_officer)
    assert last_event().type == "agreement.breach_decided"


def test_counsel_confirms_the_basis(transfer, counsel, stepped_up):
    stepped_up(counsel).post(address("counsel", transfer.pk))
    transfer.refresh_from_db()
    assert transfer.counsel_word_by == counsel
    assert last_event().type == "transfer.counsel_spoke"


def test_an_approval_is_recorded_once(transfer, giver_officer, signed_in):
    browser = signed_in(giver_officer)
    words = {"kind": "csrc", "reference": "CSRC-1", "granted_on": "2026-01-05"}
    browser.post(address("approval", transfer.pk), words)
    assert Approval.objects.get().reference == "CSRC-1"
    again = text(browser.post(address("approval", transfer.pk), words))
    assert "recorded already" in again
    assert 'value="CSRC-1"' in again


def test_an_approval_of_tomorrow_is_refused_and_kept(transfer, giver_officer, signed_in):
    answer = signed_in(giver_officer).post(
        address("approval", transfer.pk), {"kind": "csrc", "reference": "CSRC-1", "granted_on": "2999-01-05"}
    )
    assert "lies in the future" in text(answer)
    assert 'value="2999-01-05"' in text(answer)
