"""Recording an event."""

import hashlib
import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction

from audit.context import acting
from audit.errors import NotRecordable
from audit.events import AuditEvent
from audit.models import Event, Leaf, Pending
from audit.sequencer import sequence_once
from audit.services import record
from vault.ids import new_id

THING = UUID("01890000-0000-7000-8000-000000000001")
SUBJECT = ("audit.thing", THING)
ACTOR = UUID("01890000-0000-7000-8000-0000000000aa")
HOUSE = UUID("01890000-0000-7000-8000-0000000000bb")


class Unregistered(StrEnum):
    DONE = "nowhere.thing_done"


class Person:
    pk = ACTOR


@pytest.mark.django_db(transaction=True)
def test_it_refuses_outside_a_transaction(audited):
    with pytest.raises(NotRecordable, match="transaction"):
        record(AuditEvent.DATA_READ, actor=None, subject=SUBJECT)
    assert audited() == []


@pytest.mark.django_db(transaction=True)
def test_an_act_that_fails_leaves_no_event(audited):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        record(AuditEvent.DATA_READ, actor=None, subject=SUBJECT)
        1 / 0
    assert audited() == []
    assert Pending.objects.count() == 0


@pytest.mark.parametrize("event", [Unregistered.DONE, "audit.data_read", "nonsense", None])
def test_it_refuses_what_is_no_registered_event(event, audited):
    with pytest.raises(NotRecordable, match="not registered"):
        record(event, actor=None, subject=SUBJECT)
    assert audited() == []


def test_the_event_and_its_mark_stand_together(audited):
    event = record(AuditEvent.DATA_READ, actor=Person(), subject=SUBJECT, organisation=HOUSE, count=3)
    assert audited() == [(AuditEvent.DATA_READ, THING)]
    assert Pending.objects.get().event_id == event.pk
    assert not Leaf.objects.exists()
    stored = Event.objects.get()
    for field in Event._meta.fields:
        left, right = getattr(stored, field.name), getattr(event, field.name)
        assert (bytes(left), right) == (right, right) if field.name == "body" else left == right
    assert (stored.actor, stored.organisation, stored.facts) == (ACTOR, HOUSE, {"count": 3})


def test_the_body_is_as_the_format_says(db):
    with acting(request_id="r-1", purpose="support"):
        event = record(
            AuditEvent.DATA_READ,
            actor=ACTOR,
            subject=SUBJECT,
            organisation=HOUSE,
            b_list=["x", 1, None],
            a=True,
        )
    prefix, line = event.body.split(b"\n")
    assert prefix == b"handover-event/1"
    expected = {
        "actor": str(ACTOR),
        "at": event.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "facts": {"a": True, "b_list": ["x", 1, None]},
        "id": str(event.pk),
        "organisation": str(HOUSE),
        "purpose": "support",
        "request_id": "r-1",
        "subject": str(THING),
        "subject_type": "audit.thing",
        "type": "audit.data_read",
    }
    # Another program, from the format's page alone.
    assert line == json.dumps(expected, sort_keys=True, separators=(",", ":")).encode()
    assert event.canonical() == event.body
    assert Event.objects.get().canonical() == event.body


def test_the_leaf_hashes_exactly_the_body(db):
    event = record(AuditEvent.DATA_READ, actor=None, subject=SUBJECT)
    assert sequence_once() == 1
    assert bytes(Leaf.objects.get().hash) == hashlib.sha256(b"\x00" + event.body).digest()


def test_the_moment_is_the_databases(db, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: datetime(2001, 1, 1, tzinfo=UTC))
    event = record(AuditEvent.DATA_READ, actor=None, subject=SUBJECT)
    assert abs(event.at - datetime.now(UTC)) < timedelta(seconds=30)


def test_the_surroundings_fill_what_is_left_out(db):
    with acting(request_id=THING, actor=Person(), purpose="review"):
        with acting(purpose="support"):
            inner = record(AuditEvent.DATA_READ, subject=SUBJECT)
        system = record(AuditEvent.DATA_READ, actor=None, subject=SUBJECT)
    bare = record(AuditEvent.DATA_READ, subject=SUBJECT)
    assert (inner.request_id, inner.actor, inner.purpose) == (str(THING), ACTOR, "support")
    assert (system.actor, system.purpose) == (None, "review")
    assert (bare.request_id, bare.actor, bare.purpose) == ("", None, "")


def test_a_row_is_its_own_subject(db):
    row = ContentType.objects.get_for_model(Event)
    event = record(AuditEvent.DATA_READ, actor=None, subject=row)
    assert (event.subject_type, event.subject) == ("contenttypes.contenttype", UUID(int=row.pk))


def test_a_row_that_is_not_saved_is_no_subject(audited):
    with pytest.raises(NotRecordable, match="save it first"):
        record(AuditEvent.DATA_READ, actor=None, subject=ContentType())
    assert audited() == []


@pytest.mark.parametrize("who", ["alice", True, -1, 1.5])
def test_an_actor_without_an_id_is_an_error(who, audited):
    with pytest.raises(TypeError):
        record(AuditEvent.DATA_READ, actor=who, subject=SUBJECT)
    assert audited() == []


DIGEST = hashlib.sha256(b"x").digest()


@pytest.mark.parametrize(
    "given,kept",
    [
        ("code_1.a:/+-", "code_1.a:/+-"),
        ("", ""),
        (None, None),
        (False, False),
        (-5, -5),
        (2**53 - 1, 2**53 - 1),
        (THING, str(THING)),
        (DIGEST, DIGEST.hex()),
        (memoryview(DIGEST), DIGEST.hex()),
        (DIGEST.hex(), DIGEST.hex()),
        (date(2026, 11, 23), "2026-11-23"),
        ("20261123", "20261123"),
        (datetime(2026, 11, 23, 8, tzinfo=timezone(timedelta(hours=8))), "2026-11-23T00:00:00.000000Z"),
        (Decimal("12345678901.50"), "12345678901.50"),
        (Decimal("1E+3"), "1000"),
        (AuditEvent.DATA_READ, "audit.data_read"),
        (("a", 2), ["a", 2]),
        ({"b", "a"}, ["a", "b"]),
        ([], []),
    ],
)
def test_facts_are_codes_ids_numbers_and_moments(given, kept, db):
    assert record(AuditEvent.DATA_READ, actor=None, subject=SUBJECT, fact=given).facts == {"fact": kept}
    stored = Event.objects.get()
    assert stored.facts == {"fact": kept}
    assert stored.canonical() == bytes(stored.body)


@pytest.mark.parametrize(
    "fact",
    [
        "张三",
        "Ada Lovelace",
        "ada@example.com",
        "11010519491231002X",
        "13812345678",
        "+8613812345678",
        "6222020200112233445",
        "x" * 201,
        "line\nbreak",
        "code\n",
        1.5,
        float("nan"),
        2**53,
        -(2**53),
        Decimal("NaN"),
        {"a": 1},
        [["nested"]],
        [{"a": 1}],
        ["ok", "李四"],
        object(),
    ],
)
def test_free_text_and_personal_data_do_not_enter(fact, audited):
    with pytest.raises(NotRecordable) as refusal:
        record(AuditEvent.DATA_READ, actor=None, subject=SUBJECT, fact=fact)
    assert not isinstance(fact, str) or fact not in str(refusal.value)
    assert audited() == []


@pytest.mark.parametrize("name", ["Fact", "_fact", "姓名", "a" * 65, "1st", "a-b"])
def test_a_facts_name_is_a_code_too(name, audited):
    with pytest.raises(NotRecordable):
        record(AuditEvent.DATA_READ, actor=None, subject=SUBJECT, **{name: 1})
    assert audited() == []


@pytest.mark.parametrize("surroundings", [{"purpose": "because I can"}, {"request_id": "号码"}])
def test_the_surroundings_hold_no_free_text(surroundings, audited):
    with acting(**surroundings), pytest.raises(NotRecordable):
        record(AuditEvent.DATA_READ, actor=None, subject=SUBJECT)
    assert audited() == []


@pytest.mark.parametrize("surroundings", [{"purpose": "p" * 65}, {"request_id": "r" * 65}])
def test_surroundings_that_are_too_long_are_refused(surroundings, audited):
    with acting(**surroundings), pytest.raises(NotRecordable, match="too long"):
        record(AuditEvent.DATA_READ, actor=None, subject=SUBJECT)
    assert audited() == []


def test_a_label_is_a_code(audited):
    with pytest.raises(NotRecordable):
        record(AuditEvent.DATA_READ, actor=None, subject=("a thing", THING))
    assert audited() == []


def test_the_longest_body_fits_and_a_longer_one_is_refused(audited):
    def with_ids(count):
        return record(AuditEvent.DATA_READ, actor=None, subject=SUBJECT, ids=[THING] * count)

    assert len(with_ids(1670).body) <= 65_535
    with pytest.raises(NotRecordable, match="too long"):
        with_ids(1700)
    assert len(audited()) == 1


def test_anybody_without_a_key_is_the_system(db):
    class Anonymous:
        pk = None

    assert record(AuditEvent.DATA_READ, actor=Anonymous(), subject=SUBJECT).actor is None
    assert record(AuditEvent.DATA_READ, actor=new_id(), subject=SUBJECT).actor is not None
    assert issubclass(Event, models.Model)
