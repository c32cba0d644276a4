"""A pack is whole or it is refused, with the file, the rule and the field named."""

import re
from datetime import date
from pathlib import Path

import msgspec
import pytest
import yaml

from rules.errors import PackError, RulesError, UnknownRuleError
from rules.packs import load_pack, read_pack, shipped_packs
from rules.tests.helpers import CN, TODAY, changed, with_window

SHIPPED = Path(read_pack.__code__.co_filename).with_suffix("") / "cn.yaml"


@pytest.fixture
def written(tmp_path):
    """Write the shipped pack with one change and read it back."""

    def write(change):
        raw = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
        change(raw)
        path = tmp_path / "cn.yaml"
        path.write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")
        return read_pack(path)

    return write


def rule(raw, rule_id):
    return next(each for each in raw["rules"] if each["id"] == rule_id)


def test_the_shipped_packs_load():
    assert shipped_packs() == ("cn",)
    assert load_pack("cn") is CN
    assert (CN.jurisdiction, CN.time_zone) == ("CN", "Asia/Shanghai")


def test_the_pack_holds_what_an_absorption_merger_needs():
    wanted = {"02", "03", "04", "05", "09", "10", "12", "13", "14", "15", "20", "21", "23", "25", "29"}

    assert {f"CN{number}" for number in wanted} <= {each.id for each in CN.in_force(TODAY)}


def test_every_rule_carries_law_article_and_obligation_in_both_languages():
    for each in CN.rules:
        for text in (each.law, each.article, each.obligation):
            assert re.search(r"[\u4e00-\u9fff]", text.zh) and not re.search(r"[\u4e00-\u9fff]", text.en)
        assert each.reviewed_on >= each.effective_from
        assert each.source


def test_a_rule_is_found_by_its_id_even_when_disabled():
    assert CN.rule("CN03").citation.zh == "《个人信息保护法》第二十二条"
    assert CN.rule("CN24").enabled is False
    with pytest.raises(UnknownRuleError, match="cn: no rule CN99"):
        CN.rule("CN99")


def test_rules_from_memory_are_off():
    assert [each.id for each in CN.rules if not each.enabled] == ["CN24"]
    assert CN.applying("CN24", TODAY) is None


def test_both_ends_of_the_effective_dates_count():
    pack = changed(CN, "CN29", effective_from=date(2026, 1, 1), effective_to=date(2026, 6, 30))

    def stands(day):
        found = "CN29" in [each.id for each in pack.in_force(day)]
        assert found == (pack.applying("CN29", day) is not None)
        return found

    assert not stands(date(2025, 12, 31))
    assert stands(date(2026, 1, 1))
    assert stands(date(2026, 6, 30))
    assert not stands(date(2026, 7, 1))


def test_a_rule_that_is_not_there_does_not_apply():
    assert CN.applying("CN99", TODAY) is None


def test_the_digest_covers_every_figure_and_no_layout(written):
    assert re.fullmatch(r"[0-9a-f]{64}", CN.digest)
    assert written(lambda raw: None).digest == CN.digest
    assert with_window(CN, 31).digest != CN.digest
    assert written(lambda raw: raw["checklists"][0]["items"].pop()).digest != CN.digest


@pytest.mark.parametrize(
    ("rule_id", "field", "value", "where", "reason"),
    [
        ("CN29", "mark", "Q", "mark", "Invalid enum value"),
        ("CN29", "mark", None, "mark", "Expected `str`"),
        ("CN29", "reviewed_on", "yesterday", "reviewed_on", "Invalid RFC3339"),
        ("CN29", "deadlines", [{"code": "x"}], "deadlines[0]", "missing required field `trigger`"),
        ("CN29", "windw", 30, "fields", "unknown field `windw`"),
        ("CN29", "attempts_before_announcement", 0, "attempts_before_announcement", "`int` >= 1"),
        ("CN29", "source", "", "source", "length >= 1"),
        ("CN29", "used_by", [], "used_by", "must name who reads it"),
        ("CN29", "mark", "M", "enabled", "a rule from memory stays off"),
        ("CN29", "effective_to", date(2025, 1, 1), "effective_to", "ends before it begins"),
    ],
)
def test_an_unsound_rule_is_refused_by_name(written, rule_id, field, value, where, reason):
    with pytest.raises(PackError) as refusal:
        written(lambda raw: rule(raw, rule_id).update({field: value}))

    assert (refusal.value.file, refusal.value.rule, refusal.value.field) == ("cn.yaml", rule_id, where)
    assert reason in refusal.value.reason
    assert str(refusal.value).startswith(f"cn.yaml: {rule_id}: {where}: ")


def test_unknown_zones_are_refused(written):
    with pytest.raises(PackError, match=r"CN29: deadlines.objection_window: unknown zone Asia/Peking"):
        written(lambda raw: rule(raw, "CN29")["deadlines"][0].update(zone="Asia/Peking"))
    with pytest.raises(PackError, match="pack: time_zone: unknown zone Peking"):
        written(lambda raw: raw.update(time_zone="Peking"))


def test_a_duty_needs_a_deadline_that_a_transfer_triggers_and_a_threshold_that_exists(written):
    def due(code):
        return lambda raw: rule(raw, "CN10")["duties"][0].update(due=code)

    with pytest.raises(PackError, match="CN10: duties.officer_filed.due: no deadline some_day"):
        written(due("some_day"))
    with pytest.raises(
        PackError, match="CN30: duties.creditors_notified.due: no deadline claim_after_notice"
    ):
        written(lambda raw: rule(raw, "CN30")["duties"][0].update(due="claim_after_notice"))
    with pytest.raises(PackError, match="CN10: duties.officer_filed.threshold: no threshold many"):
        written(lambda raw: rule(raw, "CN10")["duties"][0].update(threshold="many"))


@pytest.mark.parametrize("part", ["rules", "checklists", "classification"])
def test_nothing_stands_twice(written, part):
    with pytest.raises(PackError, match=f"pack: {part}: .* stands 2 times"):
        written(lambda raw: raw[part].append(raw[part][0]))


def test_items_are_sound(written):
    def item(raw):
        return raw["checklists"][0]["items"][0]

    with pytest.raises(PackError, match="CN99: checklists.merger_notice.transferor: no such rule"):
        written(lambda raw: item(raw).update(rule="CN99"))
    with pytest.raises(PackError, match="CN03: checklists.merger_notice.transferor: nothing to look for"):
        written(lambda raw: item(raw).update(needs=[]))
    with pytest.raises(PackError, match="checklists.merger_notice: transferor stands 2 times"):
        written(lambda raw: raw["checklists"][0]["items"].append(item(raw)))


def test_both_calendars_of_open_days_are_required(written):
    with pytest.raises(PackError, match="pack: calendars: must be business_days and trading_days"):
        written(lambda raw: raw["calendars"].pop("trading_days"))


def test_rules_must_be_a_list_of_mappings(written):
    with pytest.raises(PackError, match="pack: rules: a list of rules is required"):
        written(lambda raw: raw.update(rules="none"))
    with pytest.raises(PackError, match="rule number 1: fields: Expected `object`"):
        written(lambda raw: raw.update(rules=["CN03"]))
    with pytest.raises(PackError, match="rule number 1: fields: Object missing required field `id`"):
        written(lambda raw: raw.update(rules=[{}]))
    with pytest.raises(PackError, match="pack: rules: "):
        written(lambda raw: raw.update(rules=[]))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"- a list", "a mapping is required"),
        (b"", "a mapping is required"),
        (b"a: 1\na: 2\n", "key twice: a"),
        (b"a: [1", "while parsing"),
        ("law: 《证券法》".encode("gb18030"), "codec can't decode"),
    ],
)
def test_a_file_that_is_no_pack_is_refused(tmp_path, content, reason):
    path = tmp_path / "xx.yaml"
    path.write_bytes(content)

    with pytest.raises(PackError, match=f"xx.yaml: pack: file: .*{reason}"):
        read_pack(path)


def test_a_pack_that_does_not_ship_is_refused():
    with pytest.raises(PackError, match="us.yaml: pack: file"):
        load_pack("us")


def test_every_fault_of_the_rules_is_one_error():
    assert issubclass(PackError, RulesError) and issubclass(UnknownRuleError, RulesError)


def test_the_pack_survives_being_written_as_json():
    assert msgspec.json.decode(msgspec.json.encode(CN), type=type(CN)).digest == CN.digest
