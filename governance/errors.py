"""Why the governance room refuses."""

from django.utils.translation import gettext_lazy as _

from audit.errors import register_messages

register_messages(
    {
        "assessment.text_missing": _("Say something under each heading."),
        "assessment.not_retained": _("The rule pack does not say how long an assessment is kept."),
        "assessment.four_eyes": _("Another person must approve what you wrote."),
        "assessment.approved_already": _("This assessment is approved already."),
        "assessment.superseded": _("Version %(version)s was replaced by a later one."),
        "log.check_under_way": _("A verification is under way already."),
        "log.check_failed": _("The verification broke off; see the server's log."),
        "log.worker_lost": _("The process that verified ended; start again."),
    }
)
