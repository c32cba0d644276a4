"""The signed-in person of a request, typed."""

from django.http import HttpRequest

from access.errors import NotAllowed
from access.models import User


def acting_user(request: HttpRequest) -> User:
    """The signed-in person.

    Raises:
        NotAllowed: nobody is signed in.
    """
    user = request.user
    if not isinstance(user, User) or not user.is_active:
        raise NotAllowed("access.signed_in")
    return user
