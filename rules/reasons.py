"""The sentence behind each reason code of a verdict."""

from functools import cache
from pathlib import Path

import msgspec

from rules.errors import RulesError
from rules.schema import Text

FILE = Path(__file__).with_suffix(".yaml")


def reason_text(code: str) -> Text:
    """Return what the reason says, in both languages.

    Raises:
        RulesError: no verdict gives such a reason.
    """
    texts = reason_texts()
    if code not in texts:
        raise RulesError(f"no reason {code}")
    return texts[code]


@cache
def reason_texts() -> dict[str, Text]:
    """Return the texts of all reasons by code."""
    return msgspec.yaml.decode(FILE.read_bytes(), type=dict[str, Text])
