"""What the description of the API adds to the operations: how errors look, and the key of a creation."""

from typing import Any, Final

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from access.policies import SIGNED_IN
from access.scopes import SCOPES, scope_for
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


class ProgramScheme(OpenApiAuthenticationExtension):
    """How a program gets its token, and which scope each operation asks for."""

    target_class = "handover.api.authentication.ProgramAuthentication"
    name = "program"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:  # noqa: ARG002
        """OAuth 2, client credentials; the scopes in the language of the description."""
        scopes = {name: str(scope.words) for name, scope in SCOPES.items()}
        flow = {"tokenUrl": "/oauth/token/", "scopes": scopes}
        return {"type": "oauth2", "flows": {"clientCredentials": flow}}

    def get_security_requirement(self, auto_schema: AutoSchema) -> dict[str, list[str]] | list[Any]:
        """The scope of the operation; an operation for people alone does not offer itself to programs."""
        permission = getattr(auto_schema.view, "permission_for", {}).get(self._action(auto_schema), "")
        if permission == SIGNED_IN:
            return {self.name: []}
        scope = scope_for(permission)
        return {self.name: [scope]} if scope else []

    def _action(self, auto_schema: AutoSchema) -> str:
        return getattr(auto_schema.view, "action", None) or str(auto_schema.method).lower()
