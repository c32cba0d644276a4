"""The shipped pack, and packs that differ from it in one rule."""

from datetime import date
from typing import Any

from msgspec.structs import replace

from rules.facts import ClientFacts
from rules.packs import Pack, load_pack
from rules.verdicts import Verdict, verdict

CN = load_pack("cn")
TODAY = date(2026, 11, 23)
SERVED = date(2026, 10, 14)


def changed(pack: Pack, rule_id: str, **changes: Any) -> Pack:
    rules = tuple(replace(rule, **changes) if rule.id == rule_id else rule for rule in pack.rules)
    return replace(pack, rules=rules)


def without(pack: Pack, *rule_ids: str) -> Pack:
    return replace(pack, rules=tuple(rule for rule in pack.rules if rule.id not in rule_ids))


def with_window(pack: Pack, days: int) -> Pack:
    [window] = pack.rule("CN29").deadlines
    return changed(pack, "CN29", deadlines=(replace(window, duration=days),))


def weigh(pack: Pack = CN, **facts: Any) -> Verdict:
    return verdict(pack, ClientFacts(**{"as_of": TODAY, **facts}))


def codes(found: Verdict) -> list[str]:
    return [reason.code for reason in found.reasons]
