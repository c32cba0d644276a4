"""Every part in a real browser: strict policy, WCAG 2.2 AA, both languages, both themes, 320 px, keyboard."""

import mimetypes
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from csp.utils import build_policy
from django.conf import settings
from django.template import Context, engines
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.safestring import mark_safe
from playwright.sync_api import sync_playwright

from handover.tests import gallery, test_parts

urlpatterns = test_parts.urlpatterns
pytestmark = [pytest.mark.browser, pytest.mark.urls(__name__)]
HOST = "http://localhost:1"
SOURCE = (
    "{% extends 'base.html' %}{% block title %}Gallery{% endblock %}{% block page_title %}沧澜证券 → 远岫证券"
    "{% endblock %}{% block content %}{{ inner }}{% endblock %}"
)
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def gallery_page(parts, language="en", **changes):
    with translation.override(language):
        inner = "".join(
            render_to_string(f"parts/{part}.html", {**gallery.context_of(part), "csrf_token": "t", **changes})
            for part in parts
        )
        context = Context({"frame": gallery.FRAME, "csrf_token": "t", "inner": mark_safe(inner)})
        return engines["django"].from_string(SOURCE).template.render(context)


@pytest.fixture(scope="module")
def chrome(chromium_path):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def show(chrome):
    """Open a page made of our own templates and files under the product's policy; answers: address → body."""
    opened = []

    def open_page(text, *, width=1280, scheme="light", answers=None):
        page = chrome.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.complaints = []
        page.on(
            "console",
            lambda line: page.complaints.append(line.text) if "Content Security" in line.text else None,
        )
        page.on("pageerror", lambda error: page.complaints.append(str(error)))

        def answer(route):
            address = route.request.url.removeprefix(HOST)
            if address.startswith("/static/"):
                file = Path(settings.BASE_DIR) / address.lstrip("/")
                route.fulfill(body=file.read_bytes(), content_type=mimetypes.guess_type(file.name)[0])
            elif address == "/":
                policy = {
                    "Content-Security-Policy": build_policy(),
                    "Content-Type": "text/html; charset=utf-8",
                }
                route.fulfill(body=text, headers=policy)
            elif address in (answers or {}):
                route.fulfill(body=answers[address], content_type="text/html; charset=utf-8")
            else:
                route.abort()

        page.route("**/*", answer)
        page.goto(f"{HOST}/")
        opened.append(page)
        return page

    yield open_page
    for page in opened:
        page.close()


# Every pair of the three choices occurs; all eight would take twice as long and find the same.
@pytest.mark.parametrize(
    ("language", "scheme", "width"),
    [("en", "light", 320), ("en", "dark", 1280), ("zh-hans", "light", 1280), ("zh-hans", "dark", 320)],
)
def test_all_parts_are_accessible_fit_and_keep_the_policy(show, language, scheme, width):
    page = show(gallery_page(sorted(set(gallery.PARTS) - {"revealed"}), language), width=width, scheme=scheme)
    page.click(".reveal summary")
    found = Axe().run(page, options=RULES).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == scheme
    assert page.complaints == []


def test_the_policy_would_refuse_an_inline_style(show):
    page = show(gallery_page([]).replace("<h1>", '<h1 style="color: red">'))
    assert any("Content Security Policy" in line for line in page.complaints)


def test_after_an_error_the_keyboard_starts_at_the_summary_and_lands_in_the_field(show):
    page = show(gallery_page(["form"]))
    assert page.evaluate("document.activeElement.className") == "error-summary"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "id_name"


def test_the_first_stop_of_the_keyboard_skips_to_the_content(show):
    page = show(gallery_page(["facts"]))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.getElementById('main').contains(document.activeElement)")


def test_the_drawer_opens_and_closes_by_keyboard_and_gives_the_focus_back(show):
    page = show(gallery_page(["drawer"]))
    page.focus("[data-open]")
    page.keyboard.press("Enter")
    assert page.is_visible("dialog.drawer")
    page.keyboard.press("Escape")
    assert not page.is_visible("dialog.drawer")
    assert page.evaluate("document.activeElement.hasAttribute('data-open')")


def test_the_menu_opens_on_a_narrow_screen_and_says_so(show):
    page = show(gallery_page([]), width=320)
    assert not page.is_visible("#sidebar-menu")
    page.click("[data-toggle-menu]")
    assert page.is_visible("#sidebar-menu")
    assert page.get_attribute("[data-toggle-menu]", "aria-expanded") == "true"


def test_a_revealed_value_is_forgotten_even_when_the_server_is_gone(show):
    reveal = {**gallery.context_of("revealed")["reveal"], "seconds": 1}
    text = gallery_page(["revealed"], reveal=reveal)
    assert ">13800005678<" in text
    page = show(text)
    page.wait_for_selector(".reveal-value", state="detached")
    assert "13800005678" not in page.content()


def test_a_revealed_value_gives_way_to_the_masked_one(show):
    reveal = {**gallery.context_of("revealed")["reveal"], "seconds": 1}
    masked = render_to_string("parts/reveal.html", gallery.context_of("reveal"))
    page = show(gallery_page(["revealed"], reveal=reveal), answers={"/masked": masked})
    page.wait_for_selector(".masked")
    assert "13800005678" not in page.content()


def test_a_running_work_is_asked_after_until_it_is_done(show):
    job = {**gallery.JOB, "state": "done", "done": 100000}
    done = render_to_string("parts/progress.html", {"job": job, "csrf_token": "t"})
    page = show(gallery_page(["progress"]), answers={"/job/7": done})
    page.wait_for_selector(".job .state-ok")
    assert "hx-get" not in page.content()
