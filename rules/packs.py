"""Reading rule packs: law as dated data files, checked before anybody may rely on them.

Invariants:
- A pack that loads is whole: every id is unique, every reference inside it resolves, every enabled rule
  names who reads it, and a rule known from memory only is disabled.
- An error names the file, the rule and the field.
- The digest covers the meaning (every figure and word), not the layout of the file.
"""

import hashlib
from collections import Counter
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import available_timezones

import msgspec
import yaml
from msgspec import Meta, Struct

from rules.errors import PackError, UnknownRuleError
from rules.schema import CalendarRule, Checklist, Code, FieldRule, Rule, Said, Text

FOLDER = Path(__file__).with_suffix("")
BEFORE_CUTOVER = "before_cutover"
OPEN_DAY_CALENDARS = {"business_days", "trading_days"}
TRANSFER_TRIGGERS = frozenset({"merger_resolved", "application_filed", "threshold_reached"})


class Pack(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, dict=True):
    """The rules of one jurisdiction in one version."""

    code: Code
    jurisdiction: Annotated[str, Meta(pattern=r"^[A-Z]{2}$")]
    version: Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}\.\d+$")]
    name: Text
    time_zone: Said
    calendars: dict[str, CalendarRule]
    rules: Annotated[tuple[Rule, ...], Meta(min_length=1)]
    checklists: tuple[Checklist, ...]
    classification: tuple[FieldRule, ...]

    @cached_property
    def digest(self) -> str:
        """Hex SHA-256 over everything the pack says; one changed figure is another digest."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()

    @cached_property
    def _by_id(self) -> dict[str, Rule]:
        return {rule.id: rule for rule in self.rules}

    def rule(self, rule_id: str) -> Rule:
        """Return the rule, disabled or not, so that it can be cited.

        Raises:
            UnknownRuleError: the pack holds no such rule.
        """
        if rule_id not in self._by_id:
            raise UnknownRuleError(f"{self.code}: no rule {rule_id}")
        return self._by_id[rule_id]

    def in_force(self, on: date) -> tuple[Rule, ...]:
        """Return the enabled rules in effect on that day, in the order of the file."""
        return tuple(rule for rule in self.rules if rule.applies_on(on))

    def applying(self, rule_id: str, on: date) -> Rule | None:
        """Return the rule if it is in the pack, enabled and in effect on that day, else nothing."""
        rule = self._by_id.get(rule_id)
        return rule if rule is not None and rule.applies_on(on) else None


@cache
def load_pack(code: str) -> Pack:
    """Return the shipped pack of that code, read and checked once per process.

    Raises:
        PackError: the file is missing or does not hold a sound pack.
    """
    return read_pack(FOLDER / f"{code}.yaml")


def shipped_packs() -> tuple[str, ...]:
    """Return the codes of all packs that ship with the product."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def read_pack(path: Path) -> Pack:
    """Read and check one pack file.

    Raises:
        PackError: naming the file, the rule (or "pack") and the field, and what is wrong with it.
    """
    file = path.name
    raw = _parse(path)
    rules = raw.get("rules")
    if not isinstance(rules, list):
        raise PackError(file, "pack", "rules", "a list of rules is required")
    for number, rule in enumerate(rules, start=1):
        named = rule.get("id") if isinstance(rule, dict) else None
        _convert(rule, Rule, file, str(named or f"rule number {number}"))
    pack: Pack = _convert(raw, Pack, file, "pack")
    _check_pack(pack, file)
    for rule in pack.rules:
        _check_rule(rule, file)
    return pack


class _StrictLoader(yaml.SafeLoader):
    """YAML without the silent overwriting of a key that stands twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = [str(key) for key, times in Counter(map(str, keys)).items() if times > 1]
        if twice:
            said = f"key twice: {', '.join(twice)}"
            raise yaml.constructor.ConstructorError(None, None, said, node.start_mark)
        return super().construct_mapping(node, deep)


def _parse(path: Path) -> dict[str, Any]:
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506 a SafeLoader
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as fault:
        raise PackError(path.name, "pack", "file", " ".join(str(fault).split())) from fault
    if not isinstance(raw, dict):
        raise PackError(path.name, "pack", "file", "a mapping is required")
    return raw


def _convert(raw: object, shape: Any, file: str, name: str) -> Any:
    try:
        return msgspec.convert(raw, shape)
    except msgspec.ValidationError as fault:
        reason, _, where = str(fault).partition(" - at `$")
        raise PackError(file, name, where.strip("`.") or "fields", reason) from fault


def _check_pack(pack: Pack, file: str) -> None:
    _refuse_twice(file, "rules", [rule.id for rule in pack.rules])
    _refuse_twice(file, "checklists", [checklist.code for checklist in pack.checklists])
    _refuse_twice(file, "classification", [entry.field for entry in pack.classification])
    if pack.time_zone not in available_timezones():
        raise PackError(file, "pack", "time_zone", f"unknown zone {pack.time_zone}")
    if set(pack.calendars) != OPEN_DAY_CALENDARS:
        wanted = " and ".join(sorted(OPEN_DAY_CALENDARS))
        raise PackError(file, "pack", "calendars", f"must be {wanted}")
    for checklist in pack.checklists:
        _check_items(pack, checklist, file)


def _refuse_twice(file: str, field: str, names: list[str]) -> None:
    for name, times in Counter(names).items():
        if times > 1:
            raise PackError(file, "pack", field, f"{name} stands {times} times")


def _check_items(pack: Pack, checklist: Checklist, file: str) -> None:
    _refuse_twice(file, f"checklists.{checklist.code}", [item.code for item in checklist.items])
    known = {rule.id for rule in pack.rules}
    for item in checklist.items:
        field = f"checklists.{checklist.code}.{item.code}"
        if item.rule not in known:
            raise PackError(file, item.rule, field, "no such rule")
        if not item.needs and not item.says:
            raise PackError(file, item.rule, field, "nothing to look for")


def _check_rule(rule: Rule, file: str) -> None:
    if rule.enabled and rule.mark == "M":
        raise PackError(file, rule.id, "enabled", "a rule from memory stays off until its source was read")
    if rule.enabled and not rule.used_by:
        raise PackError(file, rule.id, "used_by", "an enabled rule must name who reads it")
    if rule.effective_to is not None and rule.effective_to < rule.effective_from:
        raise PackError(file, rule.id, "effective_to", "ends before it begins")
    for deadline in rule.deadlines:
        if deadline.zone not in available_timezones():
            raise PackError(file, rule.id, f"deadlines.{deadline.code}", f"unknown zone {deadline.zone}")
    _check_duties(rule, file)


def _check_duties(rule: Rule, file: str) -> None:
    dues = {BEFORE_CUTOVER, *(each.code for each in rule.deadlines if each.trigger in TRANSFER_TRIGGERS)}
    thresholds = {threshold.code for threshold in rule.thresholds}
    for duty in rule.duties:
        field = f"duties.{duty.code}"
        if duty.due not in dues:
            raise PackError(file, rule.id, f"{field}.due", f"no deadline {duty.due} that a transfer triggers")
        if duty.threshold is not None and duty.threshold not in thresholds:
            raise PackError(file, rule.id, f"{field}.threshold", f"no threshold {duty.threshold}")
