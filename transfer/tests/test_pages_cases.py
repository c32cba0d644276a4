"""The page of the clients' states: figures that open their rows, masked names, reasons with articles."""

import pytest

from access.tests.log import events, last_event
from audit.models import Event
from transfer.models import ClientCase
from transfer.services.cases import assess_cases
from transfer.tests.pages import address, open_gate_1, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def assessed(transfer, at_stage, make_client, giver_officer):
    """Three assessed clients, one of them parked by hand."""
    at_stage("notifying")
    for _ in range(3):
        make_client(book=transfer.book)
    assess_cases(transfer=transfer, by=giver_officer)
    ClientCase.objects.filter(pk=ClientCase.objects.order_by("pk").first().pk).update(state="parked")
    return transfer


def test_the_empty_page_teaches(transfer, giver_officer, signed_in):
    assert "No client has a verdict yet" in text(signed_in(giver_officer).get(address("cases", transfer.pk)))


def test_a_state_in_the_address_shows_exactly_its_clients(assessed, giver_officer, signed_in):
    browser = signed_in(giver_officer)
    shown = browser.get(address("cases", assessed.pk) + "?state=parked")
    assert [row["case"].state for row in shown.context["listing"]["rows"]] == ["parked"]
    assert "1 of 3 clients are in the state" in text(shown)
    everybody = browser.get(address("cases", assessed.pk) + "?state=nonsense")
    assert len(everybody.context["listing"]["rows"]) == 3


def test_pages_follow_one_another_without_gap_or_twice(assessed, giver_officer, signed_in, settings):
    settings.PAGE_ROWS = 2
    browser = signed_in(giver_officer)
    first = browser.get(address("cases", assessed.pk)).context["listing"]
    second = browser.get(address("cases", assessed.pk) + first["pager"]["next_url"]).context["listing"]
    seen = [row["case"].pk for row in (*first["rows"], *second["rows"])]
    assert seen == list(ClientCase.objects.order_by("pk").values_list("pk", flat=True))
    assert second["pager"]["next_url"] == ""


def test_names_are_masked_and_their_reading_is_recorded_once(assessed, giver_officer, signed_in):
    page = text(signed_in(giver_officer).get(address("cases", assessed.pk)))
    assert "欧**" in page
    assert "欧阳清" not in page
    readings = Event.objects.filter(purpose="masked_list")
    assert [(event.actor, event.facts["count"]) for event in readings] == [(giver_officer.pk, 3)]


def test_others_see_no_names_and_nothing_is_opened(assessed, giver_officer, taker_officer, signed_in):
    open_gate_1(assessed, giver_officer, taker_officer)
    page = text(signed_in(taker_officer).get(address("cases", assessed.pk)))
    assert "欧**" not in page
    assert not Event.objects.filter(purpose="masked_list").exists()


def test_reasons_stand_in_the_readers_language_with_their_article(assessed, giver_officer, signed_in):
    browser = signed_in(giver_officer)
    english = text(browser.get(address("cases", assessed.pk)))
    assert "No notice has been served." in english
    assert "Personal Information Protection Law, Article 22" in english
    chinese = text(browser.get(address("cases", assessed.pk), headers={"accept-language": "zh-hans"}))
    assert "尚未告知。" in chinese


def test_the_transferee_is_refused_before_gate_1(assessed, taker_officer, signed_in):
    assert signed_in(taker_officer).get(address("cases", assessed.pk)).status_code == 409


def test_a_stranger_finds_no_cases(assessed, make_user, law_firm, signed_in):
    assert signed_in(make_user(law_firm, "counsel")).get(address("cases", assessed.pk)).status_code == 404


def test_everybody_is_assessed_at_the_press_of_a_button(transfer, make_client, giver_manager, signed_in):
    make_client(book=transfer.book)
    answer = signed_in(giver_manager).post(address("cases-assess", transfer.pk), follow=True)
    assert "1 client was assessed." in text(answer)
    assert "cases.assessed" in events()


def test_the_wrong_duty_assesses_nobody(transfer, giver_steward, signed_in):
    assert signed_in(giver_steward).post(address("cases-assess", transfer.pk)).status_code == 404
    assert last_event().facts["reason"] == "transfer.assess_cases"
