"""Every reason has words in both languages, and no words are left over."""

import re
from pathlib import Path

import pytest

import rules.verdicts
from rules.errors import RulesError
from rules.reasons import reason_text, reason_texts


def test_every_reason_a_verdict_can_give_has_words_and_no_word_is_idle():
    source = Path(rules.verdicts.__file__).read_text(encoding="utf-8")
    given = {code for code in reason_texts() if f'"{code}"' in source}
    wishes = {"exit_transfer", "exit_close"}  # taken over from the client's own word

    assert given | wishes == set(reason_texts())


def test_the_words_are_in_both_languages():
    for text in reason_texts().values():
        assert re.search(r"[\u4e00-\u9fff]", text.zh)
        assert text.zh.endswith("。") and text.en.endswith(".")
        assert text.en.isascii()


def test_a_text_answers_in_the_language_asked_for():
    text = reason_text("window_over")

    assert text.in_language("zh-hans") == text.in_language("zh-CN") == text.zh
    assert text.in_language("en") == str(text) == text.en


def test_an_unknown_reason_is_refused():
    with pytest.raises(RulesError, match="no reason nonsense"):
        reason_text("nonsense")
