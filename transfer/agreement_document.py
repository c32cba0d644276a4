"""The agreement as the parties' lawyers send it: a JSON document, read into terms. See docs/formats/agreement.md."""

from collections.abc import Mapping
from typing import Any

import msgspec

from audit.errors import Refused

# What lawyers' programs call the bases beside our own codes.
BASES = {"absorption_merger": "merger", "division": "merger", "book_sale": "asset_sale"}


def read_agreement(data: bytes) -> dict[str, Any]:
    """The terms (``transfer.services.agreements``) that a document states.

    Raises:
        Refused: it is no JSON object, or a part is missing; names it.
    """
    try:
        document = msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        raise Refused("agreement.not_json", reason=str(error)) from error
    if not isinstance(document, dict):
        raise Refused("agreement.not_json", reason="object")
    try:
        terms: dict[str, Any] = {
            "title": document["title"]["en"] + " / " + document["title"]["zh-hans"],
            "purposes": list(document["purposes"]),
            "purpose_changed": bool(document.get("purpose_changed")),
            "field_scope": list(document["field_scope"]),
            "clauses": [
                _clause(number, clause) for number, clause in enumerate(document["clauses"], start=1)
            ],
        }
        if "basis" in document:
            terms["basis"] = BASES.get(document["basis"], document["basis"])
        if "parties" in document:
            by_side = {party["side"]: party["code"] for party in document["parties"]}
            terms["parties"] = [by_side["transferor"], by_side["transferee"]]
    except (KeyError, TypeError) as error:
        raise Refused("agreement.terms_incomplete", missing=str(error).strip("'")) from error
    return terms


def _clause(number: int, clause: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "number": number,
        "text_en": f"{clause['title']['en']}: {clause['text']['en']}",
        "text_zh": f"{clause['title']['zh-hans']}：{clause['text']['zh-hans']}",
        "owner_side": clause["owner"],
        "check": clause["check"],
        "due_on": clause.get("due_on"),
        "consequence_en": clause["consequence"]["en"],
        "consequence_zh": clause["consequence"]["zh-hans"],
    }
