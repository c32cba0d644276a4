"""What the governance room writes into the log."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from audit.registry import register_events


@register_events
class AssessmentEvent(TextChoices):
    """Assessments of impact."""

    DRAFTED = "assessment.drafted", _("Impact assessment drafted")
    APPROVED = "assessment.approved", _("Impact assessment approved")


@register_events
class DisposalEvent(TextChoices):
    """Plans for disposing of the data."""

    DRAFTED = "disposal.drafted", _("Disposal plan drafted")
    APPROVED = "disposal.approved", _("Disposal plan approved")
    REPORTED = "disposal.reported", _("Disposal plan reported to the authority")
    TAKEN = "disposal.taken", _("Disposal plan taken away as PDF")


@register_events
class LogEvent(TextChoices):
    """Who looked at the log, and what its verification found."""

    READ = "log.read", _("Log read")
    CHECKPOINT_TAKEN = "log.checkpoint_taken", _("Checkpoint taken away")
    CHECK_ASKED = "log.check_asked", _("Verification of the log asked for")
    CHECKED = "log.checked", _("Log verified")
    CHECK_FAILED = "log.check_failed", _("Verification of the log broke off")
