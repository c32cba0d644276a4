"""People at their browsers: what a person does with one page, waited for by what the page shows, never by time."""

import re
from pathlib import Path

from playwright.sync_api import Browser, Download, Locator, Page, expect

ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# Generous: the whole stand and the browser share the machine. Nothing waits this long unless something is wrong.
PATIENCE = 60_000


class Person:
    """Somebody with an account, a password and a browser of their own."""

    def __init__(self, browser: Browser, base: str, name: str, password: str) -> None:
        self.name, self.password, self.base = name, password, base
        self.context = browser.new_context(
            base_url=base, accept_downloads=True, viewport={"width": 1280, "height": 900}, locale="en-GB"
        )
        self.context.set_default_timeout(PATIENCE)
        self.complaints: list[str] = []
        self.page: Page = self.context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"{self.page.url}: {error}"))
        self.page.on("response", self._watch)

    def _hear(self, line) -> None:
        if "Content Security" in line.text:
            self.complaints.append(f"{self.page.url}: {line.text}")

    def _watch(self, response) -> None:
        if response.status >= 500:
            self.complaints.append(f"{response.request.method} {response.url}: {response.status}")

    # Going about.

    def sign_in(self) -> "Person":
        self.page.goto("/")
        self.fill(username=self.name, password=self.password)
        self.press("Sign in")
        expect(self.page.locator(".person")).to_be_visible()
        return self

    def go(self, address: str) -> "Person":
        """Straight to a page that was shown before, as by a bookmark."""
        self.page.goto(address)
        return self

    def follow(self, words: str | re.Pattern[str], *, within: str = "body") -> "Person":
        """Click a link by its words; the password is given again where it is asked for."""
        self._click(
            self.page.locator(within).get_by_role("link", name=words, exact=isinstance(words, str)).first
        )
        self._confirm_if_asked()
        return self

    def open(self, target: Locator) -> "Person":
        """Follow this very link by the keyboard: it needs no place on the screen, and a click of Playwright's
        never ends on the answer to a search."""
        expect(target).to_be_visible(timeout=PATIENCE)
        with self.page.expect_navigation(wait_until="domcontentloaded"):
            target.evaluate("one => one.focus()")
            self.page.keyboard.press("Enter")
        self._confirm_if_asked()
        return self

    def press(self, words: str | re.Pattern[str], *, within: str = "body") -> "Person":
        """Press a button by its words; where the password is asked for first, give it and press again."""
        place = self.page.locator(within)
        self._click(place.get_by_role("button", name=words, exact=isinstance(words, str)).first)
        if self._confirm_if_asked():
            self._click(place.get_by_role("button", name=words, exact=isinstance(words, str)).first)
        return self

    def _click(self, target: Locator) -> None:
        with self.page.expect_navigation(wait_until="domcontentloaded"):
            target.click(no_wait_after=True)

    def _confirm_if_asked(self) -> bool:
        if "/step-up/" not in self.page.url:
            return False
        self._give_password()
        return True

    def _give_password(self) -> None:
        self.page.fill("#id_password", self.password)
        with self.page.expect_navigation(wait_until="domcontentloaded"):
            self.page.get_by_role("button", name="Confirm").click(no_wait_after=True)

    # Forms.

    def fill(self, **words: object) -> "Person":
        """Fields by the names their forms give them: text, a day, a file, a choice by its value or its words."""
        for name, value in words.items():
            field = self.page.locator(f"#id_{name}")
            if isinstance(value, Path):
                field.set_input_files(value)
            elif field.evaluate("one => one.tagName") == "SELECT":
                self._choose(field, str(value))
            else:
                field.fill(str(value))
        return self

    def _choose(self, field: Locator, wanted: str) -> None:
        options = field.locator("option")
        values = options.evaluate_all("all => all.map(one => [one.value, one.textContent.trim()])")
        chosen = [value for value, words in values if value == wanted or words == wanted]
        assert len(chosen) == 1, f"{wanted} is not among {values}"
        field.select_option(chosen[0])

    # Reading.

    @property
    def sentence(self) -> Locator:
        """The first line of the page, which answers its question."""
        return self.page.locator(".page-sentence")

    def reads(self, *words: str | re.Pattern[str]) -> "Person":
        """The page says so, at once or as soon as the work under way lets it."""
        for said in words:
            expect(self.page.locator("main")).to_contain_text(said, timeout=PATIENCE)
        return self

    def reads_first(self, words: str | re.Pattern[str]) -> "Person":
        """The page's first sentence says so."""
        expect(self.sentence).to_contain_text(words, timeout=PATIENCE)
        return self

    def reads_nowhere(self, words: str) -> "Person":
        expect(self.page.locator("main")).not_to_contain_text(words)
        return self

    def cells(self, row: str | re.Pattern[str], *, table: str = "main table") -> list[str]:
        """What the cells of the first row with these words show; words for screen readers alone are left out."""
        found = self.page.locator(f"{table} tbody tr").filter(has_text=row).first
        expect(found).to_be_visible(timeout=PATIENCE)
        texts = found.locator("th, td").evaluate_all(
            """all => all.map(cell => {
                const seen = cell.cloneNode(true);
                seen.querySelectorAll('.visually-hidden').forEach(one => one.remove());
                return seen.textContent.replace(/\\s+/g, ' ').trim();
            })"""
        )
        return list(texts)

    def waits_for_the_work(self) -> "Person":
        """The work shown on the page has ended; the page reloads itself when it has."""
        expect(self.page.locator(".job[hx-get]")).to_have_count(0, timeout=PATIENCE * 3)
        return self

    # Taking away.

    def downloads(
        self, words: str | re.Pattern[str], into: Path, *, role: str = "link", within: str = "body"
    ) -> Path:
        """The file behind a link or button; the password is given again where it is asked for."""
        taken: list[Download] = []
        self.page.once("download", lambda found: taken.append(found))
        target = self.page.locator(within).get_by_role(role, name=words, exact=isinstance(words, str)).first
        target.click(no_wait_after=True)
        while not taken:
            self.page.wait_for_timeout(50)
            if "/step-up/" in self.page.url and self.page.locator("#id_password:focus, #id_password").count():
                self.page.fill("#id_password", self.password)
                self.page.get_by_role("button", name="Confirm").click(no_wait_after=True)
                if role == "button":  # A redirect cannot carry the form; it is sent again.
                    self.page.wait_for_url(lambda url: "/step-up/" not in url)
                    target.click(no_wait_after=True)
                else:
                    break
        while not taken:
            self.page.wait_for_timeout(50)
        into.parent.mkdir(parents=True, exist_ok=True)
        taken[0].save_as(into)
        return into

    def leave(self) -> None:
        self.context.close()
