"""The browsable description of the API in a real browser, under the product's policy: nothing is blocked, acts are listed."""

import mimetypes
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from playwright.sync_api import sync_playwright

pytestmark = [pytest.mark.browser, pytest.mark.django_db]
HOST = "http://localhost:1"
PAGE = "/api/v1/docs/"


@pytest.fixture
def answers(signed_in, giver_staff):
    """What the product answers, asked before the browser's loop begins: address → body, headers."""
    browser = signed_in(giver_staff)
    page = browser.get(PAGE)
    script = f"{PAGE}?script="
    found = {PAGE: page, script: browser.get(script), "/api/v1/schema/": browser.get("/api/v1/schema/")}
    return {address: (answer.content, dict(answer.headers)) for address, answer in found.items()}


def test_the_description_opens_without_a_complaint_of_the_policy(answers, chromium_path):
    complaints, missing = [], []

    def answer(route):
        address = route.request.url.removeprefix(HOST)
        if address.startswith("/static/"):
            file = Path(finders.find(address.removeprefix("/static/")))
            route.fulfill(body=file.read_bytes(), content_type=mimetypes.guess_type(file.name)[0])
        elif address in answers:
            body, headers = answers[address]
            route.fulfill(body=body, headers=headers)
        else:
            missing.append(address)
            route.abort()

    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        # Acts are drawn when they come into sight, so the window shows them all.
        page = chrome.new_page(viewport={"width": 1200, "height": 40_000})
        page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.route("**/*", answer)
        page.goto(HOST + PAGE)
        page.wait_for_selector("text=/api/v1/transfers/{transfer}/custody-moves/", timeout=60_000)
        operations = page.locator(".opblock").count()
        page.locator(".opblock-summary-control").nth(1).click()
        page.get_by_role("button", name="Try it out").click()
        chrome.close()
    assert operations > 100
    assert missing == []
    assert complaints == []
