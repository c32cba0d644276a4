"""The notices' pages: drafted against the law's list, approved by a second person, proved, announced, answered."""

import datetime

import pytest

from access.tests.log import events, last_event
from clients.models import Announcement, DeliveryEvidence, NoticeCampaign, Objection
from clients.services.notices import approve_campaign
from transfer.services.agreements import draft_agreement
from transfer.services.letters import draft_notice, usual_values
from transfer.tests.pages import address, open_gate_1, text, upload

pytestmark = pytest.mark.django_db

TYPED = {
    "approval_reference": "CSRC-1",
    "transferee_contact": "4008000000",
    "officer_contact": "privacy@canglan.example",
    "effective_on": datetime.date(2026, 12, 18),
}
EVIDENCE = "客户号,渠道,送达日期,结果,凭证编号\n000000000001,短信,2026-01-05,已送达,S1\n999999999999,短信,2026-01-05,已送达,S2\n"


@pytest.fixture
def agreed(transfer, terms, giver_officer):
    """The transfer with a drafted agreement, which the notice quotes."""
    draft_agreement(transfer=transfer, terms=terms, by=giver_officer)
    return transfer


@pytest.fixture
def campaign(agreed, giver_officer, giver_officer2):
    """An approved notice."""
    drafted = draft_notice(transfer=agreed, given={**usual_values(agreed), **TYPED}, by=giver_officer)
    return approve_campaign(campaign=drafted, by=giver_officer2)


def filled(transfer, **changes):
    """The form as it comes, with what only a person knows."""
    return {name: value or "" for name, value in {**usual_values(transfer), **TYPED, **changes}.items()}


def test_the_empty_page_teaches(transfer, giver_officer, signed_in):
    page = text(signed_in(giver_officer).get(address("notices", transfer.pk)))
    assert "No notice yet" in page
    assert address("notice-draft", transfer.pk) in page


def test_a_notice_needs_an_agreement_to_quote(transfer, giver_officer, signed_in):
    answer = signed_in(giver_officer).get(address("notice-draft", transfer.pk))
    assert answer.status_code == 409
    assert "draft the agreement first" in text(answer)


def test_the_preview_names_what_the_law_asks_for_and_is_not_said(agreed, giver_officer, signed_in):
    page = text(signed_in(giver_officer).get(address("notice-draft", agreed.pk)))
    assert "is not said yet" in page
    assert "Reference of the approval" in page
    assert "merges into Yuanxiu Securities Co., Ltd." in page
    assert "远岫证券股份有限公司（受让方）" in page


def test_looking_at_it_stores_nothing(agreed, giver_officer, signed_in):
    answer = signed_in(giver_officer).post(
        address("notice-draft", agreed.pk),
        {**filled(agreed, costs_en="Free of charge & for good."), "act": "preview"},
    )
    assert "Both texts say everything" in text(answer)
    assert "Free of charge &amp; for good." in text(answer)
    assert not NoticeCampaign.objects.exists()


def test_a_notice_is_drafted_in_both_languages(agreed, giver_officer, signed_in):
    answer = signed_in(giver_officer).post(
        address("notice-draft", agreed.pk), {**filled(agreed), "act": "draft"}
    )
    assert answer.headers["Location"] == address("notices", agreed.pk)
    made = NoticeCampaign.objects.get()
    assert "Canglan Securities Co., Ltd." in made.text_en
    assert "沧澜证券有限公司" in made.text_zh
    assert last_event().type == "notice.drafted"


def test_a_missing_value_stands_beside_its_field_and_the_rest_is_kept(agreed, giver_officer, signed_in):
    typed = filled(agreed, officer_contact="", costs_en="Nothing at all & never.")
    answer = signed_in(giver_officer).post(address("notice-draft", agreed.pk), {**typed, "act": "draft"})
    assert "This field is required." in text(answer)
    assert "Nothing at all &amp; never." in text(answer)
    assert not NoticeCampaign.objects.exists()


def test_another_person_approves(agreed, giver_officer, giver_officer2, signed_in):
    made = draft_notice(transfer=agreed, given={**usual_values(agreed), **TYPED}, by=giver_officer)
    approval = address("notice-approve", agreed.pk, made.pk)
    own = signed_in(giver_officer)
    assert approval not in text(own.get(address("notices", agreed.pk)))
    assert "Another person must approve" in text(own.post(approval))
    other = signed_in(giver_officer2)
    assert "尊敬的客户" in text(other.get(approval))
    other.post(approval)
    made.refresh_from_db()
    assert made.approved_by == giver_officer2
    assert events("notice.") == ["notice.drafted", "notice.approved"]


def test_a_manager_reads_notices_but_drafts_none(agreed, campaign, giver_manager, signed_in):
    browser = signed_in(giver_manager)
    assert "Notice 1" in text(browser.get(address("notices", agreed.pk)))
    assert browser.get(address("notice-draft", agreed.pk)).status_code == 404
    assert last_event().facts["reason"] == "clients.draft_notice"


def test_a_stranger_finds_no_notices(agreed, campaign, make_user, law_firm, signed_in):
    stranger = make_user(law_firm, "counsel")
    assert signed_in(stranger).get(address("notices", agreed.pk)).status_code == 404


def test_the_transferee_reads_notices_only_from_gate_1_on(
    agreed, campaign, giver_officer, taker_officer, signed_in
):
    browser = signed_in(taker_officer)
    assert browser.get(address("notices", agreed.pk)).status_code == 409
    open_gate_1(agreed, giver_officer, taker_officer)
    assert "Notice 1" in text(browser.get(address("notices", agreed.pk)))


def test_the_transferee_loads_no_evidence(agreed, campaign, giver_officer, taker_officer, signed_in):
    open_gate_1(agreed, giver_officer, taker_officer)
    answer = signed_in(taker_officer).post(
        address("notice-evidence", agreed.pk, campaign.pk), {"document": upload("e.csv", EVIDENCE)}
    )
    assert answer.status_code == 404
    assert not DeliveryEvidence.objects.exists()


def test_evidence_says_how_many_lines_were_kept_and_which_name_nobody(
    agreed, campaign, make_client, giver_officer, signed_in
):
    make_client("000000000001", book=agreed.book)
    answer = signed_in(giver_officer).post(
        address("notice-evidence", agreed.pk, campaign.pk),
        {"document": upload("e.csv", EVIDENCE)},
        follow=True,
    )
    assert "Lines kept: 1; known before: 0. Lines that name no client of this book: 1 (3)." in text(answer)
    assert DeliveryEvidence.objects.get().reference == "S1"


def test_a_wrong_line_refuses_the_file_on_the_same_page(
    agreed, campaign, make_client, giver_officer, signed_in
):
    make_client("000000000001", book=agreed.book)
    answer = signed_in(giver_officer).post(
        address("notice-evidence", agreed.pk, campaign.pk),
        {"document": upload("e.csv", EVIDENCE.replace("短信", "鸽子"))},
    )
    assert "Line 2, column 渠道" in text(answer)
    assert not DeliveryEvidence.objects.exists()


def test_an_announcement_serves_after_counsels_sign_off(
    agreed, campaign, giver_officer, taker_officer, counsel, signed_in
):
    open_gate_1(agreed, giver_officer, taker_officer)
    signed_in(giver_officer).post(
        address("notice-announcement", agreed.pk, campaign.pk),
        {
            "medium": "听泉证券报",
            "published_on": "2026-01-05",
            "reference": "G1",
            "proof": upload("g.pdf", b"%PDF-1.7"),
        },
    )
    row = Announcement.objects.get()
    assert row.proof is not None
    signing = address("notice-sign-off", agreed.pk, row.pk)
    assert signing in text(signed_in(counsel).get(address("notices", agreed.pk)))
    signed_in(counsel).post(signing)
    row.refresh_from_db()
    assert row.signed_off_by == counsel
    assert last_event().type == "notice.announcement_signed_off"


def test_objections_are_loaded_listed_masked_and_decided(
    agreed, campaign, make_client, giver_officer, signed_in
):
    make_client("000000000001", book=agreed.book)
    browser = signed_in(giver_officer)
    file = upload("o.csv", "客户号,提出日期,处理方式,去向机构\n000000000001,2026-01-06,销户,\n")
    browser.post(address("notice-objections", agreed.pk, campaign.pk), {"document": file})
    objection = Objection.objects.get()
    page = text(browser.get(address("notices", agreed.pk)))
    assert "1 objection waits for a decision." in page
    assert "欧**" in page
    assert "欧阳清" not in page
    assert address("objection", agreed.pk, objection.pk) in page
    browser.post(address("objection", agreed.pk, objection.pk), {"decision": "leaving"})
    objection.refresh_from_db()
    assert (objection.decision, objection.decided_by) == ("leaving", giver_officer)
    assert last_event().type == "notice.objection_decided"


def test_a_letter_is_a_masked_pdf_and_its_reading_is_recorded(
    agreed, campaign, make_client, giver_officer, signed_in
):
    client = make_client("000000000001", book=agreed.book, guardian=True, is_under14=True, is_minor=True)
    answer = signed_in(giver_officer).get(address("notice-letter", agreed.pk, campaign.pk, client.pk))
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    assert (last_event().purpose, last_event().subject) == ("notice_letter", client.pk)


def test_the_transferee_prints_no_letters(
    agreed, campaign, make_client, giver_officer, taker_officer, signed_in
):
    client = make_client("000000000001", book=agreed.book)
    open_gate_1(agreed, giver_officer, taker_officer)
    answer = signed_in(taker_officer).get(address("notice-letter", agreed.pk, campaign.pk, client.pk))
    assert answer.status_code == 404
