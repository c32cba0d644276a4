"""Why the clients room refuses."""

from django.utils.translation import gettext_lazy as _

from audit.errors import register_messages

register_messages(
    {
        "file.not_yours": _("This file was not uploaded by your organisation."),
        "notice.agreement_first": _(
            "Name the transferee and draft the agreement first: the notice quotes both."
        ),
        "notice.text_incomplete": _("The notice does not say: %(missing)s."),
        "notice.approved_already": _("This notice is approved already."),
        "notice.four_eyes": _("Another person must approve what you drafted."),
        "notice.not_approved": _("The notice is not approved yet."),
        "notice.date_in_future": _("The date %(date)s lies in the future."),
        "notice.announced_already": _("This announcement is entered already."),
        "notice.signed_off_already": _("This announcement is signed off already."),
        "notice.other_occasion": _("This announcement belongs to another transfer."),
        "notice.other_book": _("The notice was sent to the clients of another firm."),
        "notice.file_columns": _("The file must have exactly these columns: %(wanted)s."),
        "notice.file_row": _("Line %(line)s, column %(column)s: %(reason)s."),
        "notice.file_not_utf8": _("The file is not UTF-8."),
        "objection.decided_already": _("This objection is decided already."),
        "objection.decision_does_not_fit": _("A client who only objects cannot be marked as leaving."),
        "consent.not_asked": _("This notice does not ask for consent."),
        "consent.moment_in_future": _("The moment of the answer lies in the future."),
        "consent.nothing_to_withdraw": _("There is no consent that could be withdrawn."),
        "consent.guardian_needed": _("The client is under 14: only the guardian can consent."),
        "consent.guardian_missing": _("No guardian of this client is on record."),
        "archive.none": _("Nothing of this client lies in your archive."),
        "archive.reason_missing": _("Say why the archive has to be opened."),
        "search.value_missing": _("Enter the whole value; parts of it are not found."),
        "reveal.purpose_missing": _("Choose what you need it for."),
        "reveal.words_missing": _("Say in your own words what you need it for."),
        "reveal.suspended": _(
            "This client is parked: nothing of it is shown in the clear until the case is decided."
        ),
        "custody.not_the_custodian": _("%(count)s of these clients are not in your custody."),
        "custody.not_released": _("This batch does not wait for acceptance."),
        "custody.not_the_taker": _("Only the receiving organisation accepts this batch."),
        "custody.released_already": _("%(count)s of these clients wait in another batch already."),
        "custody.changed_since_release": _(
            "Records of this batch have changed since it was released; it must be recalled."
        ),
        "custody.without_key": _("%(count)s of these clients have no key any more."),
        "custody.empty_batch": _("A batch needs at least one client."),
    }
)
