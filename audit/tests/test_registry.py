"""Events and refusals must be known."""

from enum import StrEnum

import pytest
from django.db import models
from django.utils.translation import gettext_lazy, override

from audit import errors, registry
from audit.context import acting, current
from audit.errors import Refused, register_messages
from audit.events import AuditEvent


@pytest.fixture(autouse=True)
def _forget(monkeypatch):
    monkeypatch.setattr(registry, "_members", dict(registry._members))
    monkeypatch.setattr(errors, "_messages", dict(errors._messages))


def test_registered_events_are_known_by_value_and_label():
    @registry.register_events
    class Plain(StrEnum):
        DONE = "trial.thing_done"

    @registry.register_events
    class Labelled(models.TextChoices):
        SEEN = "trial.thing_seen", "Thing seen"

    assert registry.is_registered(Plain.DONE)
    assert {"trial.thing_done", "trial.thing_seen", "audit.data_read"} <= set(registry.types())
    assert registry.types() == sorted(registry.types())
    assert registry.label(Plain.DONE) == "trial.thing_done"
    assert str(registry.label("trial.thing_seen")) == "Thing seen"
    assert registry.label("trial.never_registered") == "trial.never_registered"
    assert str(registry.label(AuditEvent.DATA_READ))


@pytest.mark.parametrize(
    "value", ["nodot", "Trial.done", "trial.Done", "trial.", "trial.a b", "trial." + "a" * 64]
)
def test_a_malformed_event_is_refused(value):
    with pytest.raises(ValueError, match="room.thing_acted"):
        registry.register_events(StrEnum("Wrong", {"DONE": value}))
    assert value not in registry.types()


def test_an_event_belongs_to_one_enum():
    registry.register_events(StrEnum("First", {"DONE": "trial.thing_done"}))
    registry.register_events(StrEnum("First", {"DONE": "trial.thing_done"}))
    with pytest.raises(ValueError, match="First"):
        registry.register_events(StrEnum("Second", {"DONE": "trial.thing_done"}))


def test_a_refusal_speaks_in_its_rooms_words():
    register_messages({"trial.too_late": gettext_lazy("Too late by %(days)s days.")})
    refusal = Refused("trial.too_late", days=3)
    with override("en"):
        assert refusal.message == "Too late by 3 days."
    assert (str(refusal), refusal.code, refusal.params) == ("trial.too_late", "trial.too_late", {"days": 3})
    assert Refused("trial.unheard_of").message == "trial.unheard_of"
    assert "trial.too_late" in errors.message_codes()


def test_a_refusal_has_words_once():
    register_messages({"trial.too_late": "Too late."})
    with pytest.raises(ValueError, match="trial.too_late"):
        register_messages({"trial.other": "Other.", "trial.too_late": "Much too late."})
    assert Refused("trial.other").message == "trial.other"


def test_the_surroundings_end_with_their_block():
    with pytest.raises(ZeroDivisionError), acting(purpose="support"):
        assert current().purpose == "support"
        1 / 0
    assert current().purpose == ""
