"""One person who works through the API while parts of the installation are killed under them.

Invariants:
- An act is repeated until it is answered: with its Idempotency-Key where the API takes one, else after
  looking whether it has happened. What was answered stands in the journal.
- Only what says "not now" is repeated: a connection that breaks, or 503. A 500 is remembered as rude.
"""

import http.client
import json
import re
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

PATIENCE = 120.0
AWAY = {502, 503, 504}
STEP_UP_SECONDS = 200.0


class Unanswered(AssertionError):
    """An act was refused, or nobody answered for too long."""


@dataclass
class Journal:
    """What was acknowledged, what is under way, and what should not have been said."""

    acknowledged: list[tuple[str, str, str]] = field(default_factory=list)
    rude: list[str] = field(default_factory=list)
    repeated: int = 0
    stage: str = ""
    act: str = ""
    began: float = 0.0
    lasted: dict[str, float] = field(default_factory=dict)
    over: bool = False
    moved: threading.Event = field(default_factory=threading.Event)

    def enter(self, act: str) -> None:
        """An act begins; whoever waits for it hears so at once."""
        self.act, self.began = act, time.monotonic()
        self.moved.set()

    def leave(self) -> None:
        """The act was answered."""
        self.lasted.setdefault(self.act, time.monotonic() - self.began)


@dataclass
class Answer:
    """What the API said."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def data(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The rule that refused, if one did."""
        try:
            return str(self.data.get("code", ""))
        except (ValueError, AttributeError):
            return ""


class Person:
    """One signed-in person with a session of their own."""

    def __init__(self, port: int, name: str, password: str, journal: Journal) -> None:
        self.port, self.name, self.password, self.journal = port, name, password, journal
        self.cookies: dict[str, str] = {}
        self.confirmed_at = 0.0

    def get(self, path: str) -> Any:
        """The JSON at an address of the API, asked for until it comes."""
        return self._answered("GET", path).data

    def rows(self, path: str) -> list[Any]:
        """Every row of a list."""
        found, address = [], path + ("&" if "?" in path else "?") + "limit=200"
        while address:
            page = self.get(address)
            if isinstance(page, list):
                return page
            found += page["results"]
            address = (page["next"] or "").partition("/api/v1")[2]
        return found

    def download(self, path: str) -> bytes:
        """A file that asks for the password again."""
        self.confirm()
        return self._answered("GET", path).body

    def create(self, path: str, body: dict[str, Any] | None = None, *, confirm: bool = False) -> Any:
        """Something new, made once however often it had to be asked for."""
        key = uuid.uuid4().hex
        self._ready(confirm)
        return self._acknowledged(
            path, lambda _again: self._answered("POST", path, body or {}, headers={"Idempotency-Key": key})
        ).data

    def act(
        self,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        done: Callable[[], bool] | tuple[str, ...] = (),
        confirm: bool = False,
        files: tuple[str, Path | bytes] | None = None,
    ) -> Any:
        """An act that has happened once, whatever was lost on the way: ``done`` looks, or names the refusal
        that says so."""
        self._ready(confirm)

        def attempt(again: bool) -> Answer:
            if again and callable(done) and done():
                return Answer(208, b"{}", {})
            content, kind = _multipart(body or {}, *files) if files else (None, "")
            answer = self._once("POST", path, body or {}, content=content, kind=kind)
            if again and not callable(done) and answer.code in done:
                return Answer(208, answer.body, {})
            return answer

        return self._acknowledged(path, lambda again: self._persist(path, attempt, again)).data

    def confirm(self) -> None:
        """The password was given within the last minutes."""
        if time.monotonic() - self.confirmed_at < STEP_UP_SECONDS:
            return
        self.sign_in_if_needed()
        self._form("/step-up/", f"password={quote(self.password)}&next=/")
        self.confirmed_at = time.monotonic()

    def sign_in_if_needed(self) -> None:
        """The person has a session."""
        if "sessionid" not in self.cookies:
            self._form("/sign-in/", f"username={quote(self.name)}&password={quote(self.password)}")
            assert "sessionid" in self.cookies, f"{self.name} could not sign in"

    def _ready(self, confirm: bool) -> None:
        self.sign_in_if_needed()
        if confirm:
            self.confirm()

    def _form(self, path: str, body: str) -> None:
        def send(_again: bool) -> Answer:
            page = self._send("GET", path, b"", "")
            token = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', page.body)
            if token is None:
                return page if page.status in AWAY else Answer(503, b"", {})
            filled = f"csrfmiddlewaretoken={token[1].decode()}&{body}".encode()
            return self._send("POST", path, filled, "application/x-www-form-urlencoded")

        assert self._persist(path, send, False).status == 302, path

    def _acknowledged(self, path: str, ask: Callable[[bool], Answer]) -> Answer:
        act = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/)\d+(?=/)", "*", path).removeprefix("/transfers/*/")
        self.journal.enter(act)
        answer = ask(False)
        self.journal.leave()
        row = answer.data.get("id", "") if answer.body[:1] == b"{" else ""
        # An answer given again stands for the request that was answered first.
        again = "idempotent-replayed" in answer.headers
        request = "" if again else answer.headers.get("x-request-id", "")
        self.journal.acknowledged.append((act, request, str(row)))
        return answer

    def _answered(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        self.sign_in_if_needed()
        return self._persist(path, lambda _again: self._once(method, path, body, headers=headers), False)

    def _persist(self, path: str, attempt: Callable[[bool], Answer], again: bool) -> Answer:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                answer = attempt(again)
            except (OSError, http.client.HTTPException):
                answer = None
            if answer is not None and answer.status not in AWAY:
                if answer.status == 500:
                    self.journal.rude.append(f"{path}: 500")
                elif answer.code != "idempotency.in_flight":
                    return _taken(path, answer)
            again = True
            self.journal.repeated += 1
            time.sleep(0.1)
        raise Unanswered(f"{path}: nobody answered within {PATIENCE:.0f} s")

    def _once(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None,
        *,
        headers: dict[str, str] | None = None,
        content: bytes | None = None,
        kind: str = "",
    ) -> Answer:
        sent = content if content is not None else json.dumps(body).encode() if method == "POST" else b""
        return self._send(method, f"/api/v1{path}", sent, kind or "application/json", headers)

    def _send(
        self, method: str, path: str, sent: bytes, kind: str, headers: dict[str, str] | None = None
    ) -> Answer:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        named = {"Host": "localhost", "Cookie": cookies, "Connection": "close", **(headers or {})}
        named["X-CSRFToken"] = self.cookies.get("csrftoken", "")
        if kind:
            named["Content-Type"] = kind
        try:
            link.request(method, quote(path, safe="/?=&%:-_.,"), sent, named)
            answer = link.getresponse()
            for name, value in answer.getheaders():
                if name.lower() == "set-cookie":
                    key, _, rest = value.partition("=")
                    self.cookies[key] = rest.partition(";")[0]
            return Answer(
                answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}
            )
        finally:
            link.close()


def _taken(path: str, answer: Answer) -> Answer:
    if answer.status >= 400:
        raise Unanswered(f"{path}: {answer.status} {answer.body[:400].decode(errors='replace')}")
    return answer


def _multipart(body: dict[str, Any], name: str, content: Path | bytes) -> tuple[bytes, str]:
    boundary, parts = uuid.uuid4().hex, []
    for key, value in body.items():
        parts.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        )
    data = content if isinstance(content, bytes) else content.read_bytes()
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    parts += [head.encode() + data + b"\r\n", f"--{boundary}--\r\n".encode()]
    return b"".join(parts), f"multipart/form-data; boundary={boundary}"
