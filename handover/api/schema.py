"""What the description of the API adds to the operations: how errors look, and the key of a creation."""

from typing import Any, Final

from handover.api.errors import MEDIA_TYPE

PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "A problem document (RFC 9457).",
    "required": ["type", "title", "status", "detail", "request_id"],
    "properties": {
        "type": {
            "type": "string",
            "description": "Stable: urn:handover:problem: and a refusal code or the title.",
        },
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "For people, in the language asked for."},
        "request_id": {"type": "string", "description": "Names this request in the log."},
        "code": {"type": "string", "description": "Which rule refused, such as gate.closed."},
        "errors": {"type": "object", "additionalProperties": True, "description": "What is wrong, by field."},
    },
}
KEY: Final[dict[str, Any]] = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string", "maxLength": 64},
    "description": "With the same key and body, the creation happens once and is answered again.",
}
_METHODS: Final = {"get", "post", "put", "patch", "delete"}


def add_problems(result: dict[str, Any], **_generator: Any) -> dict[str, Any]:
    """Every operation answers anything else than success with a problem document."""
    result["components"].setdefault("schemas", {})["Problem"] = PROBLEM
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path in result["paths"].values():
        for method, operation in path.items():
            if method in _METHODS:
                operation["responses"]["default"] = {"description": "A problem", "content": content}
    return result


def add_keys(result: dict[str, Any], **_generator: Any) -> dict[str, Any]:
    """Every creation sent as JSON takes an Idempotency-Key."""
    for path, methods in result["paths"].items():
        created = methods.get("post", {})
        files = "multipart/form-data" in created.get("requestBody", {}).get("content", {})
        if "201" in created.get("responses", {}) and f"{path}{{id}}/" in result["paths"] and not files:
            created.setdefault("parameters", []).append(KEY)
    return result
