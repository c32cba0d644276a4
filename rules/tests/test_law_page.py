"""The page about the law says what the pack says."""

from pathlib import Path

from rules.tests.helpers import CN

PAGE = (Path(__file__).parents[2] / "docs" / "law.md").read_text(encoding="utf-8")


def test_every_rule_stands_on_the_page_with_its_mark_and_readers():
    for rule in CN.rules:
        enabled = "yes" if rule.enabled else "no"
        line = f"| {rule.id} | {rule.citation.en} | {rule.mark} | {enabled} | {', '.join(rule.used_by)} |"
        assert line in PAGE.splitlines()


def test_every_value_a_checklist_needs_is_named_on_the_page():
    words = set(PAGE.replace("`", " ").split())

    for checklist in CN.checklists:
        for item in checklist.items:
            assert {*item.needs, *([item.when] if item.when else [])} <= words
