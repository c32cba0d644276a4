"""Passwords: signing in, stepping up, changing. Every wrong one is counted before it is looked at.

Invariants:
- Five tries without a right password lock a user name for fifteen minutes, whether it exists or not, and
  whether the tries came one by one or at once: the try is committed before the password is compared.
- The answer is the same for a wrong name, a wrong password, a switched-off account and a locked name.
"""

from datetime import timedelta
from typing import Final

from django.contrib.auth import authenticate
from django.db import transaction
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from access.events import Event
from access.models import SignInLock, User
from access.services.people import refuse_weak_password
from audit.errors import Refused
from audit.services import record
from vault import clock
from vault.ids import INSTALLATION

MAX_ATTEMPTS: Final = 5
LOCK_TIME: Final = timedelta(minutes=15)
FORGET_AFTER: Final = timedelta(days=1)


def check_credentials(request: HttpRequest | None, *, username: str, password: str) -> User:
    """The person whose name and password these are; the sign-in is in the log.

    Raises:
        Refused: wrong, switched off or locked, always with the same code; the failure is in the log.
    """
    user = _compare(request, username, password, failed=Event.SIGN_IN_FAILED)
    if user is None:
        raise Refused("access.sign_in_failed")
    _note_success(user, Event.SIGNED_IN)
    return user


def confirm_password(request: HttpRequest | None, *, user: User, password: str) -> None:
    """Return only when this is the person's password: the step-up before a dangerous act.

    Raises:
        Refused: wrong or locked; the failure is in the log.
    """
    if _compare(request, user.username, password, failed=Event.STEP_UP_FAILED) != user:
        raise Refused("access.password_wrong")
    _note_success(user, Event.STEP_UP_PASSED)


def change_password(*, user: User, old: str, new: str) -> User:
    """Replace the person's own password; every other session of theirs ends.

    Raises:
        Refused: the old one is wrong or the new one weak. Wrong ones are counted like at sign-in.
    """
    if _compare(None, user.username, old, failed=Event.STEP_UP_FAILED) != user:
        raise Refused("access.password_wrong")
    return _replace_password(user, new)


@transaction.atomic
def _replace_password(user: User, new: str) -> User:
    user = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    refuse_weak_password(new, user)
    user.set_password(new)
    user.save(update_fields=["password"])
    SignInLock.objects.filter(pk=name_digest(user.username)).delete()
    record(Event.PASSWORD_CHANGED, actor=user, subject=user, organisation=user.organisation_id)
    return user


@transaction.atomic
def note_sign_out(user: User) -> None:
    """The log says that the person signed out."""
    record(Event.SIGNED_OUT, actor=user, subject=user, organisation=user.organisation_id)


def _compare(request: HttpRequest | None, username: str, password: str, *, failed: Event) -> User | None:
    """The person when name and password fit and the name is not locked; otherwise None, and a log entry."""
    known = User.objects.filter(username__iexact=username.strip()).first()
    # Spellings that the database takes for the same name share one count.
    digest = name_digest(known.username if known else username)
    attempt = _count_attempt(digest)
    user = authenticate(request, username=username, password=password)
    if attempt and isinstance(user, User):
        return user
    _note_failure(known, failed, digest=digest, locks=attempt == MAX_ATTEMPTS)
    return None


def name_digest(username: str) -> str:
    """A keyed digest of a user name as typed, so that the table of tries holds no names."""
    return salted_hmac("access.sign_in", username.strip().casefold(), algorithm="sha256").hexdigest()


@transaction.atomic
def _count_attempt(digest: str) -> int:
    """Count one try and say which it is; 0 when the name is locked, which keeps it out of the count."""
    now = clock.now()
    SignInLock.objects.filter(last_attempt_at__lt=now - FORGET_AFTER).delete()
    lock, _created = SignInLock.objects.select_for_update().get_or_create(
        name_digest=digest, defaults={"last_attempt_at": now}
    )
    if lock.locked_until is not None:
        if lock.locked_until > now:
            return 0
        lock.attempts, lock.locked_until = 0, None
    lock.attempts += 1
    lock.last_attempt_at = now
    if lock.attempts >= MAX_ATTEMPTS:
        lock.locked_until = now + LOCK_TIME
    lock.save()
    return lock.attempts


@transaction.atomic
def _note_failure(user: User | None, failed: Event, *, digest: str, locks: bool) -> None:
    subject = user or ("access.user", INSTALLATION)
    organisation = user.organisation_id if user else None
    for event in (failed, Event.LOCKED_OUT) if locks else (failed,):
        record(event, actor=None, subject=subject, organisation=organisation, name=digest)


@transaction.atomic
def _note_success(user: User, passed: Event) -> None:
    SignInLock.objects.filter(pk=name_digest(user.username)).delete()
    record(passed, actor=user, subject=user, organisation=user.organisation_id)
