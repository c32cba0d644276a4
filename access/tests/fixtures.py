"""The cast: two firms, an audit firm, a law firm, and people by side and duty, for every room's tests.

Giver is Canglan, the transferor; taker is Yuanxiu, the transferee.
"""

import datetime
from collections.abc import Callable, Iterator
from itertools import count

import pytest
from django.test import Client
from django.utils import timezone, translation

from access.duties import Duty
from access.models import Branch, Organisation, RoleAssignment, User
from vault.keyring import create_organisation_keys, prepare_installation

PASSWORD = "a sentence of fifteen letters"

MakeUser = Callable[..., User]


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Every test begins in English, whatever language an earlier request left behind."""
    with translation.override("en"):
        yield


@pytest.fixture
def password() -> str:
    """The password of everybody that ``make_user`` makes."""
    return PASSWORD


@pytest.fixture(scope="session")
def password_hash(django_db_setup: None) -> str:
    """Hashed once: Argon2 is slow on purpose."""
    from django.contrib.auth.hashers import make_password

    return make_password(PASSWORD)


def _organisation(kind: str, code: str, name_en: str, name_zh: str, uscc: str = "") -> Organisation:
    organisation, made = Organisation.objects.get_or_create(
        code=code, defaults={"kind": kind, "name_en": name_en, "name_zh": name_zh, "uscc": uscc}
    )
    if made and kind == Organisation.Kind.BROKER:
        prepare_installation()
        create_organisation_keys(organisation.pk)
    return organisation


@pytest.fixture
def canglan(db: None) -> Organisation:
    """The transferor, with keys."""
    return _organisation("broker", "CANGLAN", "Canglan Securities Co., Ltd.", "沧澜证券有限公司")


@pytest.fixture
def yuanxiu(db: None) -> Organisation:
    """The transferee, with keys."""
    return _organisation("broker", "YUANXIU", "Yuanxiu Securities Co., Ltd.", "远岫证券股份有限公司")


@pytest.fixture
def audit_firm(db: None) -> Organisation:
    """An audit firm looking on."""
    return _organisation("auditor", "MINGCHA", "Mingcha Certified Public Accountants", "明察会计师事务所")


@pytest.fixture
def law_firm(db: None) -> Organisation:
    """A law firm looking on."""
    return _organisation("counsel", "HENGZHI", "Hengzhi Law Firm", "衡直律师事务所")


@pytest.fixture
def canglan_branch(canglan: Organisation) -> Branch:
    """A branch of the transferor."""
    return Branch.objects.create(
        organisation=canglan, code="0101", name_en="Harbour Road", name_zh="港湾路营业部"
    )


@pytest.fixture
def yuanxiu_branch(yuanxiu: Organisation) -> Branch:
    """A branch of the transferee."""
    return Branch.objects.create(
        organisation=yuanxiu, code="2001", name_en="Lake Road", name_zh="湖滨路营业部"
    )


@pytest.fixture
def make_user(db: None, password_hash: str) -> MakeUser:
    """``make_user(organisation, *duties, username=…, starts_on=…, ends_on=…, branch=…, is_active=…)``."""
    numbers = count(1)

    def make(
        organisation: Organisation,
        *duties: Duty | str,
        username: str = "",
        starts_on: datetime.date | None = None,
        ends_on: datetime.date | None = None,
        **fields: object,
    ) -> User:
        username = username or f"user{next(numbers)}.{organisation.code.lower()}"
        user = User.objects.create(
            username=username,
            name=f"Name of {username}",
            organisation=organisation,
            password=password_hash,
            **fields,
        )
        for duty in duties:
            RoleAssignment.objects.create(
                user=user, duty=Duty(duty), starts_on=starts_on or timezone.localdate(), ends_on=ends_on
            )
        return user

    return make


@pytest.fixture
def signed_in(password: str) -> Callable[[User], Client]:
    """``signed_in(user)`` is a browser in which this person has signed in, over HTTPS."""

    def sign_in(user: User) -> Client:
        client = Client(headers={"accept-language": "en"})
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


@pytest.fixture
def stepped_up(signed_in: Callable[[User], Client]) -> Callable[[User], Client]:
    """``stepped_up(user)`` is signed in and has just given the password again."""
    import time

    def step_up(user: User) -> Client:
        client = signed_in(user)
        session = client.session
        session["step_up"] = {"user": str(user.pk), "at": time.time()}
        session.save()
        return client

    return step_up


@pytest.fixture
def giver_officer(make_user: MakeUser, canglan: Organisation) -> User:
    return make_user(canglan, Duty.COMPLIANCE_OFFICER, username="giver.officer")


@pytest.fixture
def giver_officer2(make_user: MakeUser, canglan: Organisation) -> User:
    return make_user(canglan, Duty.COMPLIANCE_OFFICER, username="giver.officer2")


@pytest.fixture
def giver_manager(make_user: MakeUser, canglan: Organisation) -> User:
    return make_user(canglan, Duty.TRANSFER_MANAGER, username="giver.manager")


@pytest.fixture
def giver_steward(make_user: MakeUser, canglan: Organisation) -> User:
    return make_user(canglan, Duty.DATA_STEWARD, username="giver.steward")


@pytest.fixture
def giver_staff(make_user: MakeUser, canglan: Organisation) -> User:
    return make_user(canglan, Duty.CLIENT_SERVICE, username="giver.staff")


@pytest.fixture
def giver_retention(make_user: MakeUser, canglan: Organisation) -> User:
    return make_user(canglan, Duty.RETENTION_OFFICER, username="giver.retention")


@pytest.fixture
def giver_supervisor(make_user: MakeUser, canglan: Organisation) -> User:
    return make_user(canglan, Duty.SUPERVISOR, username="giver.supervisor")


@pytest.fixture
def taker_officer(make_user: MakeUser, yuanxiu: Organisation) -> User:
    return make_user(yuanxiu, Duty.COMPLIANCE_OFFICER, username="taker.officer")


@pytest.fixture
def taker_officer2(make_user: MakeUser, yuanxiu: Organisation) -> User:
    return make_user(yuanxiu, Duty.COMPLIANCE_OFFICER, username="taker.officer2")


@pytest.fixture
def taker_manager(make_user: MakeUser, yuanxiu: Organisation) -> User:
    return make_user(yuanxiu, Duty.TRANSFER_MANAGER, username="taker.manager")


@pytest.fixture
def taker_steward(make_user: MakeUser, yuanxiu: Organisation) -> User:
    return make_user(yuanxiu, Duty.DATA_STEWARD, username="taker.steward")


@pytest.fixture
def taker_staff(make_user: MakeUser, yuanxiu: Organisation) -> User:
    return make_user(yuanxiu, Duty.CLIENT_SERVICE, username="taker.staff")


@pytest.fixture
def admin(make_user: MakeUser, canglan: Organisation) -> User:
    """Canglan's administrator."""
    return make_user(canglan, Duty.ADMINISTRATOR, username="admin")


@pytest.fixture
def taker_admin(make_user: MakeUser, yuanxiu: Organisation) -> User:
    """Yuanxiu's administrator."""
    return make_user(yuanxiu, Duty.ADMINISTRATOR, username="taker.admin")


@pytest.fixture
def auditor(make_user: MakeUser, audit_firm: Organisation) -> User:
    """An auditor of the audit firm, who sees what was granted."""
    return make_user(audit_firm, Duty.AUDITOR, username="auditor")


@pytest.fixture
def counsel(make_user: MakeUser, law_firm: Organisation) -> User:
    """A lawyer of the law firm, who sees what was granted."""
    return make_user(law_firm, Duty.COUNSEL, username="counsel")
