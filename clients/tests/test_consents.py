"""Separate consent: given, refused, withdrawn; only what counts is kept, and nothing is overwritten."""

import datetime

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from access.errors import NotAllowed
from audit.errors import Refused
from audit.reading import reading
from clients.models import ConsentRecord, NoticeCampaign
from clients.services.consents import (
    CONSENT_COLUMNS,
    give_consent,
    import_consents,
    latest_answers,
    refuse_consent,
    withdraw_consent,
)
from vault.files import seal_stream
from vault.ids import new_id

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(canglan, yuanxiu, giver_officer, giver_officer2):
    return NoticeCampaign.objects.create(
        occasion=new_id(),
        sender=canglan,
        recipient=yuanxiu,
        asks_consent=True,
        number=1,
        text_en="x",
        text_zh="x",
        text_digest=b"d" * 32,
        created_by=giver_officer,
        approved_by=giver_officer2,
        approved_at=timezone.now(),
    )


@pytest.fixture
def load(campaign, book, giver_officer, canglan):
    def loaded(*lines):
        text = "\n".join([",".join(CONSENT_COLUMNS), *lines])
        file = seal_stream([text.encode()], holder=canglan.pk, purpose="evidence", name="同意.csv")
        with reading(
            actor=giver_officer, organisation=canglan.pk, purpose="test", subjects=[file.pk]
        ) as right:
            return import_consents(campaign=campaign, file=file, book=book, reading=right, by=giver_officer)

    return loaded


@pytest.fixture
def answered(audited):
    """The (type, subject) of what was recorded about consents."""
    return lambda: [(kind, subject) for kind, subject in audited() if kind.startswith("consent.")]


def counts(campaign, *clients):
    found = latest_answers(campaign.occasion, [client.pk for client in clients])
    return [found.get(client.pk) for client in clients]


def test_a_given_consent_says_who_what_for_which_words_when_and_how(
    answered, campaign, make_client, giver_staff, yuanxiu, canglan
):
    client = make_client()
    row = give_consent(campaign=campaign, client=client, channel="branch", reference="YYB-1", by=giver_staff)
    assert (row.controller, row.recipient, row.purpose) == (canglan, yuanxiu, "handover")
    assert (bytes(row.notice_digest), row.channel, row.reference) == (b"d" * 32, "branch", "YYB-1")
    assert not row.by_guardian
    assert counts(campaign, client) == ["given"]
    assert answered() == [("consent.given", row.pk)]


def test_the_last_answer_counts_and_every_one_stays(answered, campaign, make_client, giver_staff):
    client = make_client()
    give_consent(campaign=campaign, client=client, channel="app", by=giver_staff)
    withdraw_consent(campaign=campaign, client=client, channel="call", by=giver_staff)
    assert counts(campaign, client) == ["withdrawn"]
    refuse_consent(campaign=campaign, client=client, channel="post", by=giver_staff)
    give_consent(campaign=campaign, client=client, channel="branch", by=giver_staff)
    assert counts(campaign, client) == ["given"]
    kinds = [kind for kind, _ in answered()]
    assert kinds == ["consent.given", "consent.withdrawn", "consent.refused", "consent.given"]
    assert ConsentRecord.objects.filter(client=client).count() == 4


def test_of_two_answers_at_the_same_moment_the_one_that_does_not_consent_counts(
    campaign, make_client, giver_staff
):
    client, moment = make_client(), timezone.now()
    refuse_consent(campaign=campaign, client=client, channel="app", answered_at=moment, by=giver_staff)
    give_consent(campaign=campaign, client=client, channel="app", answered_at=moment, by=giver_staff)
    assert counts(campaign, client) == ["refused"]


def test_nothing_can_be_withdrawn_that_was_not_given(answered, campaign, make_client, giver_staff):
    client = make_client()
    with pytest.raises(Refused) as refusal:
        withdraw_consent(campaign=campaign, client=client, channel="app", by=giver_staff)
    assert refusal.value.code == "consent.nothing_to_withdraw"
    assert answered() == []


@pytest.mark.parametrize(
    ("guardian", "by_guardian", "code"),
    [(True, False, "consent.guardian_needed"), (False, True, "consent.guardian_missing"), (True, True, None)],
)
def test_for_a_child_only_a_guardian_on_record_consents(
    guardian, by_guardian, code, campaign, make_client, giver_staff
):
    child = make_client(is_minor=True, is_under14=True, guardian=guardian)
    words = {"campaign": campaign, "client": child, "channel": "branch", "by": giver_staff}
    if code is None:
        row = give_consent(**words, by_guardian=by_guardian)
        assert row.guardian == child.relations.get()
        return
    with pytest.raises(Refused) as refusal:
        give_consent(**words, by_guardian=by_guardian)
    assert refusal.value.code == code
    assert counts(campaign, child) == [None]


def test_a_notice_that_asks_for_no_consent_takes_none(campaign, make_client, giver_staff):
    NoticeCampaign.objects.filter(pk=campaign.pk).update(asks_consent=False)
    campaign.refresh_from_db()
    with pytest.raises(Refused) as refusal:
        give_consent(campaign=campaign, client=make_client(), channel="app", by=giver_staff)
    assert refusal.value.code == "consent.not_asked"


def test_another_firms_people_enter_no_answer(campaign, make_client, taker_staff, giver_manager):
    client = make_client()
    for stranger in (taker_staff, giver_manager):
        with pytest.raises(NotAllowed):
            give_consent(campaign=campaign, client=client, channel="app", by=stranger)
    assert not ConsentRecord.objects.exists()


def test_an_answer_from_tomorrow_is_refused(campaign, make_client, giver_staff):
    tomorrow = timezone.now() + datetime.timedelta(days=1)
    with pytest.raises(Refused) as refusal:
        give_consent(
            campaign=campaign, client=make_client(), channel="app", answered_at=tomorrow, by=giver_staff
        )
    assert refusal.value.code == "consent.moment_in_future"


@pytest.mark.parametrize("statement", ["UPDATE {} SET answer = 'given'", "DELETE FROM {}"])
def test_the_database_refuses_to_change_an_answer(statement, campaign, make_client, giver_staff):
    refuse_consent(campaign=campaign, client=make_client(), channel="app", by=giver_staff)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format("clients_consentrecord"))
    assert ConsentRecord.objects.get().answer == "refused"


def test_a_file_of_answers_is_kept_line_by_line_and_once(answered, campaign, make_client, load):
    one, two, three = make_client("1"), make_client("2"), make_client("3")
    child = make_client("4", is_minor=True, is_under14=True, guardian=True)
    lines = (
        "1,同意,短信,20261001,本人,TY1",
        "2,拒绝,营业部,2026-10-02 09:30,本人,TY2",
        "3,同意,电子邮件,20261001,本人,TY3",
        "3,撤回,电话录音,20261005,本人,TY4",
        "4,同意,短信,20261001,本人,TY5",
        "4,同意,营业部,20261003,监护人,TY6",
        "9,同意,短信,20261001,本人,TY7",
        "2,撤回,短信,20261006,本人,TY8",
    )
    loaded = load(*lines)
    assert (loaded.kept, loaded.known, loaded.unknown_lines) == (5, 0, (8,))
    assert loaded.refused_lines == ((6, "consent.guardian_needed"), (9, "consent.nothing_to_withdraw"))
    assert counts(campaign, one, two, three, child) == ["given", "refused", "withdrawn", "given"]
    assert [kind for kind, _ in answered()][-1] == "consent.loaded"
    again = load(*lines)
    assert (again.kept, again.known) == (0, 5)
    assert ConsentRecord.objects.count() == 5


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("1,好的,短信,20261001,本人,TY1", "答复"),
        ("1,同意,烟雾,20261001,本人,TY1", "渠道"),
        ("1,同意,短信,昨天,本人,TY1", "答复时间"),
        ("1,同意,短信,20261001,邻居,TY1", "答复人"),
        ("1,同意,短信,20261001,本人,", "凭证编号"),
    ],
)
def test_a_line_that_cannot_be_read_refuses_the_file_and_is_named(line, column, make_client, load):
    make_client("1")
    with pytest.raises(Refused) as refusal:
        load("1,同意,短信,20261001,本人,TY0", line)
    assert refusal.value.code == "notice.file_row"
    assert (refusal.value.params["line"], refusal.value.params["column"]) == (3, column)
    assert not ConsentRecord.objects.exists()
