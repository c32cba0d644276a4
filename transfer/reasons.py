"""The reasons of a client's verdict as people read them."""

from collections.abc import Iterable

from django.utils.translation import get_language

from rules.errors import RulesError
from rules.packs import Pack
from rules.reasons import reason_text


def reasons_in_words(pack: Pack, lines: Iterable[str]) -> list[dict[str, str]]:
    """The reasons of a verdict in the reader's language, the deciding one first, each with its article."""
    language = get_language() or "en"
    said = []
    for line in reversed(list(lines)):
        rule_id, article, code = line.split("|", 2)
        try:
            words = reason_text(code).in_language(language)
            cited = pack.rule(rule_id).citation.in_language(language)
        except (RulesError, KeyError):
            words, cited = code, article
        said.append({"words": words, "article": cited})
    return said
