"""Organisations, branches and accounts.

Who administers whom: a broker's administrators look after that broker's people. Guests (auditors, law firms,
regulators) and an organisation that has nobody yet are looked after by any administrator, because they see
nothing without a grant, and because somebody must open the first account.
"""

from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from access.duties import Duty
from access.events import Event
from access.models import Branch, Organisation, RoleAssignment, User
from access.policies import require
from audit.errors import Refused
from audit.services import record
from vault.keyring import create_organisation_keys


def require_administration(by: User | None, organisation: Organisation) -> None:
    """Return only when ``by`` looks after this organisation's people.

    Raises:
        NotAllowed: otherwise.
    """
    own_people = organisation.kind == Organisation.Kind.BROKER and organisation.users.exists()
    require(by, "access.manage_users", organisation if own_people else None)


@transaction.atomic
def create_organisation(
    *,
    by: User | None,
    code: str,
    name_en: str,
    name_zh: str,
    kind: str,
    uscc: str = "",
    contact: dict[str, str] | None = None,
) -> Organisation:
    """Register a legal person. A broker has its keys from then on; a guest holds no data and needs none.

    ``contact`` may hold ``name``, ``phone`` and ``email``.

    Raises:
        NotAllowed: ``by`` may not register organisations.
        Refused: the code is taken.
    """
    require(by, "access.create_organisation")
    return _register_organisation(
        by, code=code, name_en=name_en, name_zh=name_zh, kind=kind, uscc=uscc, contact=contact
    )


def _register_organisation(
    by: User | None,
    *,
    code: str,
    name_en: str,
    name_zh: str,
    kind: str,
    uscc: str,
    contact: dict[str, str] | None,
) -> Organisation:
    code = code.strip().upper()
    if Organisation.objects.filter(code=code).exists():
        raise Refused("access.code_taken")
    contact = contact or {}
    organisation = Organisation.objects.create(
        code=code,
        name_en=name_en,
        name_zh=name_zh,
        kind=Organisation.Kind(kind),
        uscc=uscc,
        contact_name=contact.get("name", ""),
        contact_phone=contact.get("phone", ""),
        contact_email=contact.get("email", ""),
    )
    if organisation.kind == Organisation.Kind.BROKER:
        create_organisation_keys(organisation.pk)
    record(
        Event.ORGANISATION_CREATED, actor=by, subject=organisation, organisation=organisation.pk, kind=kind
    )
    return organisation


@transaction.atomic
def create_branch(
    *, by: User | None, organisation: Organisation, code: str, name_en: str, name_zh: str
) -> Branch:
    """Add a branch to an organisation.

    Raises:
        NotAllowed: ``by`` does not look after this organisation.
        Refused: the organisation has a branch of this code.
    """
    Organisation.objects.select_for_update().get(pk=organisation.pk)
    require_administration(by, organisation)
    if organisation.branches.filter(code=code).exists():
        raise Refused("access.code_taken")
    branch = Branch.objects.create(organisation=organisation, code=code, name_en=name_en, name_zh=name_zh)
    record(Event.BRANCH_CREATED, actor=by, subject=branch, organisation=organisation.pk)
    return branch


@transaction.atomic
def create_user(
    *,
    by: User | None,
    organisation: Organisation,
    username: str,
    name: str,
    password: str,
    branch: Branch | None = None,
    language: str = User.Language.ENGLISH,
    staff_no: str = "",
) -> User:
    """Open an account that may do nothing until it is given a duty.

    Raises:
        NotAllowed: ``by`` does not look after this organisation.
        Refused: the user name is taken, the branch is another organisation's, the password is weak.
    """
    Organisation.objects.select_for_update().get(pk=organisation.pk)
    require_administration(by, organisation)
    return _open_account(
        by,
        organisation=organisation,
        username=username,
        name=name,
        password=password,
        branch=branch,
        language=language,
        staff_no=staff_no,
    )


def _open_account(
    by: User | None,
    *,
    organisation: Organisation,
    username: str,
    name: str,
    password: str,
    branch: Branch | None = None,
    language: str = User.Language.ENGLISH,
    staff_no: str = "",
) -> User:
    if User.objects.filter(username__iexact=username).exists():
        raise Refused("access.username_taken")
    if branch is not None and branch.organisation_id != organisation.pk:
        raise Refused("access.branch_elsewhere")
    user = User(
        username=username.strip(),
        name=name,
        organisation=organisation,
        branch=branch,
        language=language,
        staff_no=staff_no,
    )
    refuse_weak_password(password, user)
    user.set_password(password)
    user.save()
    record(Event.USER_CREATED, actor=by, subject=user, organisation=organisation.pk)
    return user


def refuse_weak_password(password: str, user: User) -> None:
    """Return only when the password satisfies every validator of the settings.

    Raises:
        Refused: it does not; ``reasons`` says why in the reader's language.
    """
    try:
        validate_password(password, user)
    except ValidationError as weak:
        raise Refused("access.password_weak", reasons=" ".join(weak.messages)) from weak


@transaction.atomic
def switch_user(user_id: UUID, *, on: bool, by: User | None) -> User:
    """Switch an account off, which ends its sessions at the next request, or on again.

    Raises:
        NotAllowed: ``by`` does not look after this person's organisation.
        Refused: it is their own account, or a revoked program's is to be switched on.
    """
    user = User.objects.select_for_update().get(pk=user_id)
    require_administration(by, user.organisation)
    if by is not None and by.pk == user.pk:
        raise Refused("access.own_account")
    if on and user.is_program and user.program.revoked_at is not None:
        raise Refused("access.program_revoked")
    if user.is_active != on:
        user.is_active = on
        user.save(update_fields=["is_active"])
        event = Event.USER_SWITCHED_ON if on else Event.USER_SWITCHED_OFF
        record(event, actor=by, subject=user, organisation=user.organisation_id)
    return user


@transaction.atomic
def found_installation(
    *, code: str, name_en: str, name_zh: str, username: str, name: str, password: str, uscc: str = ""
) -> User:
    """Make the first broker and its administrator, on a machine where nobody can sign in yet.

    It is the only act without an actor: the operator of the machine runs it once.

    Raises:
        Refused: an administrator exists already, or the password is weak.
    """
    with connection.cursor() as cursor:
        # One at a time: two operators could otherwise both find the table empty.
        cursor.execute("LOCK TABLE access_roleassignment IN SHARE ROW EXCLUSIVE MODE")
    if RoleAssignment.objects.filter(duty=Duty.ADMINISTRATOR).exists():
        raise Refused("access.administrator_exists")
    organisation = _register_organisation(
        None,
        code=code,
        name_en=name_en,
        name_zh=name_zh,
        kind=Organisation.Kind.BROKER,
        uscc=uscc,
        contact=None,
    )
    user = _open_account(None, organisation=organisation, username=username, name=name, password=password)
    held = RoleAssignment.objects.create(user=user, duty=Duty.ADMINISTRATOR)
    record(
        Event.DUTY_ASSIGNED,
        actor=None,
        subject=user,
        organisation=organisation.pk,
        duty=held.duty,
        starts_on=held.starts_on.isoformat(),
    )
    return user
