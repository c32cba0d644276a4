"""Whether the guards of ``audit.guards`` stand in the database, word for word."""

from collections.abc import Iterator
from typing import Final

from django.conf import settings
from django.db import connection

from audit import guards
from audit.faults import Fault, FaultKind

ALWAYS: Final = "A"

_TRIGGERS: Final = """
SELECT relname, tgname, tgenabled::text, pg_get_triggerdef(pg_trigger.oid)
  FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
 WHERE NOT tgisinternal AND relnamespace = 'public'::regnamespace AND relname = ANY(%s)
"""
_RULES: Final = """
SELECT tablename, rulename FROM pg_rules WHERE schemaname = 'public' AND tablename = ANY(%s)
"""
_FUNCTIONS: Final = """
SELECT proname, prosrc, proconfig::text FROM pg_proc
 WHERE pronamespace = 'public'::regnamespace AND proname = ANY(%s)
"""
_RIGHTS: Final = """
SELECT relname, privilege
  FROM pg_class, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) AS privilege
 WHERE relnamespace = 'public'::regnamespace AND relname = ANY(%s)
   AND has_table_privilege(%s, pg_class.oid, privilege)
"""
_MEMBER: Final = """
SELECT pg_get_userbyid(relowner) FROM pg_class
 WHERE relnamespace = 'public'::regnamespace AND relname = ANY(%s)
   AND pg_has_role(%s, relowner, 'MEMBER')
"""
_SEARCH_PATH: Final = '{"search_path=pg_catalog, pg_temp"}'


def guard_faults() -> list[Fault]:
    """What does not stand as it was made; empty when everything does."""
    wanted = {**guards.triggers(), **guards.diff_triggers()}
    rights = {**guards.RIGHTS, **guards.DIFF_RIGHTS}
    return [*_trigger_faults(wanted), *_rule_faults(wanted), *_function_faults(), *_right_faults(rights)]


def _trigger_faults(wanted: dict[str, dict[str, str]]) -> Iterator[Fault]:
    found = {(table, name): (state, made) for table, name, state, made in _rows(_TRIGGERS, [list(wanted)])}
    for table, named in wanted.items():
        for name, definition in named.items():
            state, made = found.pop((table, name), (None, None))
            if made is None:
                yield Fault(FaultKind.TRIGGER_MISSING, name)
            elif made != definition:
                yield Fault(FaultKind.TRIGGER_CHANGED, name)
            elif state != ALWAYS:
                yield Fault(FaultKind.TRIGGER_DISABLED, f"{name} ({state})")
    for table, name in sorted(found):
        yield Fault(FaultKind.TRIGGER_CHANGED, f"{name} on {table} is not ours")


def _rule_faults(wanted: dict[str, dict[str, str]]) -> Iterator[Fault]:
    for table, name in _rows(_RULES, [list(wanted)]):
        yield Fault(FaultKind.TRIGGER_CHANGED, f"rule {name} on {table} is not ours")


def _function_faults() -> Iterator[Fault]:
    found = {name: (source, config) for name, source, config in _rows(_FUNCTIONS, [list(guards.FUNCTIONS)])}
    for name, source in guards.FUNCTIONS.items():
        if found.get(name) != (source, _SEARCH_PATH):
            yield Fault(FaultKind.FUNCTION_CHANGED, name)


def _right_faults(wanted: dict[str, frozenset[str]]) -> Iterator[Fault]:
    role = settings.DB_APP_ROLE
    for table, right in _rows(_RIGHTS, [list(wanted), role]):
        if right not in wanted[table]:
            yield Fault(FaultKind.RIGHTS_CHANGED, f"{role}: {right} on {table}")
    for (owner,) in set(_rows(_MEMBER, [list(wanted), role])):
        yield Fault(FaultKind.RIGHTS_CHANGED, f"{role} may act as {owner}")


def _rows(query: str, parameters: list[str | list[str]]) -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        rows: list[tuple[str, ...]] = cursor.fetchall()
    return rows
