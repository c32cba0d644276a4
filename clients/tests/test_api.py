"""Clients through the API: masked, within reach only, found by whole values, revealed for a purpose."""

import pytest

from clients.models import Client, Reveal
from clients.sealed import ClientSecret

pytestmark = pytest.mark.django_db
ID = "11010519491231002X"


def kinds(audited):
    return [kind for kind, _ in audited()]


def test_the_list_is_masked_and_one_reading_stands_in_the_log(api, make_client, giver_officer, audited):
    for _ in range(3):
        make_client()
    answer = api(giver_officer).get("clients/")
    rows = answer.json()["results"]
    assert [row["masked"]["name"] for row in rows] == ["欧**"] * 3
    assert "阳清" not in answer.content.decode()
    assert kinds(audited) == ["audit.data_read"]


def test_pages_follow_the_key(api, make_client, giver_officer):
    made = {str(make_client().pk) for _ in range(5)}
    caller = api(giver_officer)
    first = caller.get("clients/", limit=3).json()
    second = caller.browser.get(first["next"]).json()
    assert {row["id"] for row in first["results"] + second["results"]} == made


def test_the_list_is_narrowed_and_unknown_filters_are_refused(api, make_client, giver_officer):
    make_client(status="dormant")
    make_client(is_minor=True)
    assert len(api(giver_officer).get("clients/", status="dormant").json()["results"]) == 1
    assert len(api(giver_officer).get("clients/", flag="is_minor").json()["results"]) == 1
    assert set(api(giver_officer).get("clients/", name="欧阳清").json()["errors"]) == {"name"}


def test_clients_in_another_custody_do_not_exist(
    api, make_client, giver_officer, taker_officer, auditor, audited
):
    client = make_client()
    for stranger in (taker_officer, auditor):
        assert api(stranger).get("clients/").json()["results"] == []
        assert api(stranger).get(f"clients/{client.pk}/").status_code == 404
    answer = api(taker_officer).post(
        f"clients/{client.pk}/reveal/", field="phone", purpose="contact", words="call"
    )
    assert answer.status_code == 404
    assert audited() == []


def test_the_wrong_duty_sees_nothing(api, make_client, admin, audited):
    client = make_client()
    assert api(admin).get(f"clients/{client.pk}/").status_code == 404
    assert kinds(audited) == ["handover.access_refused"]


def test_the_record_is_masked_field_by_field(api, make_client, giver_officer, audited):
    client = make_client(guardian=True)
    answer = api(giver_officer).get(f"clients/{client.pk}/")
    shown = answer.json()
    assert (shown["masked"]["phone"], shown["masked"]["id_number"]) == ("138****5678", "1101********002X")
    assert shown["accounts"][0]["masked"]["balance"] == "****"
    assert shown["relations"][0]["masked"]["name"] == "王**"
    assert "phone" in shown["revealable"]
    assert "13812345678" not in answer.content.decode()
    assert kinds(audited) == ["audit.data_read"]


def test_of_a_small_child_even_ordinary_fields_are_closed(api, make_client, giver_officer):
    secret = ClientSecret(source_no="1", name="小宝宝", id_number=ID, sex="female", nationality="CN")
    client = make_client(is_minor=True, is_under14=True, secret=secret)
    shown = api(giver_officer).get(f"clients/{client.pk}/").json()
    assert (shown["masked"]["sex"], shown["masked"]["nationality"]) == ("****", "****")


def test_a_client_is_found_by_its_whole_identity_number_only(api, make_client, giver_officer, audited):
    client = make_client()
    found = api(giver_officer).post("clients/search/", field="id_number", value=ID)
    assert [row["id"] for row in found.json()] == [str(client.pk)]
    assert api(giver_officer).post("clients/search/", field="id_number", value=ID[:-1]).json() == []
    assert ID not in found.content.decode()
    assert kinds(audited).count("clients.searched") == 2


def test_a_search_is_never_a_get(api, giver_officer):
    browser = api(giver_officer).browser
    assert browser.get("/api/v1/clients/search/").status_code == 405
    assert set(api(giver_officer).post("clients/search/", field="name", value="x").json()["errors"]) == {
        "field"
    }


def test_a_field_is_revealed_for_a_purpose_and_recorded(api, make_client, giver_officer, audited):
    client = make_client()
    answer = api(giver_officer).post(
        f"clients/{client.pk}/reveal/", field="phone", purpose="contact", words="calling back"
    )
    assert answer.json()["value"] == "13812345678"
    assert answer["Cache-Control"] == "no-store"
    assert str(Reveal.objects.get().event) == answer.json()["event"]
    assert kinds(audited) == ["audit.data_read", "clients.field_revealed"]


def test_a_reveal_without_purpose_or_with_a_wrong_field_opens_nothing(
    api, make_client, giver_officer, audited
):
    client = make_client()
    path = f"clients/{client.pk}/reveal/"
    assert set(api(giver_officer).post(path).json()["errors"]) == {"field", "purpose", "words"}
    words = {"purpose": "contact", "words": "x"}
    assert set(api(giver_officer).post(path, field="shoe_size", **words).json()["errors"]) == {"field"}
    assert set(api(giver_officer).post(path, part="account", field="number", **words).json()["errors"]) == {
        "row"
    }
    assert not Reveal.objects.exists()
    assert audited() == []


def test_an_account_of_another_client_is_a_wrong_value(api, make_client, giver_officer):
    mine, other = make_client(), make_client()
    answer = api(giver_officer).post(
        f"clients/{mine.pk}/reveal/",
        part="account",
        row=str(other.accounts.get().pk),
        field="number",
        purpose="contact",
        words="x",
    )
    assert set(answer.json()["errors"]) == {"row"}


def test_a_parked_client_is_not_revealed(api, make_client, giver_officer, audited):
    client = make_client()
    Client.objects.filter(pk=client.pk).update(reveal_suspended=True)
    answer = api(giver_officer).post(
        f"clients/{client.pk}/reveal/", field="phone", purpose="contact", words="x"
    )
    assert answer.json()["code"] == "reveal.suspended"
    assert kinds(audited) == ["handover.act_refused"]
