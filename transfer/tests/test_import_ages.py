"""Minors and children: by the figures of the rule pack, whatever they are."""

import datetime

import msgspec
import pytest

from rules.ages import age_band
from rules.packs import Pack, load_pack
from transfer.importing.ages import ages_on, births, born_from

DAY = datetime.date(2026, 11, 23)


def with_figure(rule_id: str, figure: int) -> Pack:
    """The China pack with another age in one rule."""
    pack = load_pack("cn")
    rules = []
    for rule in pack.rules:
        if rule.id == rule_id:
            changed = tuple(
                msgspec.structs.replace(each, figure=figure) if each.counts == "age" else each
                for each in rule.thresholds
            )
            rule = msgspec.structs.replace(rule, thresholds=changed)
        rules.append(rule)
    return msgspec.structs.replace(pack, rules=tuple(rules))


def test_the_packs_own_figures_are_eighteen_and_fourteen():
    ages = ages_on(load_pack("cn"), DAY)
    assert ages.minors_from == datetime.date(2008, 11, 24)
    assert ages.children_from == datetime.date(2012, 11, 24)


@pytest.mark.parametrize(("rule", "figure"), [("CN06", 20), ("CN06", 16), ("CN05", 12)])
def test_a_changed_figure_of_the_pack_reaches_the_import(rule, figure):
    ages = ages_on(with_figure(rule, figure), DAY)
    changed = ages.minors_from if rule == "CN06" else ages.children_from
    assert changed == datetime.date(DAY.year - figure, 11, 24)


@pytest.mark.parametrize("day", [DAY, datetime.date(2028, 2, 29), datetime.date(2027, 2, 28)])
def test_every_birth_date_is_judged_as_the_rules_do(day):
    pack = load_pack("cn")
    ages = ages_on(pack, day)
    for back in range(13 * 365, 19 * 366):
        born = day - datetime.timedelta(days=back)
        band = age_band(pack, born, on=day)
        assert (born >= ages.minors_from) == (band in {"child", "minor"}), born
        assert (born >= ages.children_from) == (band == "child"), born


def test_only_persons_are_minors_and_the_citizen_number_says_when_no_date_is_stated():
    values = {
        "kind": ["person", "person", "institution", "person"],
        "id_type": ["id_card", "id_card", "uscc", "passport"],
        "id_number": ["110105201501010014", "110105198001010014", "x", "E1"],
        "birth_date": [None, None, datetime.date(2015, 1, 1), None],
    }
    born = births(values, 4)
    assert born == [datetime.date(2015, 1, 1), datetime.date(1980, 1, 1), datetime.date(2015, 1, 1), None]
    assert born_from(datetime.date(2008, 11, 24), values, born) == [True, False, False, False]
