"""Callers of the API for the tests of every room."""

from collections.abc import Callable

import pytest
from django.test import Client

from access.models import User
from handover.tests.described import Described


@pytest.fixture
def api(signed_in: Callable[[User], Client]) -> Callable[[User], Described]:
    """``api(user)`` calls the API as this person; every answer is held against the description."""
    return lambda user: Described(signed_in(user))


@pytest.fixture
def api_stepped_up(stepped_up: Callable[[User], Client]) -> Callable[[User], Described]:
    """The same for a person who has just given the password again."""
    return lambda user: Described(stepped_up(user))
