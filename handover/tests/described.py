"""A caller of the API that holds every answer against the API's own description."""

import functools
import json
import re
from typing import Any

from django.http.response import HttpResponseBase
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator

PREFIX = "/api/v1/"


@functools.cache
def description() -> dict[str, Any]:
    """The description of the whole API, its schemas in the form that jsonschema reads."""
    generator = SchemaGenerator()
    return _as_json_schema(
        json.loads(json.dumps(generator.get_schema(request=None, public=True), default=str))
    )


def _as_json_schema(part: Any) -> Any:
    """OpenAPI 3.0 says ``nullable``; and an answer may hold nothing that is not described."""
    if isinstance(part, list):
        return [_as_json_schema(each) for each in part]
    if not isinstance(part, dict):
        return part
    part = {name: _as_json_schema(value) for name, value in part.items()}
    if part.get("type") == "object" and isinstance(part.get("properties"), dict):
        part.setdefault("additionalProperties", False)
    if part.pop("nullable", False) is True:
        return {"anyOf": [part, {"type": "null"}]}
    return part


def operation(method: str, path: str) -> dict[str, Any]:
    """What the description says about this call."""
    # Words before parameters, as the addresses are resolved.
    for template, methods in sorted(description()["paths"].items(), key=lambda item: item[0].count("{")):
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path) and method.lower() in methods:
            return methods[method.lower()]
    raise AssertionError(f"nobody described {method} {path}")


def check(method: str, path: str, answer: HttpResponseBase) -> None:
    """The answer is one of those described for this call, and its body is as described."""
    responses = operation(method, path)["responses"]
    described = responses.get(str(answer.status_code))
    if described is None:
        assert answer.status_code >= 400, (
            f"{method} {path} answered {answer.status_code}, which nobody described"
        )
        described = responses["default"]
    kind = answer["Content-Type"].partition(";")[0]
    assert kind in described["content"], f"{method} {path} answered with {kind}"
    if kind.endswith("json"):
        schema = described["content"][kind]["schema"] | {"components": description()["components"]}
        Draft202012Validator(schema).validate(json.loads(answer.content))


class Described:
    """A signed-in browser's API, by paths below ``/api/v1/``; each answer is checked."""

    def __init__(self, browser: Client) -> None:
        self.browser = browser

    def get(self, path: str, **query: Any) -> HttpResponseBase:
        answer = self.browser.get(PREFIX + path, query)
        check("get", PREFIX + path, answer)
        return answer

    def post(self, path: str, **body: Any) -> HttpResponseBase:
        answer = self.browser.post(PREFIX + path, body, content_type="application/json")
        check("post", PREFIX + path, answer)
        return answer

    def upload(self, path: str, **parts: Any) -> HttpResponseBase:
        answer = self.browser.post(PREFIX + path, parts)
        check("post", PREFIX + path, answer)
        return answer
