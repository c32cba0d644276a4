"""A notice says what the law asks for, or it is told what is missing."""

import pytest
from msgspec.structs import replace

from rules.checklists import checklist, cover, items_in_force
from rules.errors import RulesError
from rules.tests.helpers import CN, TODAY, without

CONTEXT = {
    "transferor_name": "沧澜证券有限公司",
    "transferee_name": "远岫证券股份有限公司",
    "transferee_contact": "400-000-0000",
    "approval_reference": "证监许可〔2026〕1234号",
    "merger_reason": "吸收合并",
    "effective_on": "2026年12月4日",
    "freeze_window": "12月4日15时至12月6日24时",
    "data_categories": ["身份信息", "账户信息", "交易记录"],
    "purposes": "处理目的不变",
    "retention": "账户注销后二十年",
    "accounts_effect": "资金账号前加88",
    "bank_effect": "存管银行不变",
    "login_effect": "使用新客户端登录",
    "rights": ["查阅", "复制", "更正", "删除"],
    "rights_channel": "营业部或客服热线",
    "officer_contact": "privacy@yuanxiu.example",
    "costs": "不收取费用",
    "object_how": "书面提出",
    "object_by": "2026年11月13日",
    "exit_how": "办理转户或销户",
}


def letter(context):
    values = [each for value in context.values() for each in (value if isinstance(value, list) else [value])]
    return "\n".join(map(str, values))


def covering(code="merger_notice", *, text=None, pack=CN, **changes):
    context = {**CONTEXT, **changes}
    found = cover(pack, code, text=letter(context) if text is None else text, context=context, on=TODAY)
    return {
        part: {item.code for item in getattr(found, part)} for part in ("covered", "missing", "not_asked")
    }, found


def test_a_whole_letter_is_complete():
    parts, found = covering()

    assert found.complete
    assert (parts["missing"], parts["not_asked"]) == (set(), {"consent_link", "guardian"})
    assert len(parts["covered"]) == 19


@pytest.mark.parametrize("name", sorted(CONTEXT))
def test_each_value_is_missed_when_the_letter_does_not_say_it(name):
    text = letter({key: value for key, value in CONTEXT.items() if key != name})
    parts, found = covering(text=text)

    assert not found.complete
    assert len(parts["missing"]) == 1


@pytest.mark.parametrize("value", [None, "", "  ", []])
def test_an_empty_value_says_nothing(value):
    parts, _ = covering(transferee_contact=value)

    assert parts["missing"] == {"contact"}


def test_a_list_is_said_only_whole():
    parts, _ = covering(text=letter({**CONTEXT, "data_categories": ["身份信息", "账户信息"]}))

    assert parts["missing"] == {"categories"}


def test_line_breaks_spaces_and_case_do_not_matter():
    text = letter(CONTEXT).replace("远岫证券股份", "远岫证券\n  股份").replace("privacy@", "PRIVACY@")

    assert covering(text=text)[1].complete


def test_a_changed_purpose_asks_for_the_way_to_consent():
    assert covering(purpose_changed=True)[0]["missing"] == {"consent_link"}
    assert covering(purpose_changed=True, consent_link="https://example.org/c/1")[1].complete


def test_the_guardians_version_asks_for_the_guardians_part():
    assert covering(for_guardian=True)[0]["missing"] == {"guardian"}
    assert covering(for_guardian=True, guardian_note="请监护人确认")[1].complete


def test_a_phrase_can_stand_for_a_value():
    merger = checklist(CN, "merger_notice")
    said = replace(merger.items[0], needs=(), says=("we, the transferor", "本公司（转让方）"))
    pack = replace(CN, checklists=(replace(merger, items=(said,)),))

    assert cover(pack, "merger_notice", text="本公司\n（转让方）谨此告知", context={}, on=TODAY).complete
    assert not cover(pack, "merger_notice", text="我们谨此告知", context={}, on=TODAY).complete


def test_a_rule_out_of_force_asks_for_nothing():
    pack = without(CN, "CN29")

    assert "exit" not in {item.code for item in items_in_force(pack, "merger_notice", on=TODAY)}
    assert covering(pack=pack, exit_how="")[1].complete


def test_the_disposal_plan_and_the_breach_notice_have_their_lists():
    plan = {item.code for item in items_in_force(CN, "disposal_plan", on=TODAY)}
    breach = {item.code for item in items_in_force(CN, "breach_notice", on=TODAY)}

    assert plan == {"inventory", "recipient", "contact", "safeguards", "timetable"}
    assert breach == {"data_types", "cause", "harm", "remedies", "self_protection", "contact"}


def test_an_unknown_list_is_refused():
    with pytest.raises(RulesError, match="cn: no checklist love_letter"):
        cover(CN, "love_letter", text="", context={}, on=TODAY)
