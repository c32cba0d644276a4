"""Why the transfer room refuses."""

from django.utils.translation import gettext_lazy as _

from audit.errors import register_messages

register_messages(
    {
        "transfer.needs_transferee": _("Name the transferee first."),
        "transfer.transferee_named_already": _("The transferee is named already and cannot be changed."),
        "transfer.not_in_state": _("This needs the stage “%(wanted)s”; the transfer is at “%(state)s”."),
        "transfer.past_no_return": _("The point of no return has passed; the transfer can no longer be aborted."),
        "transfer.has_ended": _("The transfer has ended."),
        "transfer.same_firm": _("A firm cannot hand its clients over to itself."),
        "transfer.pack_unknown": _("There is no rule pack for %(jurisdiction)s."),
        "transfer.counsel_spoke_already": _("Counsel has spoken on the legal basis already."),
        "transfer.approval_recorded_already": _("This approval is recorded already."),
        "transfer.date_in_future": _("The date %(date)s lies in the future."),
        "gate.closed": _("Gate %(gate)s is closed: %(facts)s of its facts do not hold yet."),
        "gate.exception_asked_already": _("An exception to gate %(gate)s was asked for already."),
        "gate.four_eyes": _("Another person must grant what you asked for."),
        "gate.exception_granted_already": _("This exception is granted already."),
        "gate.no_exception_possible": _("Gate %(gate)s takes no exception."),
        "gate.reason_missing": _("Say why."),
        "mandate.window_empty": _("The window must end after it begins, and in the future."),
        "mandate.nobody_moves": _("No client may move yet."),
        "mandate.not_live": _("This mandate was withdrawn or its window is over."),
        "mandate.signed_already": _("You have signed this mandate already."),
        "mandate.incomplete": _("Two people of each side must sign the mandate first."),
        "mandate.outside_window": _("The mandate's window is not open now."),
        "mandate.clients_changed": _("The clients who may move have changed since the mandate was drafted; draft a new one."),
        "cutover.batch_waiting": _("Clients are still between the two firms; finish their batches first."),
        "agreement.terms_incomplete": _("The agreement lacks: %(missing)s."),
        "agreement.check_unknown": _("Clause %(number)s names the check “%(check)s”, which does not exist."),
        "agreement.superseded": _("Version %(version)s is not the latest; sign the latest."),
        "agreement.signed_already": _("Your organisation has signed this version already."),
        "agreement.not_a_party": _("Only the two parties sign."),
        "agreement.executed_already": _("The executed document is registered already."),
        "agreement.both_signed": _("Both parties have signed; a new version needs a new agreement of both."),
        "agreement.breach_decided_already": _("This breach is decided already."),
    }
)
