"""Every part of the interface renders in both languages, within the strict policy and without leaking."""

import re
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.template import engines
from django.template.loader import render_to_string
from django.urls import path
from django.utils import translation

from handover.states import KIND_ICONS, STAGES, STATES
from handover.templatetags import handover_tags as tags
from handover.tests import gallery

urlpatterns = [
    path("", lambda request: HttpResponse(), name="home"),
    path("language", lambda request: HttpResponse(), name="access-language"),
    path("out", lambda request: HttpResponse(), name="access-sign-out"),
]
pytestmark = pytest.mark.urls(__name__)
LANGUAGES = ["en", "zh-hans"]
VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}


class Page(HTMLParser):
    """What a browser would object to: inline style and script, unclosed elements, double ids, lost labels."""

    def __init__(self, text):
        super().__init__()
        self.faults, self.open, self.ids, self.refers, self.controls, self.labels = [], [], [], [], [], set()
        self.feed(text)
        self.close()
        self.faults += [f"unclosed {tag}" for tag in self.open if tag not in {"path", "rect"}]
        self.faults += [f"id twice: {one}" for one in set(self.ids) if self.ids.count(one) > 1]
        self.faults += [f"refers to nothing: {one}" for one in self.refers if one not in self.ids]
        self.faults += [f"input without a name: {one}" for one in self.controls if one not in self.labels]

    def handle_startendtag(self, tag, attrs):
        self.look(tag, dict(attrs))

    def handle_starttag(self, tag, attrs):
        self.look(tag, dict(attrs))
        if tag not in VOID:
            self.open.append(tag)

    def look(self, tag, attrs):
        if "style" in attrs or any(name.startswith("on") for name in attrs) or tag == "style":
            self.faults.append(f"inline: {tag} {attrs}")
        if tag == "script" and "src" not in attrs:
            self.faults.append("inline script")
        if str(attrs.get("href", "")).startswith("javascript:"):
            self.faults.append("javascript address")
        if attrs.get("id"):
            self.ids.append(attrs["id"])
        for name in ("aria-describedby", "aria-labelledby", "for", "aria-controls"):
            self.refers += (attrs.get(name) or "").split()
        if tag == "label":
            self.labels.add(attrs.get("for"))
        if tag in {"input", "select", "textarea"} and attrs.get("type") != "hidden":
            self.controls.append(attrs.get("id"))

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"badly nested {tag}")


def rendered(part, language):
    with translation.override(language):
        return render_to_string(f"parts/{part}.html", {**gallery.context_of(part), "csrf_token": "t"})


def page(language, content="", frame=gallery.FRAME):
    source = "{% extends 'base.html' %}{% block page_title %}T{% endblock %}{% block content %}{{ inner }}{% endblock %}"
    with translation.override(language):
        template = engines["django"].from_string(source)
        return template.template.render(
            __import__("django.template", fromlist=["Context"]).Context(
                {"frame": frame, "csrf_token": "t", "sentence": "37 of 2,000.", "inner": content}
            )
        )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("part", sorted(gallery.PARTS))
def test_a_part_is_sound_html_within_the_strict_policy(part, language):
    assert Page(rendered(part, language)).faults == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_frame_is_sound_and_says_its_language(language):
    text = page(language)
    assert Page(text).faults == []
    assert f'<html lang="{"zh-Hans" if language == "zh-hans" else "en"}">' in text
    assert text.count("<h1>") == 1
    assert 'href="#main"' in text and 'id="main"' in text


def test_a_page_without_a_person_shows_no_navigation_and_no_way_to_sign_out():
    text = page("en", frame={"languages": gallery.FRAME["languages"]})
    assert "sidebar" not in text
    assert "sign-out" not in text
    assert 'name="language"' in text


def test_every_part_of_the_folder_is_shown_or_included_by_another():
    folder = Path(settings.BASE_DIR) / "templates"
    included = set(
        re.findall(r'include "parts/(\w+)\.html"', "".join(p.read_text() for p in folder.rglob("*.html")))
    )
    assert {p.stem for p in (folder / "parts").glob("*.html")} <= included | set(gallery.PARTS)


def test_no_template_carries_inline_style_or_script():
    folder = Path(settings.BASE_DIR) / "templates"
    for file in folder.rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"<[^>{]*\sstyle=|<style|\son\w+=\"|<script(?![^>]*\ssrc=)", text), file


def test_errors_take_the_focus_lead_to_the_field_and_keep_what_was_entered():
    text = rendered("form", "en")
    assert "data-take-focus" in text
    assert 'href="#id_name"' in text and 'id="id_name"' in text
    assert 'href="#id_basis"' in text
    assert "kept 保留" in text
    summary, form = text.split("<form", 1)
    first = re.search(r'#id_name">([^<]+)<', summary).group(1)
    assert first in form


def test_a_state_is_always_an_icon_and_a_word():
    for language in LANGUAGES:
        with translation.override(language):
            for code, (kind, word) in STATES.items():
                shown = tags.state_badge(code)
                assert "<svg" in shown and str(word) in shown and f"state-{kind}" in shown
    assert {kind for kind, _word in STATES.values()} <= set(KIND_ICONS)
    assert list(STATES)[:9] == list(STAGES)


def test_an_unknown_state_is_neutral_and_keeps_the_given_word_escaped():
    assert "state-calm" in tags.state_badge("something_new")
    assert "&lt;b&gt;" in tags.state_badge("x", "<b>")


@pytest.mark.parametrize(
    ("amount", "currency", "english", "chinese"),
    [
        (Decimal("1234567.8900"), "CNY", "CNY 1,234,567.8900", "1,234,567.8900 元"),
        (5, "HKD", "HKD 5.00", "5.00 港元"),
        ("-0.5", "USD", "USD -0.50", "-0.50 美元"),
        (Decimal("1E+3"), "EUR", "EUR 1,000.00", "EUR 1,000.00"),
        (
            "12345678901234567.123456",
            "CNY",
            "CNY 12,345,678,901,234,567.123456",
            "12,345,678,901,234,567.123456 元",
        ),
    ],
)
def test_money_names_its_currency_and_is_never_rounded(amount, currency, english, chinese):
    with translation.override("en"):
        assert f">{english}<" in tags.money(amount, currency)
    with translation.override("zh-hans"):
        assert f">{chinese}<" in tags.money(amount, currency)


def test_a_moment_names_its_zone_and_reads_as_each_language_writes():
    with translation.override("en"):
        shown = tags.moment(gallery.NOW)
        assert ">23 Nov 2026 18:00 CST<" in shown
        assert 'datetime="2026-11-23T18:00:00+08:00"' in shown
        assert "UTC+08:00, Asia/Shanghai" in shown
    with translation.override("zh-hans"):
        assert ">2026年11月23日 18:00 CST<" in tags.moment(gallery.NOW)
        assert ">2026年11月23日 18:00<" in tags.moment(gallery.NOW, "table")
        assert ">2026年11月23日<" in tags.moment(gallery.NOW.date())


def test_counts_are_grouped_by_three_in_both_languages_and_open_their_rows():
    for language in LANGUAGES:
        with translation.override(language):
            link = tags.count_link(12345, "/clients?state=parked&page=1", "parked")
            assert '<a class="count" href="/clients?state=parked&amp;page=1">12,345' in link
            assert "parked" in link


def test_spans_show_their_two_largest_units():
    with translation.override("en"):
        assert tags.duration(273120) == "3 d 3 h"
        assert tags.duration(75) == "1 min 15 s"
        assert tags.duration(0) == "0 s"
        assert tags.duration(3600) == "1 h"


def test_full_per_cent_means_all_of_it():
    assert tags.percent_of(1999, 2000) == "99 %"
    assert tags.percent_of(2000, 2000) == "100 %"
    assert tags.percent_of(1, 0) == "—"


def test_values_of_people_are_escaped_wherever_they_appear():
    nasty = '<img src=x onerror="1">'
    for shown in (tags.masked(nasty), tags.badge("ok", nasty), tags.cell({"kind": "code", "value": nasty})):
        assert "<img" not in shown
    text = engines["django"].from_string("{% load handover_tags %}{% cell v %}").render({"v": nasty})
    assert "<img" not in text


@pytest.mark.parametrize("state", ["queued", "planning", "running", "finishing"])
def test_a_work_under_way_is_asked_after_and_can_be_stopped(state):
    shown = render_to_string("parts/progress.html", {"job": {**gallery.JOB, "state": state}})
    assert 'hx-get="/job/7"' in shown and 'action="/job/7/stop"' in shown


@pytest.mark.parametrize("state", ["paused", "stopped", "failed", "done"])
def test_a_work_that_rests_is_not_asked_after(state):
    job = {**gallery.JOB, "state": state, "resume_url": "/job/7/resume"}
    shown = render_to_string("parts/progress.html", {"job": job})
    assert "hx-trigger" not in shown
    assert ("/job/7/resume" in shown) == (state != "done")


def test_a_revealed_value_goes_after_a_minute_with_and_without_the_server():
    shown = rendered("revealed", "en")
    assert 'data-forget-after="60"' in shown and "delay:60s" in shown and 'hx-get="/masked"' in shown


def test_every_icon_that_a_page_names_exists():
    folder = Path(settings.BASE_DIR) / "templates"
    drawn = {file.stem for file in (folder / "icons").glob("*.svg")}
    named = set(
        re.findall(r'{% icon "([\w-]+)"', "".join(file.read_text() for file in folder.rglob("*.html")))
    )
    assert (
        named | set(KIND_ICONS.values()) | {entry["icon"] for entry in gallery.FRAME["navigation"]} <= drawn
    )


def test_the_error_pages_render_in_both_languages():
    folder = Path(settings.BASE_DIR) / "templates" / "errors"
    for language in LANGUAGES:
        with translation.override(language):
            for file in folder.glob("*.html"):
                text = render_to_string(f"errors/{file.name}", {"request_id": "r1", "frame": {}})
                assert Page(text).faults == [], file.name


def test_vendored_files_have_their_licence_and_point_at_no_source_map():
    vendor = Path(settings.BASE_DIR) / "static" / "vendor"
    for folder in (entry for entry in vendor.iterdir() if entry.is_dir()):
        assert (folder / "LICENSE").is_file()
        for file in folder.iterdir():
            assert "sourceMappingURL" not in file.read_text(encoding="utf-8")
