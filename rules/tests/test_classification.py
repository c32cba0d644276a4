"""How fields are classed and handled."""

from pathlib import Path

import pytest

from rules.classification import classify, highest
from rules.errors import RulesError
from rules.tests.helpers import CN, TODAY, without


@pytest.mark.parametrize(
    ("field", "jrt", "sensitive", "handling"),
    [
        ("name", "C2", False, "mask"),
        ("id_number", "C2", True, "encrypt_blind_index"),
        ("id_image", "C2", True, "encrypt_watermark"),
        ("phone", "C2", False, "mask_middle"),
        ("address", "C2", False, "mask"),
        ("bank_card", "C2", True, "show_last_four"),
        ("card_secret", "C3", True, "reject"),
        ("securities_account", "C2", True, "encrypt_blind_index"),
        ("fund_account", "C2", True, "encrypt"),
        ("balance", "C2", True, "field_access"),
        ("holding", "C2", True, "field_access"),
        ("trade", "C2", True, "field_access"),
        ("risk_level", "C2", False, "purpose_bound"),
        ("tag", "C2", False, "drop_unless_purpose"),
        ("biometric", "C3", True, "never_migrate"),
        ("password", "C3", True, "never_migrate"),
        ("one_time_code", "C3", True, "reject"),
        ("opened_on", "C1", False, "normal"),
        ("branch", "C1", False, "normal"),
    ],
)
def test_fields_are_classed_as_the_norm_does(field, jrt, sensitive, handling):
    found = classify(CN, field, on=TODAY)

    assert (found.jrt, found.sensitive, found.handling) == (jrt, sensitive, handling)


def test_every_field_of_a_child_is_sensitive():
    assert all(classify(CN, entry.field, on=TODAY, child=True).sensitive for entry in CN.classification)


def test_without_the_rule_on_sensitive_data_nothing_is():
    pack = without(CN, "CN05")

    assert not any(
        classify(pack, entry.field, on=TODAY, child=True).sensitive for entry in pack.classification
    )


def test_a_set_takes_the_class_of_its_highest_field():
    assert highest(CN, ["branch", "opened_on"]) == "C1"
    assert highest(CN, ["branch", "name"]) == "C2"
    assert highest(CN, ["name", "password", "branch"]) == "C3"


def test_an_unknown_field_has_no_class():
    with pytest.raises(RulesError, match="cn: no classification of shoe_size"):
        classify(CN, "shoe_size", on=TODAY)
    with pytest.raises(RulesError, match="no fields, no class"):
        highest(CN, [])


def test_secrets_never_travel():
    for entry in CN.classification:
        assert (entry.jrt == "C3") == (entry.handling in {"reject", "never_migrate"}), entry.field


def test_the_floor_knows_no_framework():
    for path in (Path(__file__).parents[1]).glob("*.py"):
        assert "django" not in path.read_text(encoding="utf-8")
