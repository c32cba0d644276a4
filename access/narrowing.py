"""The request of a program is narrowed to its token's scopes, wherever in it a permission is asked for.

Invariants:
- Inside ``narrowed`` the service user's duties count only as far as the scopes go; nobody else is touched.
- It holds in this thread or task only and ends with its block.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from access.scopes import permissions_in


@dataclass(frozen=True)
class _Narrowing:
    user: UUID
    permissions: frozenset[str]


_now: ContextVar[_Narrowing | None] = ContextVar("access_narrowing", default=None)


@contextmanager
def narrowed(user: UUID, scopes: Iterable[str]) -> Iterator[None]:
    """Inside, the service user ``user`` may do only what ``scopes`` carry."""
    token = _now.set(_Narrowing(user, permissions_in(scopes)))
    try:
        yield
    finally:
        _now.reset(token)


def outside_scope(user: object, permission: str) -> bool:
    """True when this is the program of the running request and its scopes do not carry the permission."""
    narrowing = _now.get()
    return (
        narrowing is not None
        and getattr(user, "pk", None) == narrowing.user
        and permission not in narrowing.permissions
    )
