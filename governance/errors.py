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
        "disposal.text_missing": _("Say something under each heading."),
        "disposal.four_eyes": _("Another person must approve what you wrote."),
        "disposal.approved_already": _("This plan is approved already."),
        "disposal.not_approved": _("The plan must be approved by a second person before it is reported."),
        "disposal.reported_already": _("The plan has been reported; what was reported stands."),
        "disposal.superseded": _("Version %(version)s was replaced by a later one."),
        "disposal.day_ahead": _("The day of the report lies in the future."),
        "disposal.day_early": _("The day of the report lies before the plan's approval."),
        "log.check_under_way": _("A verification is under way already."),
        "log.check_failed": _("The verification broke off; see the server's log."),
        "log.worker_lost": _("The process that verified ended; start again."),
    }
)
