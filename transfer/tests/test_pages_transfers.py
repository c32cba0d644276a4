"""The pages of transfers as a whole: list, new, cockpit, and the acts on them."""

import pytest
from django.urls import reverse

from access.tests.log import events, last_event
from transfer.models import Transfer

pytestmark = pytest.mark.django_db


def address(name, *parts):
    return reverse(f"transfer-{name}", args=parts)


def text(answer):
    return answer.content.decode()


def test_the_list_says_where_a_transfer_stands_and_whose_move_it_is(transfer, giver_officer, signed_in):
    page = text(signed_in(giver_officer).get(address("list")))
    assert transfer.number in page
    assert "Nothing stands in the way of loading the data." in page
    assert "You see 1 transfer." in page


def test_the_list_of_a_stranger_is_empty_and_teaches(transfer, taker_staff, make_user, law_firm, signed_in):
    stranger = make_user(law_firm, "counsel")
    page = text(signed_in(stranger).get(address("list")))
    assert transfer.number not in page
    assert "No transfer yet" in page


def test_a_new_transfer_is_drafted(giver_manager, signed_in):
    answer = signed_in(giver_manager).post(
        address("new"), {"basis": "merger", "jurisdiction": "CN", "planned_cutover": "2026-12-18T17:00"}
    )
    made = Transfer.objects.get()
    assert answer.headers["Location"] == address("overview", made.pk)
    assert (made.transferor, made.basis) == (giver_manager.organisation, "merger")
    assert last_event().type == "transfer.drafted"


def test_wrong_input_keeps_what_was_typed(giver_manager, signed_in):
    answer = signed_in(giver_manager).post(
        address("new"), {"basis": "asset_sale", "jurisdiction": "CN", "planned_cutover": "tomorrow"}
    )
    page = text(answer)
    assert 'value="tomorrow"' in page
    assert '<option value="asset_sale" selected>' in page
    assert not Transfer.objects.exists()


@pytest.mark.parametrize(
    "name", ["overview", "advance", "abort", "transferee", "planned-cutover", "agreement"]
)
def test_a_stranger_finds_no_such_transfer(name, transfer, make_user, law_firm, stepped_up):
    stranger = make_user(law_firm, "counsel")
    assert stepped_up(stranger).get(address(name, transfer.pk)).status_code == 404


def test_the_wrong_duty_is_refused_and_recorded(transfer, giver_manager, stepped_up):
    answer = stepped_up(giver_manager).post(address("abort", transfer.pk))
    assert answer.status_code == 404
    transfer.refresh_from_db()
    assert transfer.state == "draft"
    assert last_event().facts["reason"] == "transfer.abort_transfer"


def test_the_cockpit_names_the_closed_gate_and_whose_move_it_is(transfer, at_stage, giver_officer, signed_in):
    at_stage("loading")
    page = text(signed_in(giver_officer).get(address("overview", transfer.pk)))
    assert "Gate 1, Agreement, is closed: the agreement is not signed by both parties, and " in page
    assert "Canglan Securities Co., Ltd. and Yuanxiu Securities Co., Ltd." in page
    assert "drafted the transfer" in page


def test_the_funnel_adds_up_and_every_count_opens_its_rows(
    transfer, at_stage, make_client, giver_officer, signed_in
):
    from transfer.models import ClientCase
    from transfer.services.cases import assess_cases

    at_stage("notifying")
    for _ in range(3):
        make_client(book=transfer.book)
    assess_cases(transfer=transfer, by=giver_officer)
    ClientCase.objects.filter(pk=ClientCase.objects.first().pk).update(state="parked")
    browser = signed_in(giver_officer)
    overview = browser.get(address("overview", transfer.pk))
    stats = overview.context["stats"]
    assert sum(stat["value"] for stat in stats) == overview.context["total"] == 3
    for stat in stats:
        rows = browser.get(stat["url"]).context["listing"]["rows"]
        assert len(rows) == stat["value"]
    everything = browser.get(address("cases", transfer.pk)).context["stats"]
    assert sum(stat["value"] for stat in everything[:-1]) == everything[-1]["value"] == 3


def test_the_transferee_sees_no_counts_before_gate_1(transfer, make_client, taker_officer, signed_in):
    make_client(book=transfer.book)
    answer = signed_in(taker_officer).get(address("overview", transfer.pk))
    assert answer.context["stats"] == []
    assert "open to you with gate 1" in text(answer)


def test_a_closed_gate_is_said_beside_the_form(transfer, at_stage, giver_manager, signed_in):
    at_stage("loading")
    answer = signed_in(giver_manager).post(address("advance", transfer.pk))
    assert answer.status_code == 200
    assert "Gate 1 is closed" in text(answer)
    assert "transfer.advanced" not in events()


def test_the_next_stage_is_reached(transfer, giver_manager, signed_in):
    answer = signed_in(giver_manager).post(address("advance", transfer.pk))
    transfer.refresh_from_db()
    assert (answer.status_code, transfer.state) == (302, "loading")
    assert last_event().type == "transfer.advanced"


def test_aborting_asks_for_the_password_and_says_what_it_does(transfer, giver_officer, signed_in, stepped_up):
    first = signed_in(giver_officer).get(address("abort", transfer.pk))
    assert first.headers["Location"].startswith(reverse("access-step-up"))
    browser = stepped_up(giver_officer)
    assert "cannot be taken up again" in text(browser.get(address("abort", transfer.pk)))
    browser.post(address("abort", transfer.pk))
    transfer.refresh_from_db()
    assert transfer.state == "aborted"
    assert last_event().type == "transfer.aborted"


def test_a_transferee_is_named_once(giver_officer, yuanxiu, signed_in):
    from transfer.services.transfers import draft_transfer

    drafted = draft_transfer(by=giver_officer)
    browser = signed_in(giver_officer)
    browser.post(address("transferee", drafted.pk), {"transferee": str(yuanxiu.pk)})
    drafted.refresh_from_db()
    assert drafted.transferee == yuanxiu
    again = browser.post(address("transferee", drafted.pk), {"transferee": str(yuanxiu.pk)})
    assert "named already" in text(again)


def test_the_home_page_lists_what_is_under_way(transfer, giver_officer, signed_in):
    page = text(signed_in(giver_officer).get("/"))
    assert transfer.number in page
    assert "1 transfer is under way." in page


def test_home_sends_people_without_transfers_on(giver_staff, signed_in):
    assert signed_in(giver_staff).get("/").status_code == 302


def test_a_chinese_reader_reads_chinese(transfer, at_stage, giver_officer, signed_in):
    at_stage("loading")
    page = signed_in(giver_officer).get(
        address("overview", transfer.pk), headers={"accept-language": "zh-hans"}
    )
    assert "关口 1" in text(page)
