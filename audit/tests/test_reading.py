"""The right to open sealed data."""

import pytest
from django.db import connection, transaction

from audit.errors import NotRecordable
from audit.events import AuditEvent
from audit.models import Event
from audit.queries import events_of
from audit.reading import MANY, ONE, reading
from audit.tests.test_record import ACTOR, HOUSE, THING, Person
from audit.tree import root_of_set
from vault.errors import VaultError
from vault.ids import new_id

OTHER = new_id()


def test_one_subject_is_plain_in_the_event(audited):
    with reading(
        actor=Person(), organisation=HOUSE, purpose="support", subjects=[THING], fields=["phone"]
    ) as right:
        assert audited() == [(AuditEvent.DATA_READ, THING)]
    event = Event.objects.get()
    assert (right.actor, right.organisation, right.purpose, right.event) == (
        ACTOR,
        HOUSE,
        "support",
        event.pk,
    )
    assert (event.actor, event.organisation, event.purpose, event.subject_type) == (
        ACTOR,
        HOUSE,
        "support",
        ONE,
    )
    assert event.facts == {"count": 1, "fields": ["phone"], "wraps": "custody"}
    right.require(THING)
    with pytest.raises(VaultError):
        right.require(OTHER)
    assert list(events_of(("clients.client", THING))) == [event]


def test_several_subjects_are_a_count_and_a_root(audited):
    with reading(
        actor=None, organisation=HOUSE, purpose="list", subjects=iter([OTHER, THING, OTHER]), wraps="archive"
    ) as right:
        assert right.subjects == {THING, OTHER}
        assert right.wraps == "archive"
    assert audited() == [(AuditEvent.DATA_READ, HOUSE)]
    event = Event.objects.get()
    assert event.subject_type == MANY
    assert event.facts == {
        "count": 2,
        "fields": [],
        "wraps": "archive",
        "subjects_root": root_of_set([THING.bytes, OTHER.bytes]).hex(),
    }


def test_reading_nothing_opens_nothing(audited):
    with (
        reading(actor=None, organisation=HOUSE, purpose="list", subjects=[]) as right,
        pytest.raises(VaultError),
    ):
        right.require(THING)
    assert audited() == [(AuditEvent.DATA_READ, HOUSE)]


@pytest.mark.parametrize("wrong", [{"purpose": "just looking"}, {"fields": ["姓名"]}])
def test_no_right_without_an_entry(wrong, audited):
    given = {"actor": None, "organisation": HOUSE, "purpose": "support", "subjects": [THING], **wrong}
    with pytest.raises(NotRecordable), reading(**given):
        raise AssertionError
    assert audited() == []


@pytest.mark.django_db(transaction=True)
def test_the_entry_is_committed_before_anything_can_be_opened(audited):
    with (
        pytest.raises(ZeroDivisionError),
        reading(actor=None, organisation=HOUSE, purpose="support", subjects=[THING]),
    ):
        assert not connection.in_atomic_block
        1 / 0
    assert audited() == [(AuditEvent.DATA_READ, THING)]


@pytest.mark.django_db(transaction=True)
def test_within_a_transaction_the_entry_shares_its_fate(audited):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        with reading(actor=None, organisation=HOUSE, purpose="support", subjects=[THING]):
            assert len(audited()) == 1
        1 / 0
    assert audited() == []
