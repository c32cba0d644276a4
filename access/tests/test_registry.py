import pytest

from access import registry
from access.duties import Duty, conflicts


@pytest.fixture(autouse=True)
def table(monkeypatch):
    monkeypatch.setattr(registry, "_table", {})


def test_it_declares_permissions_and_the_duties_that_carry_them():
    registry.grant_to_duties({"room.open_door": {Duty.TRAINER, "auditor"}})
    assert registry.duties_for("room.open_door") == {Duty.TRAINER, Duty.AUDITOR}
    assert registry.permissions_of(Duty.AUDITOR) == {"room.open_door"}
    assert registry.declared() == {"room.open_door"}


def test_a_permission_nobody_declared_belongs_to_no_duty():
    assert registry.duties_for("room.open_door") == frozenset()


def test_it_takes_the_same_declaration_twice_but_no_other():
    registry.grant_to_duties({"room.open_door": {Duty.TRAINER}})
    registry.grant_to_duties({"room.open_door": [Duty.TRAINER]})
    with pytest.raises(ValueError):
        registry.grant_to_duties({"room.open_door": {Duty.AUDITOR}})


@pytest.mark.parametrize("name", ["open_door", "room.", "Room.open", "room.open-door", "a.b.c", ""])
def test_it_refuses_names_of_another_form(name):
    with pytest.raises(ValueError):
        registry.grant_to_duties({name: {Duty.TRAINER}})


def test_it_refuses_a_duty_that_does_not_exist():
    with pytest.raises(ValueError):
        registry.grant_to_duties({"room.open_door": {"king"}})


@pytest.mark.parametrize("one", Duty)
@pytest.mark.parametrize("other", Duty)
def test_conflicts_are_symmetric_and_never_with_itself(one, other):
    assert conflicts(one, other) == conflicts(other, one)
    assert not conflicts(one, one)


def test_whoever_hands_out_rights_or_checks_others_does_nothing_else():
    for duty in Duty:
        assert conflicts(Duty.ADMINISTRATOR, duty) == (duty is not Duty.ADMINISTRATOR)
        assert conflicts(Duty.AUDITOR, duty) == (duty is not Duty.AUDITOR)
    assert conflicts(Duty.COUNSEL, Duty.TRANSFER_MANAGER)
    assert not conflicts(Duty.COMPLIANCE_OFFICER, Duty.TRANSFER_MANAGER)
