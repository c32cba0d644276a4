"""Every address says which permission it asks for, and asks."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from access.api import DeclaredPermission
from access.policies import PUBLIC, SIGNED_IN
from access.registry import declared

ROUTES = list[tuple[str, object]]


def walk(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from walk(entry, route)
        else:
            yield route, entry


def permissions_of(callback: object) -> list[str | None]:
    """What the view declares, one for each thing it does; None for one without a declaration."""
    api = getattr(callback, "cls", None)
    if api is not None and not hasattr(callback, "required_permission"):
        if DeclaredPermission not in api.permission_classes:
            return [None]
        actions = getattr(callback, "actions", None)
        names = actions.values() if actions else [n for n in api.http_method_names if hasattr(api, n)]
        table = getattr(api, "permission_for", {})
        return [table.get(name) for name in names if name != "options"]
    view = getattr(callback, "view_class", None)
    return [getattr(callback, "required_permission", None) or getattr(view, "required_permission", None)]


def routes() -> list[tuple[str, object]]:
    return [(route, entry.callback) for route, entry in walk(get_resolver())]


def test_every_route_declares_its_permission():
    bare = [route for route, callback in routes() if None in permissions_of(callback)]
    assert bare == []


def test_every_declared_permission_is_known():
    known = declared() | {PUBLIC, SIGNED_IN}
    unknown = {
        (route, permission)
        for route, callback in routes()
        for permission in permissions_of(callback)
        if permission is not None and permission not in known
    }
    assert unknown == set()


def test_few_routes_are_public():
    public = {route for route, callback in routes() if PUBLIC in permissions_of(callback)}
    assert public == {"health/live", "health/ready", "sign-in/", "sign-out/", "language/", "oauth/token/"}


def test_the_walk_finds_a_view_without_declaration():
    assert permissions_of(lambda request: None) == [None]


def plain_pages() -> list[tuple[str, list[str | None]]]:
    """Routes without parameters that are not public."""
    found = []
    for route, callback in routes():
        address = "/" + re.sub(r"[\^$]|\\Z", "", route)
        needed = permissions_of(callback)
        if not re.search(r"[<(?\\]", address) and PUBLIC not in needed:
            found.append((address, needed))
    return found


@pytest.mark.django_db
def test_a_stranger_is_let_in_nowhere():
    stranger = Client()
    for address, _needed in plain_pages():
        answer = stranger.get(address)
        asked_to_sign_in = answer.status_code == 302 and answer["Location"].startswith("/sign-in/")
        assert asked_to_sign_in or answer.status_code in {401, 403, 404, 405}, address


@pytest.mark.django_db
def test_a_person_without_duties_finds_nothing_but_their_own_account(make_user, canglan, signed_in):
    browser = signed_in(make_user(canglan))
    for address, needed in plain_pages():
        if SIGNED_IN not in needed:
            assert browser.get(address).status_code in {404, 405}, address
