"""A printed document says exactly what it was given, in both languages, or is refused."""

import io
import re
import sys

import pypdf
import pytest

from printing.pdf import FONTS, PrintingError, content_digest, forms, pictures, render
from printing.tests.samples import COMMON, RARE, SAMPLES

LANGUAGES = ["en", "zh-hans"]


def words(pdf):
    """The text of all pages without its blanks: a line may break anywhere between Chinese characters."""
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)
    return re.sub(r"\s", "", text)


def texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def letter(**changes):
    return {**SAMPLES["letter"], **changes}


def test_there_is_a_sample_of_every_form():
    assert set(SAMPLES) == forms()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", sorted(SAMPLES))
def test_the_text_of_the_document_equals_what_was_given(form, language):
    data = {key: value for key, value in SAMPLES[form].items() if key not in {"verify_url", "issued_at"}}
    found = words(render(form, SAMPLES[form], language=language))
    for text in texts(data):
        assert re.sub(r"\s", "", text) in found, text
    assert content_digest(SAMPLES[form]) in found


@pytest.mark.parametrize("name", ["䶮", "㛃", "𠮷", "㼆", "·", "赟", "𬭎"])
def test_rare_names_are_printed_and_can_be_read_back(name):
    assert name in words(render("letter", letter(recipient=f"王{name}"), language="zh-hans"))


@pytest.mark.parametrize("sign", ["\U00030010", "😀", "\ue000", "\x07", "\u2028", "\ufeff"])
def test_it_refuses_what_it_cannot_print_instead_of_dropping_it(sign):
    with pytest.raises(PrintingError) as refusal:
        render("letter", letter(recipient=f"王{sign}"), language="en")
    assert f"{ord(sign):04X}".lower() in str(refusal.value).lower() or sign in str(refusal.value)


@pytest.mark.parametrize(
    "text",
    ['#read("/etc/passwd")', "*bold* _x_ $1+1$ #sys.inputs", "\\ ] [ } { \" '", "// gone /* gone */ @x <y>"],
)
def test_markup_in_the_data_stays_plain_text(text):
    assert re.sub(r"\s", "", text) in words(render("letter", letter(recipient=text), language="en"))


@pytest.mark.parametrize("form", sorted(SAMPLES))
def test_the_same_data_gives_the_same_bytes(form):
    assert render(form, SAMPLES[form], language="en") == render(form, SAMPLES[form], language="en")


def test_other_data_gives_another_digest():
    assert content_digest(COMMON) != content_digest({**COMMON, "version": "4"})
    assert content_digest({"a": "1", "b": "2"}) == content_digest({"b": "2", "a": "1"})


def test_every_page_is_numbered_of_all_and_repeats_the_head_of_the_table():
    reader = pypdf.PdfReader(io.BytesIO(render("list", SAMPLES["list"], language="en")))
    pages = [page.extract_text() for page in reader.pages]
    assert len(pages) > 1
    for number, text in enumerate(pages, start=1):
        assert f"Page {number} / {len(pages)}" in text
        assert f"第 {number} / {len(pages)} 页" in text
        assert COMMON["document_id"] in text
    assert sum("客户号" in text for text in pages) >= len(pages) - 1


def test_the_first_language_is_the_readers():
    for language, first, second in (
        ("en", "Handover list", "移交清单"),
        ("zh-hans", "移交清单", "Handover list"),
    ):
        text = (
            pypdf.PdfReader(io.BytesIO(render("list", SAMPLES["list"], language=language)))
            .pages[0]
            .extract_text()
        )
        assert text.index(first) < text.index(second)
    root = pypdf.PdfReader(io.BytesIO(render("list", SAMPLES["list"], language="zh-hans"))).trailer["/Root"]
    assert str(root["/Lang"]).lower().startswith("zh")


def test_exceptions_stand_on_the_first_page_even_when_there_are_none():
    none = {**SAMPLES["certificate"], "exceptions": []}
    first = (
        pypdf.PdfReader(io.BytesIO(render("certificate", none, language="zh-hans"))).pages[0].extract_text()
    )
    assert "未批准任何例外" in first


def test_the_list_has_lines_for_both_chops_and_the_supervisor():
    found = words(render("list", SAMPLES["list"], language="zh-hans"))
    for word in ("转让方（公章）", "受让方（公章）", "监交人"):
        assert word in found


def test_fonts_are_embedded_and_the_document_is_tagged():
    reader = pypdf.PdfReader(io.BytesIO(render("letter", SAMPLES["letter"], language="en")))
    for font in reader.pages[0]["/Resources"]["/Font"].values():
        descendant = font.get_object()["/DescendantFonts"][0].get_object()
        descriptor = descendant["/FontDescriptor"].get_object()
        assert "/FontFile2" in descriptor or "/FontFile3" in descriptor
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]


@pytest.mark.parametrize(
    ("form", "changes", "language", "said"),
    [
        ("invoice", {}, "en", "no form named invoice"),
        ("base", {}, "en", "no form named base"),
        ("letter", {}, "fr", "no language named fr"),
        ("letter", {"document_id": ""}, "en", "document_id"),
        ("letter", {"issued_at": "2026-11-23T18:00:00"}, "en", "offset"),
        ("letter", {"paragraphs": [{"en": "only English"}]}, "en", "zh"),
    ],
)
def test_it_refuses_unknown_forms_and_incomplete_data(form, changes, language, said):
    with pytest.raises(PrintingError, match=said):
        render(form, letter(**changes), language=language)


def test_the_pages_can_be_looked_at():
    first = pictures("certificate", SAMPLES["certificate"], language="en", ppi=40)[0]
    assert first.startswith(b"\x89PNG")


def test_the_licence_lies_beside_the_fonts():
    assert "SIL Open Font License" in (FONTS / "LICENSE").read_text(encoding="utf-8")


def test_printing_knows_no_framework():
    code = "import sys, printing.pdf; print('django' in sys.modules)"
    import subprocess

    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"
    )
