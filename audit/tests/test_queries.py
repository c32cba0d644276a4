"""Reading the log."""

from datetime import timedelta

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.context import acting
from audit.events import AuditEvent
from audit.models import Event
from audit.queries import History, events_by, events_of, history
from audit.services import record
from audit.tests.test_record import ACTOR, HOUSE, SUBJECT, THING, Person
from vault.ids import new_id


@pytest.fixture
def log(db):
    """Ten events on one thing, then one on another by somebody, for a house."""
    events = [record(AuditEvent.DATA_READ, actor=None, subject=SUBJECT, count=n) for n in range(10)]
    with acting(request_id="r-1"):
        events.append(
            record(
                AuditEvent.LEAVES_EXPORTED, actor=ACTOR, subject=("audit.log", new_id()), organisation=HOUSE
            )
        )
    return events


def test_the_newest_comes_first(log):
    assert history(History()) == log[::-1]
    assert list(events_of(SUBJECT)) == log[9::-1]
    assert list(events_by(Person())) == [log[10]]


def test_another_kind_of_thing_with_the_same_id_is_another(log):
    assert not events_of(("audit.other", THING)).exists()
    row = ContentType.objects.get_for_model(Event)
    event = record(AuditEvent.DATA_READ, actor=None, subject=row)
    assert list(events_of(row)) == [event]


def test_walking_the_pages_misses_nothing_while_the_log_grows(log):
    seen, before = [], None
    while page := history(History(), before=before, limit=3):
        seen += page
        before = page[-1].pk
        record(AuditEvent.DATA_READ, actor=None, subject=SUBJECT)
    assert seen == log[::-1]


def test_each_filter_narrows(log):
    last = log[10]
    for wanted in (
        History(types=[AuditEvent.LEAVES_EXPORTED]),
        History(actor=ACTOR),
        History(organisation=HOUSE),
        History(request_id="r-1"),
        History(subject=(last.subject_type, last.subject)),
        History(since=last.at),
    ):
        assert history(wanted) == [last]
    assert history(History(until=log[5].at)) == log[4::-1]
    assert history(History(since=log[2].at, until=log[4].at)) == [log[3], log[2]]
    assert history(History(since=last.at + timedelta(days=1))) == []
    assert history(History(until=log[0].at.replace(year=1971))) == []
    assert history(History(until=log[0].at.replace(year=1960))) == []


def test_a_page_is_one_query_without_offset_or_count(log):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        history(History(actor=ACTOR), before=log[10].pk, limit=5)
    assert len(queries) == 1
    assert "OFFSET" not in queries[0]["sql"]
    assert "COUNT" not in queries[0]["sql"]
