"""Every page and list of the API that people of a stand can reach, with its queries and their time.

Called by ``manage.py shell -c`` in a second terminal of a stand whose demo has ended.
"""

import json
import re
import time
from collections import Counter
from html import unescape
from urllib.parse import urljoin, urlsplit

from django.db import connection
from django.test import Client as Browser
from django.urls import NoReverseMatch, Resolver404, get_resolver, resolve, reverse

from access.models import User
from transfer.models import Transfer

PEOPLE = ("canglan.officer1", "yuanxiu.officer1", "yuanxiu.staff1", "auditor")
ROUNDS = 5
OF_ONE_KIND = 2
MOST_PAGES = 90
_LINK = re.compile(r'href="([^"#]+)"')
_LEFT_ALONE = re.compile(
    r"/(sign-out|static|api/v1/(docs|schema)|health/|language)|download|\.(pdf|csv|json|zip)$"
)


class _Queries:
    """Counts and times the statements of one request."""

    def __init__(self) -> None:
        self.count, self.slowest, self.statement = 0, 0.0, ""

    def __call__(self, execute, sql, params, many, context):
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            took = 1000 * (time.perf_counter() - began)
            self.count += 1
            if took > self.slowest:
                self.slowest, self.statement = took, re.sub(r"\s+", " ", str(sql))


def crawl() -> None:
    """Prints what every address needed, as one line of JSON."""
    found = []
    for name in PEOPLE:
        browser = Browser(HTTP_HOST="localhost", raise_request_exception=False)
        browser.force_login(User.objects.get(username=name))
        found += [{"person": name, **_measured(browser, path)} for path in _reached(browser)]
    print(json.dumps(found))


def _reached(browser: Browser) -> list[str]:
    """Addresses found by following links from the first page, some of each kind, and the API's lists."""
    waiting, seen, kinds = ["/"], {"/"}, Counter()
    paths = []
    while waiting and len(paths) < MOST_PAGES:
        path = waiting.pop(0)
        answer = browser.get(path)
        paths.append(path)
        if answer.status_code != 200 or "html" not in answer.headers.get("Content-Type", ""):
            continue
        for link in _LINK.findall(answer.content.decode()):
            target = urljoin(path, unescape(link))
            kind = _kind(target)
            if target in seen or kind is None or kinds[kind] >= OF_ONE_KIND:
                continue
            seen.add(target)
            kinds[kind] += 1
            waiting.append(target)
    return [*paths, *_lists()]


def _kind(target: str) -> str | None:
    """Which page an address is; none where it leads away or changes something."""
    if not target.startswith("/") or _LEFT_ALONE.search(target):
        return None
    parts = urlsplit(target)
    try:
        name = resolve(parts.path).view_name
    except Resolver404:
        return None
    return f"{name}?{parts.query.split('=')[0]}"


def _lists() -> list[str]:
    transfer = Transfer.objects.order_by("number").first()
    found = []
    for name in sorted(str(name) for name in get_resolver().reverse_dict if str(name).endswith("-list")):
        for facts in ({}, {"transfer": transfer.pk}):
            try:
                found.append(reverse(name, kwargs=facts))
            except NoReverseMatch:
                continue
    return [path for path in found if path.startswith("/api/")]


def _measured(browser: Browser, path: str) -> dict[str, object]:
    browser.get(path)  # What a process does once, it has done.
    times, worst = [], _Queries()
    for _ in range(ROUNDS):
        queries = _Queries()
        began = time.perf_counter()
        with connection.execute_wrapper(queries):
            answer = browser.get(path)
            if answer.streaming:
                b"".join(answer.streaming_content)
        times.append(1000 * (time.perf_counter() - began))
        worst.count = max(worst.count, queries.count)
        if queries.slowest > worst.slowest:
            worst.slowest, worst.statement = queries.slowest, queries.statement
    return {
        "path": path,
        "view": resolve(urlsplit(path).path).view_name,
        "status": answer.status_code,
        "p95_ms": round(max(times), 1),
        "queries": worst.count,
        "slowest_ms": round(worst.slowest, 1),
        "statement": worst.statement[:160],
    }
