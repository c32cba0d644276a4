"""The masked list, exact search and the record: who sees what, and what stands in the log before it is shown."""

import pytest
from django.urls import reverse

from access.models import User
from access.tests.log import events, last_event
from audit.models import Event
from clients.models import Account, Book, Client, CustodyMove, Document, Reveal
from clients.sealed import ClientSecret, DocumentSecret
from clients.services.custody import accept_batch, release_batch
from vault.files import seal_stream
from vault.tokens import token
from vault.wraps import open_data_keys

pytestmark = pytest.mark.django_db

NUMBER = "11010519491231002X"
PHONE = "13812345678"


def secret(number: str, **more: str) -> ClientSecret:
    return ClientSecret(
        **{
            "source_no": number,
            "name": "欧阳清",
            "id_type": "id_card",
            "id_number": NUMBER,
            "phone": PHONE,
            "email": "qing@example.cn",
            "address": "上海市黄浦区中山东路100号",
            **more,
        }
    )


@pytest.fixture
def client_of_giver(make_client) -> Client:
    return make_client(
        "000000000001",
        secret=secret("000000000001"),
        phone_token=token("phone", PHONE),
        email_token=token("email", "qing@example.cn"),
    )


@pytest.fixture
def taker_book(yuanxiu) -> Book:
    return Book.objects.create(owner=yuanxiu, name="TAKER")


@pytest.fixture
def client_of_taker(make_client, taker_book) -> Client:
    return make_client(
        "000000000002",
        book=taker_book,
        secret=secret("000000000002", name="司马明"),
        phone_token=token("phone", PHONE),
    )


def page(name: str, *args) -> str:
    return reverse(f"clients-{name}", args=args)


def text_of(answer) -> str:
    return answer.content.decode()


def test_the_list_is_masked_and_opened_in_one_recorded_reading(
    signed_in, giver_officer, make_client, client_of_giver
):
    make_client("000000000003", secret=secret("000000000003", name="王小明"))
    answer = signed_in(giver_officer).get(page("list"))
    text = text_of(answer)
    assert "欧**" in text and "王**" in text
    assert "欧阳清" not in text and "000000000001" not in text
    assert "no-store" in answer["Cache-Control"]
    reads = Event.objects.filter(type="audit.data_read")
    assert [(read.purpose, read.facts["count"]) for read in reads] == [("list_clients", 2)]


def test_clients_of_another_firm_appear_nowhere(signed_in, giver_officer, client_of_giver, client_of_taker):
    browser = signed_in(giver_officer)
    text = text_of(browser.get(page("list")))
    assert "has custody of 1 client." in text and "司**" not in text
    found = text_of(browser.post(page("search"), {"field": "phone", "value": PHONE}))
    assert "1 client has exactly this value" in found and "司**" not in found
    assert browser.get(page("record", client_of_taker.pk)).status_code == 404
    reveal = page("reveal", client_of_taker.pk, "client", client_of_taker.pk, "phone")
    assert browser.post(reveal, {"purpose": "contact", "words": "call back"}).status_code == 404


def test_client_service_sees_its_own_clients_only(signed_in, giver_staff, make_client):
    User.objects.filter(pk=giver_staff.pk).update(staff_no="9001")
    mine = make_client("000000000001", secret=secret("000000000001", name="李雷"), staff_no="9001")
    other = make_client("000000000002", secret=secret("000000000002", name="韩梅"), staff_no="9002")
    browser = signed_in(giver_staff)
    text = text_of(browser.get(page("list")))
    assert "You look after 1 client." in text and "李**" in text and "韩**" not in text
    assert browser.get(page("record", mine.pk)).status_code == 200
    assert browser.get(page("record", other.pk)).status_code == 404
    found = text_of(browser.post(page("search"), {"field": "client_no", "value": "000000000002"}))
    assert "0 clients have exactly this value" in found


def test_staff_without_a_number_learn_what_is_missing(signed_in, giver_staff, client_of_giver):
    text = text_of(signed_in(giver_staff).get(page("list")))
    assert "Your account has no staff number yet" in text


def test_the_filters_narrow_and_the_count_says_so(signed_in, giver_officer, make_client):
    make_client("000000000001", kind="person", is_frozen=True)
    make_client("000000000002", kind="institution")
    browser = signed_in(giver_officer)
    assert "1 client fits the filters." in text_of(browser.get(page("list"), {"flag": "is_frozen"}))
    assert "1 client fits the filters." in text_of(browser.get(page("list"), {"kind": "institution"}))
    assert "No client fits these filters" in text_of(browser.get(page("list"), {"status": "dormant"}))


def test_more_clients_than_are_counted_are_more_than_that(signed_in, giver_officer, make_client, monkeypatch):
    from clients.views import lists

    for number in range(1, 4):
        make_client(f"{number:012d}", kind="person")
    browser = signed_in(giver_officer)
    monkeypatch.setattr(lists, "COUNTED", 3)
    assert "has custody of 3 clients." in text_of(browser.get(page("list")))
    monkeypatch.setattr(lists, "COUNTED", 2)
    answer = browser.get(page("list"))
    assert "has custody of more than 2 clients." in text_of(answer)
    assert answer.context["table"]["pager"]["total"] is None
    assert "More than 2 clients fit" in text_of(browser.get(page("list"), {"kind": "person"}))


def test_a_long_list_is_paged_without_gap_or_repeat(signed_in, giver_officer, make_client, settings):
    settings.PAGE_ROWS = 2
    made = {str(make_client(f"{number:012d}").pk) for number in range(1, 6)}
    browser, url, seen = signed_in(giver_officer), page("list"), []
    while url:
        answer = browser.get(url)
        rows = answer.context["table"]["rows"]
        seen += [row[0]["url"].rstrip("/").rpartition("/")[2] for row in rows]
        following = answer.context["table"]["pager"]["next_url"]
        url = page("list") + following if following else ""
    assert sorted(seen) == sorted(made)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id_number", "110105 1949 1231 002x"),
        ("phone", "+86 138 1234 5678"),
        ("email", " QING@example.cn"),
        ("client_no", "000000000001"),
        ("account", "00000001"),
    ],
)
def test_search_finds_exactly_and_the_value_is_nowhere(
    signed_in, giver_officer, client_of_giver, field, value, caplog
):
    answer = signed_in(giver_officer).post(page("search"), {"field": field, "value": value})
    text = text_of(answer)
    assert "1 client has exactly this value." in text
    assert page("record", client_of_giver.pk) in text
    searched = Event.objects.get(type="clients.searched")
    assert searched.facts == {"field": field, "count": 1}
    everything = "".join(bytes(event.body).decode() for event in Event.objects.all()) + caplog.text
    assert value.strip() not in everything


@pytest.mark.parametrize("value", ["1381234567", "欧阳", "000000001", "   "])
def test_search_finds_no_part_of_a_value(signed_in, giver_officer, client_of_giver, value):
    text = text_of(signed_in(giver_officer).post(page("search"), {"field": "phone", "value": value}))
    assert page("record", client_of_giver.pk) not in text


def test_a_token_that_lies_is_not_believed(signed_in, giver_officer, make_client):
    make_client(
        "000000000009", secret=secret("000000000009", phone="13900000000"), phone_token=token("phone", PHONE)
    )
    text = text_of(signed_in(giver_officer).post(page("search"), {"field": "phone", "value": PHONE}))
    assert "0 clients have exactly this value." in text


def test_search_is_no_address(signed_in, giver_officer):
    answer = signed_in(giver_officer).get(page("search"))
    assert answer.status_code == 405
    assert "This page cannot be opened again" in text_of(answer)


def test_the_record_shows_every_field_masked(signed_in, giver_officer, client_of_giver):
    answer = signed_in(giver_officer).get(page("record", client_of_giver.pk))
    text = text_of(answer)
    for shown in ("欧**", "1101********002X", "138****5678", "上海市"):
        assert shown in text
    for hidden in ("欧阳清", NUMBER, PHONE, "qing@example.cn", "中山东路", "100.00", "浦发银行"):
        assert hidden not in text
    title = text.partition("<title>")[2].partition("</title>")[0]
    assert "欧" not in title
    assert "no-store" in answer["Cache-Control"]
    read = Event.objects.get(type="audit.data_read")
    assert (read.purpose, read.subject) == ("show_record", client_of_giver.pk)


def reveal(browser, client: Client, field: str = "phone", part: str = "client", row=None, **more):
    url = page("reveal", client.pk, part, row or client.pk, field)
    return browser.post(
        url, {"purpose": "contact", "words": "she asked us to ring", **more}, headers={"HX-Request": "true"}
    )


def test_a_field_is_shown_for_a_minute_and_stands_in_the_log_with_its_purpose(
    signed_in, giver_officer, client_of_giver
):
    answer = reveal(signed_in(giver_officer), client_of_giver)
    text = text_of(answer)
    assert PHONE in text and 'data-forget-after="60"' in text
    assert "no-store" in answer["Cache-Control"]
    assert events()[-2:] == ["audit.data_read", "clients.field_revealed"]
    read = Event.objects.get(type="audit.data_read")
    assert (read.purpose, read.facts["fields"], read.actor) == (
        "reveal_contact",
        ["client.phone"],
        giver_officer.pk,
    )
    note = Reveal.objects.get()
    assert (note.event, note.field, note.by) == (read.pk, "client.phone", giver_officer)
    assert b"ring" not in bytes(note.sealed)


def test_without_a_log_entry_nothing_is_shown(signed_in, giver_officer, client_of_giver, monkeypatch):
    def broken(*_args, **_facts):
        raise RuntimeError("the log is down")

    monkeypatch.setattr("audit.reading.record", broken)
    browser = signed_in(giver_officer)
    browser.raise_request_exception = False
    answer = reveal(browser, client_of_giver)
    assert answer.status_code == 500
    assert PHONE not in text_of(answer)
    assert not Reveal.objects.exists()


def test_without_script_the_value_is_a_page_that_leaves_by_itself(signed_in, giver_officer, client_of_giver):
    url = page("reveal", client_of_giver.pk, "client", client_of_giver.pk, "phone")
    answer = signed_in(giver_officer).post(url, {"purpose": "contact", "words": "call"})
    assert PHONE in text_of(answer)
    assert answer["Refresh"] == f"60; url={page('record', client_of_giver.pk)}"


def test_after_the_minute_the_field_is_masked_again(signed_in, giver_officer, client_of_giver):
    url = page("reveal", client_of_giver.pk, "client", client_of_giver.pk, "phone")
    text = text_of(signed_in(giver_officer).get(url))
    assert PHONE not in text and "****" in text and "<form" in text


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"purpose": ""}, "reveal.purpose_missing"),
        ({"purpose": "gossip"}, "reveal.purpose_missing"),
        ({"words": " "}, "reveal.words_missing"),
    ],
)
def test_no_purpose_no_sight(signed_in, giver_officer, client_of_giver, given, code):
    answer = reveal(signed_in(giver_officer), client_of_giver, **given)
    assert answer.status_code == 409 and PHONE not in text_of(answer)
    assert (last_event().type, last_event().facts["reason"]) == ("handover.act_refused", code)


@pytest.mark.parametrize("person", ["giver_steward", "giver_manager", "giver_supervisor"])
def test_a_duty_that_may_not_reveal_is_refused_and_recorded(signed_in, request, client_of_giver, person):
    user = request.getfixturevalue(person)
    browser = signed_in(user)
    record = text_of(browser.get(page("record", client_of_giver.pk)))
    assert "Show and record" not in record
    answer = reveal(browser, client_of_giver)
    assert answer.status_code == 404 and PHONE not in text_of(answer)
    assert (last_event().type, last_event().facts["reason"]) == (
        "handover.access_refused",
        "clients.reveal_field",
    )
    assert not Reveal.objects.exists()


def test_client_service_may_not_see_screening(signed_in, giver_staff, make_client):
    User.objects.filter(pk=giver_staff.pk).update(staff_no="9001")
    client = make_client("000000000001", secret=secret("000000000001", aml_level="高"), staff_no="9001")
    assert reveal(signed_in(giver_staff), client, field="aml_level").status_code == 404
    assert last_event().type == "handover.access_refused"


def test_a_parked_client_with_suspended_reveal_shows_nothing(signed_in, giver_officer, make_client):
    client = make_client("000000000001", secret=secret("000000000001"), reveal_suspended=True)
    browser = signed_in(giver_officer)
    assert "This client is parked" in text_of(browser.get(page("record", client.pk)))
    answer = reveal(browser, client)
    assert answer.status_code == 409 and PHONE not in text_of(answer)
    assert last_event().facts["reason"] == "reveal.suspended"


def test_a_row_of_another_client_is_not_reached_through_mine(
    signed_in, giver_officer, make_client, client_of_taker
):
    mine = make_client("000000000001", secret=secret("000000000001"))
    account = Account.objects.get(client=client_of_taker)
    answer = reveal(signed_in(giver_officer), mine, part="account", row=account.pk, field="balance")
    assert answer.status_code == 404
    assert not Reveal.objects.exists()


@pytest.mark.parametrize(
    ("part", "field"), [("client", "sealed"), ("client", "__class__"), ("log", "phone"), ("account", "phone")]
)
def test_only_fields_of_the_sealed_document_can_be_asked_for(
    signed_in, giver_officer, client_of_giver, part, field
):
    answer = reveal(signed_in(giver_officer), client_of_giver, part=part, field=field)
    assert answer.status_code == 404


def test_an_account_is_revealed_field_by_field(signed_in, giver_officer, client_of_giver):
    account = Account.objects.get(client=client_of_giver)
    answer = reveal(
        signed_in(giver_officer), client_of_giver, part="account", row=account.pk, field="balance"
    )
    assert "100.00" in text_of(answer)
    assert Event.objects.get(type="audit.data_read").facts["fields"] == ["account.balance"]


def test_who_saw_the_client_stands_on_its_page(signed_in, giver_officer, client_of_giver):
    browser = signed_in(giver_officer)
    reveal(browser, client_of_giver)
    text = text_of(browser.get(page("record", client_of_giver.pk)))
    assert "To reach the client: Telephone" in text and giver_officer.name in text


@pytest.mark.parametrize("person", ["admin", "counsel"])
def test_a_duty_without_sight_of_clients_finds_no_such_page(signed_in, request, person, client_of_giver):
    browser = signed_in(request.getfixturevalue(person))
    for url in (page("list"), page("record", client_of_giver.pk)):
        assert browser.get(url).status_code == 404
    assert events("handover") == ["handover.access_refused"] * 2
    assert events("audit.data_read") == []


def test_a_stranger_is_asked_to_sign_in(client, client_of_giver):
    answer = client.get(page("record", client_of_giver.pk))
    assert answer.status_code == 302 and answer["Location"].startswith("/sign-in/")


def test_the_pages_speak_chinese(signed_in, giver_officer, client_of_giver):
    browser = signed_in(giver_officer)
    browser.cookies["django_language"] = "zh-hans"
    text = text_of(browser.get(page("record", client_of_giver.pk)))
    assert "手机号码" in text and "Telephone" not in text


PNG = b"\x89PNG\r\n\x1a\n a picture of a card"


@pytest.fixture
def document(client_of_giver, book, canglan) -> Document:
    """An image of the client's card, sealed under the client's key."""
    key = open_data_keys([client_of_giver.pk], holder=canglan.pk)[client_of_giver.pk]
    file = seal_stream(
        [PNG], holder=canglan.pk, purpose="document", name="card.png", key_subject=client_of_giver.pk
    )
    row = Document(
        client=client_of_giver,
        book=book,
        source_digest=b"d" * 16,
        import_run=book.pk,
        source_line=2,
        kind="身份证正面",
        file=file.pk,
        size=len(PNG),
    )
    row.seal_new(DocumentSecret("欧阳清.png", "0" * 64), key).save(force_insert=True)
    return row


def test_a_document_is_downloaded_for_a_purpose_under_a_name_that_says_nothing(
    signed_in, giver_officer, client_of_giver, document
):
    browser = signed_in(giver_officer)
    assert "Download and record" in text_of(browser.get(page("record", client_of_giver.pk)))
    url = page("document", client_of_giver.pk, document.pk)
    answer = browser.post(url, {"purpose": "identity_check", "words": "at the counter"})
    assert b"".join(answer.streaming_content) == PNG
    assert answer["Content-Disposition"].endswith('.png"') and "欧" not in answer["Content-Disposition"]
    assert events()[-2:] == ["audit.data_read", "clients.document_opened"]
    assert Reveal.objects.get().field == "document.id_image"


@pytest.mark.parametrize("given", [{}, {"purpose": "identity_check"}, {"words": "at the counter"}])
def test_a_document_needs_a_purpose_too(signed_in, giver_officer, client_of_giver, document, given):
    url = page("document", client_of_giver.pk, document.pk)
    assert signed_in(giver_officer).post(url, given).status_code == 409
    assert events("clients.document_opened") == []


def test_a_document_of_a_parked_client_stays_closed(signed_in, giver_officer, client_of_giver, document):
    Client.objects.filter(pk=client_of_giver.pk).update(reveal_suspended=True)
    url = page("document", client_of_giver.pk, document.pk)
    answer = signed_in(giver_officer).post(url, {"purpose": "identity_check", "words": "at the counter"})
    assert answer.status_code == 409 and last_event().facts["reason"] == "reveal.suspended"


def test_a_steward_downloads_no_document(signed_in, giver_steward, client_of_giver, document):
    browser = signed_in(giver_steward)
    assert "Download and record" not in text_of(browser.get(page("record", client_of_giver.pk)))
    url = page("document", client_of_giver.pk, document.pk)
    assert browser.post(url, {"purpose": "identity_check", "words": "curious"}).status_code == 404
    assert last_event().type == "handover.access_refused"


def test_after_the_handover_the_new_firm_sees_the_client_with_both_signatures_and_the_old_one_does_not(
    signed_in, giver_officer, taker_officer, client_of_giver, canglan, yuanxiu
):
    move = release_batch(
        occasion=client_of_giver.book_id,
        giver=canglan,
        taker=yuanxiu,
        clients=[client_of_giver.pk],
        mandate_digest=b"m" * 32,
        by=giver_officer,
    )
    url = page("record", client_of_giver.pk)
    assert signed_in(taker_officer).get(url).status_code == 404
    accept_batch(move=move, by=taker_officer)
    assert signed_in(giver_officer).get(url).status_code == 404
    text = text_of(signed_in(taker_officer).get(url))
    assert text.count("signature holds") == 2
    assert PHONE in text_of(reveal(signed_in(taker_officer), client_of_giver))


def test_a_signature_that_does_not_fit_is_named(signed_in, giver_officer, client_of_giver, canglan, yuanxiu):
    move = release_batch(
        occasion=client_of_giver.book_id,
        giver=canglan,
        taker=yuanxiu,
        clients=[client_of_giver.pk],
        mandate_digest=b"m" * 32,
        by=giver_officer,
    )
    CustodyMove.objects.filter(pk=move.pk).update(mandate_digest=b"x" * 32)
    text = text_of(signed_in(giver_officer).get(page("record", client_of_giver.pk)))
    assert "signature does not hold" in text
