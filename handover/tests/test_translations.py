"""The catalogues follow the source, keep what is known, and every fault of a translation is named."""

import io
import re

import pytest
from babel.messages import pofile
from django.core.management import CommandError, call_command

from handover import translations
from handover.translations import (
    catalogue_path,
    extract,
    faults,
    read_catalogue,
    sources,
    take,
    untranslated,
    update,
)

GLOSSARY = """
terms:
  - {en: transferor, zh: 转让方, never: [移交方], always: true}
  - {en: custody, zh: 控制权, never: [托管, 存管], always: true}
forbidden: {你: 一律用“您”}
"""
PYTHON = """
from django.utils.translation import gettext_lazy as _, ngettext, pgettext_lazy
A = _("The transferor, %(name)s")
B = pgettext_lazy("gate", "open")
C = ngettext("%(count)d row", "%(count)d rows", 2)
D = _("long "
      "sentence")
"""
TEMPLATE = """
<p>{% translate "Hello" %}</p>
      <b>{% blocktranslate with n=count %}{{ n }} of all{% endblocktranslate %}</b>
  {% blocktranslate count n=rows %}{{ n }} clock{% plural %}{{ n }} clocks{% endblocktranslate %}
{% translate "open" context "gate" %} {% if a %} it's " odd ( { {% endif %}
{# {% translate "in a comment" %} #}
"""


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A small project with two languages, one Python file and one template."""
    (tmp_path / "handover").mkdir()
    (tmp_path / "handover" / "acts.py").write_text(PYTHON, encoding="utf-8")
    (tmp_path / "handover" / "tests").mkdir()
    (tmp_path / "handover" / "tests" / "test_acts.py").write_text('_("of a test")', encoding="utf-8")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text(TEMPLATE, encoding="utf-8")
    (tmp_path / "locale").mkdir()
    (tmp_path / "locale" / "glossary.yaml").write_text(GLOSSARY, encoding="utf-8")
    return tmp_path


GOOD = {
    "The transferor, %(name)s": "转让方 %(name)s",
    "gate|open": "已打开",
    "%(count)d row": "%(count)d 行",
    "long sentence": "长句",
    "Hello": "您好",
    "%(n)s of all": "全部中的 %(n)s",
    "%(n)s clock": "%(n)s 个时限",
}


def found_in(house):
    return extract(sources(house), house)


def finished(house, **changes):
    update("zh_Hans", found_in(house), house)
    assert take("zh_Hans", {**GOOD, **changes}, house) == []
    return faults("zh_Hans", found_in(house), house)


def test_it_finds_every_marked_string_of_python_and_templates_but_not_of_tests(house):
    found = {(one.context, one.id) for one in found_in(house)}
    assert found == {
        (None, "The transferor, %(name)s"),
        ("gate", "open"),
        (None, ("%(count)d row", "%(count)d rows")),
        (None, "long sentence"),
        (None, "Hello"),
        (None, "%(n)s of all"),
        (None, ("%(n)s clock", "%(n)s clocks")),
    }


def test_a_finished_catalogue_has_no_fault(house):
    assert finished(house) == []


def test_updating_keeps_known_translations_and_drops_what_is_gone(house):
    finished(house)
    file = house / "handover" / "acts.py"
    file.write_text(PYTHON.replace("long ", "longer ") + "\n" * 40, encoding="utf-8")
    catalogue = update("zh_Hans", found_in(house), house)
    assert catalogue.get("Hello").string == "您好"
    assert catalogue.get("open", "gate").string == "已打开"
    assert [message.id for message in untranslated(catalogue)] == ["longer sentence"]
    assert "long sentence" not in catalogue_path("zh_Hans", house).read_text(encoding="utf-8")
    assert not any(message.fuzzy for message in catalogue)


def test_moving_code_changes_no_catalogue(house):
    finished(house)
    before = catalogue_path("zh_Hans", house).read_bytes()
    file = house / "handover" / "acts.py"
    file.write_text("\n\n\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    update("zh_Hans", found_in(house), house)
    assert catalogue_path("zh_Hans", house).read_bytes() == before


def test_english_is_its_own_translation(house):
    catalogue = update("en", found_in(house), house)
    assert catalogue.get("Hello").string == "Hello"
    assert tuple(catalogue.get("%(count)d row").string) == ("%(count)d row", "%(count)d rows")
    assert faults("en", found_in(house), house) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"Hello": ""}, "untranslated: 'Hello'"),
        ({"%(count)d row": ""}, "untranslated: ('%(count)d row'"),
        ({"The transferor, %(name)s": "转让方"}, "other placeholders"),
        ({"The transferor, %(name)s": "转让方 %(nom)s"}, "other placeholders"),
        ({"%(n)s of all": "全部中的 %(n)d"}, "other placeholders"),
        ({"The transferor, %(name)s": "甲方 %(name)s"}, "is always 转让方"),
        ({"The transferor, %(name)s": "转让方（移交方）%(name)s"}, "never 移交方"),
        ({"Hello": "你好"}, "一律用“您”"),
        ({"Hello": "Hello"}, "left in English"),
        ({"Hello": "您好,"}, "half-width punctuation"),
    ],
)
def test_every_fault_of_a_translation_is_named(house, changes, said):
    report = finished(house, **changes)
    assert len(report) == 1
    assert said in report[0]


def test_a_rendering_that_means_assets_is_refused_for_custody(house):
    (house / "handover" / "acts.py").write_text('A = _("Custody of 2,000 clients")', encoding="utf-8")
    update("zh_Hans", found_in(house), house)
    take("zh_Hans", {**GOOD, "Custody of 2,000 clients": "2,000 名客户的托管"}, house)
    report = " ".join(faults("zh_Hans", found_in(house), house))
    assert "never 托管" in report


def test_stale_missing_and_fuzzy_entries_are_faults(house):
    finished(house)
    path = catalogue_path("zh_Hans", house)
    path.write_text(
        path.read_text(encoding="utf-8").replace('msgid "Hello"', '#, fuzzy\nmsgid "Hallo"'), encoding="utf-8"
    )
    report = faults("zh_Hans", found_in(house), house)
    assert "not in the catalogue: 'Hello'" in report
    assert "stale, not in the source: 'Hallo'" in report
    assert "fuzzy: 'Hallo'" in report


def test_a_placeholder_without_a_name_is_a_fault_in_every_language(house):
    (house / "handover" / "acts.py").write_text('A = _("%s rows")', encoding="utf-8")
    update("en", found_in(house), house)
    assert any("placeholder without a name" in fault for fault in faults("en", found_in(house), house))


def test_translations_nobody_asked_for_are_named(house):
    update("zh_Hans", found_in(house), house)
    assert take("zh_Hans", {"Goodbye": "再见"}, house) == ["Goodbye"]


def test_the_commands_update_take_and_refuse(house, monkeypatch):
    monkeypatch.setattr(translations, "ROOT", house)
    for function in (
        sources,
        extract,
        update,
        read_catalogue,
        take,
        faults,
        translations.read_glossary,
        translations.read_forbidden,
        translations.write_catalogue,
        catalogue_path,
    ):
        monkeypatch.setattr(function, "__defaults__", tuple(house for _default in function.__defaults__))
    given = house / "new.yaml"
    given.write_text('Hello: 您好\n"Good night": 晚安\n', encoding="utf-8")
    out = io.StringIO()
    call_command("make_translations", take=given, stdout=out)
    assert "nothing asks for 'Good night'" in out.getvalue()
    assert "zh_Hans: 'long sentence'  (handover/acts.py)" in out.getvalue()
    assert "Hello" not in out.getvalue()
    with pytest.raises(CommandError, match="faults"):
        call_command("check_translations", stdout=io.StringIO())
    finished(house)
    call_command("check_translations", stdout=out)
    assert "nothing missing" in out.getvalue()


def test_the_catalogues_of_the_product_can_be_read_and_name_their_plurals():
    for language in translations.LANGUAGES:
        with catalogue_path(language).open("rb") as file:
            assert pofile.read_po(file).num_plurals == (1 if language == "zh_Hans" else 2)


def test_the_glossary_has_one_rendering_per_term():
    terms = [term.english for term in translations.read_glossary()]
    assert len(terms) == len(set(terms))
    assert all(re.search(r"[\u4e00-\u9fff]", term.chinese) for term in translations.read_glossary())
