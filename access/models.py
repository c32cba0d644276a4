"""Organisations, the people who act for them, their duties and what they were let see.

Invariants, kept by the database too:
- Nobody is a superuser, and nobody grants a duty or an object to themselves.
- ``ends_on`` is the first day on which a duty or grant no longer holds, so ending one today holds at once.
"""

from datetime import date
from typing import ClassVar, Self
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now, TruncDate
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from guardian.mixins import GuardianUserMixin

from access.duties import Duty
from vault.ids import new_id


class Organisation(models.Model):
    """A legal person that takes part: a broker, or an auditor, law firm or regulator looking on."""

    class Kind(models.TextChoices):
        BROKER = "broker", _("Broker")
        AUDITOR = "auditor", _("Auditor")
        COUNSEL = "counsel", _("Law firm")
        REGULATOR = "regulator", _("Regulator")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.CharField(_("code"), max_length=20, unique=True)
    name_en = models.CharField(_("name in English"), max_length=200)
    name_zh = models.CharField(_("name in Chinese"), max_length=200)
    uscc = models.CharField(_("unified social credit code"), max_length=18, blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    contact_name = models.CharField(_("contact person"), max_length=100, blank=True)
    contact_phone = models.CharField(_("contact telephone"), max_length=40, blank=True)
    contact_email = models.EmailField(_("contact e-mail"), blank=True)

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        ordering = ("code",)
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["broker", "auditor", "counsel", "regulator"]),
                name="access_organisation_kind",
            ),
            models.UniqueConstraint(
                fields=["uscc"], condition=~Q(uscc=""), name="access_organisation_uscc_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the language of the reader."""
        return self.name_zh if (get_language() or "").startswith("zh") else self.name_en

    def parties(self) -> set[UUID]:
        """An organisation belongs to itself."""
        return {self.pk}


class Branch(models.Model):
    """A branch (营业部) of an organisation."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="branches")
    code = models.CharField(_("code"), max_length=20)
    name_en = models.CharField(_("name in English"), max_length=200)
    name_zh = models.CharField(_("name in Chinese"), max_length=200)

    class Meta:
        verbose_name = _("branch")
        verbose_name_plural = _("branches")
        ordering = ("organisation", "code")
        constraints = [
            models.UniqueConstraint(fields=["organisation", "code"], name="access_branch_code_once")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the language of the reader."""
        return self.name_zh if (get_language() or "").startswith("zh") else self.name_en

    def parties(self) -> set[UUID]:
        """A branch belongs to its organisation."""
        return {self.organisation_id}


class UserManager(BaseUserManager["User"]):
    """Finds people by user name, whatever its case."""

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(username__iexact=username or "")


class User(GuardianUserMixin, PermissionsMixin, AbstractBaseUser):
    """A person, or a program with the integrator's duty, acting for one organisation.

    What they may do follows from the duties in force today and from grants on single objects;
    Django's groups and user permissions exist for django-guardian and decide nothing here.
    """

    class Language(models.TextChoices):
        ENGLISH = "en", _("English")
        CHINESE = "zh-hans", _("Simplified Chinese")

    # No superuser: a flag that opens everything would walk past every duty and the log's questions.
    is_superuser = False

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    username = models.CharField(_("user name"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=100)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="users")
    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="users", null=True, blank=True)
    language = models.CharField(_("language"), max_length=10, choices=Language, default=Language.ENGLISH)
    staff_no = models.CharField(_("staff number"), max_length=20, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_program = models.BooleanField(_("program"), default=False, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ("username",)
        constraints = [
            models.UniqueConstraint(Lower("username"), name="access_user_name_once"),
            # A program has no password, so nobody signs in as one.
            models.CheckConstraint(
                condition=Q(is_program=False) | Q(password__startswith="!"),  # noqa: S106 - the mark of no password
                name="access_user_program_keyless",
            ),
        ]

    def __str__(self) -> str:
        return self.username

    def get_full_name(self) -> str:
        """The name as colleagues write it."""
        return self.name

    def parties(self) -> set[UUID]:
        """A person belongs to their organisation."""
        return {self.organisation_id}


class InForceQuerySet(models.QuerySet):  # type: ignore[type-arg]
    """Rows with ``starts_on`` and ``ends_on``."""

    def in_force(self, day: date | None = None) -> Self:
        """Those that hold on ``day``, by default today in the installation's zone, by the database's clock."""
        on = day or TruncDate(Now())
        return self.filter(Q(ends_on=None) | Q(ends_on__gt=on), starts_on__lte=on)


class RoleAssignment(models.Model):
    """One person holds one duty from one day until another.

    Never deleted: a duty that is over has an ``ends_on``, and a mistake is ended, not erased.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="assignments")
    duty = models.CharField(_("duty"), max_length=20, choices=Duty)
    starts_on = models.DateField(_("first day"), default=timezone.localdate)
    ends_on = models.DateField(_("first day without"), null=True, blank=True)
    granted_by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="assignments_granted", null=True, blank=True
    )
    granted_at = models.DateTimeField(auto_now_add=True)

    objects = InForceQuerySet.as_manager()

    class Meta:
        verbose_name = _("duty of a person")
        verbose_name_plural = _("duties of people")
        ordering = ("starts_on", "id")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")), name="access_role_dates"
            ),
            # Four eyes: nobody gives a duty to themselves. Null is the first administrator.
            models.CheckConstraint(
                condition=Q(granted_by=None) | ~Q(granted_by=F("user")), name="access_role_four_eyes"
            ),
            models.UniqueConstraint(
                fields=["user", "duty"], condition=Q(ends_on=None), name="access_role_once"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def parties(self) -> set[UUID]:
        """A duty belongs to the organisation of the person who holds it."""
        return {self.user.organisation_id}


class Grant(models.Model):
    """Why and until when one person was let see one object outside their organisation.

    The permission itself is a row of django-guardian; both must be there for it to count.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="grants")
    codename = models.CharField(_("permission"), max_length=100)
    object_label = models.CharField(_("kind of object"), max_length=60)
    object_id = models.UUIDField(_("object"))
    starts_on = models.DateField(_("first day"), default=timezone.localdate)
    ends_on = models.DateField(_("first day without"), null=True, blank=True)
    given_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="grants_given")
    given_at = models.DateTimeField(auto_now_add=True)

    objects = InForceQuerySet.as_manager()

    class Meta:
        verbose_name = _("grant")
        verbose_name_plural = _("grants")
        ordering = ("given_at", "id")
        indexes = [models.Index(fields=["object_id", "user"], name="access_grant_object")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")), name="access_grant_dates"
            ),
            models.CheckConstraint(condition=~Q(given_by=F("user")), name="access_grant_four_eyes"),
            models.UniqueConstraint(
                fields=["user", "codename", "object_id"],
                condition=Q(ends_on=None),
                name="access_grant_once",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def parties(self) -> set[UUID]:
        """A grant belongs to the organisation of the person who gave it."""
        return {self.given_by.organisation_id}


class Program(models.Model):
    """A program that acts for one organisation, as a service user of its own with duties and scopes.

    django-oauth-toolkit keeps its secret and its tokens, both as digests. A revoked program never comes back.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="programs")
    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="program")
    application = models.OneToOneField(
        "oauth2_provider.Application", on_delete=models.PROTECT, related_name="program"
    )
    name = models.CharField(_("name"), max_length=100)
    scopes = models.JSONField(_("scopes"), default=list)
    requests_per_minute = models.PositiveIntegerField(_("requests per minute"))
    registered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="programs_registered")
    registered_at = models.DateTimeField(auto_now_add=True)
    secret_changed_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="programs_revoked", null=True, blank=True
    )

    class Meta:
        verbose_name = _("program")
        verbose_name_plural = _("programs")
        ordering = ("name", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "name"],
                condition=Q(revoked_at=None),
                name="access_program_name_once",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoked_by=None)
                | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="access_program_revoked_by",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def parties(self) -> set[UUID]:
        """A program belongs to its organisation."""
        return {self.organisation_id}


class SignInLock(models.Model):
    """How many passwords were tried for one user name, existing or not, since the last right one.

    The name is kept as a keyed digest, because people type passwords into the wrong box.
    """

    name_digest = models.CharField(max_length=64, primary_key=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_attempt_at = models.DateTimeField(db_index=True)
    locked_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("sign-in lock")
        verbose_name_plural = _("sign-in locks")

    def __str__(self) -> str:
        return self.name_digest
