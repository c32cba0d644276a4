"""What each finding of the data's health means, and what to do about it."""

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise


@dataclass(frozen=True)
class Finding:
    """A finding in the reader's words: its name, what it means, what to do first."""

    title: Words
    meaning: Words
    remedy: Words
    severity: str = "warning"


FINDINGS: Final[dict[str, Finding]] = {
    "id_expired": Finding(
        _("Identity document expired"),
        _("The document's last day lies before the day of this report."),
        _("Ask the client for the new document before the handover; the new firm must identify them again."),
        "blocking",
    ),
    "id_missing": Finding(
        _("Identity number missing"),
        _("The client cannot be told apart from others or found by number."),
        _("Complete it from the opening papers, or do not move the client."),
        "blocking",
    ),
    "phone_missing": Finding(
        _("Telephone missing"),
        _("The client cannot be reached by text message or call."),
        _("Plan a letter or an announcement for the notice, and ask for the number."),
    ),
    "phone_invalid": Finding(
        _("Telephone not valid"),
        _("What is entered is no Chinese mobile number; a text message will not arrive."),
        _("Check it against the opening papers, or serve the notice by letter."),
    ),
    "minor": Finding(
        _("Minor"),
        _("The client is under 18; a guardian acts for them."),
        _("Address the notice to the guardian; under 14 the data counts as sensitive in every field."),
        "notice",
    ),
    "minor_without_guardian": Finding(
        _("Minor without guardian"),
        _("No guardian is entered for a client under 18."),
        _("Find and enter the guardian; until then the client is parked."),
        "blocking",
    ),
    "dormant": Finding(
        _("Dormant account"),
        _("The account has been put to sleep for lack of use."),
        _("Move it as dormant; the mark travels and is reconciled."),
        "notice",
    ),
    "frozen": Finding(
        _("Frozen"),
        _("A court or another authority has frozen money or securities."),
        _("Tell the authority who will keep the account; the freeze must arrive unchanged."),
        "warning",
    ),
    "pledged": Finding(
        _("Pledged securities"),
        _("Securities secure a debt of the client."),
        _("Tell the pledgee, and check the pledge with the depository after the move."),
        "warning",
    ),
    "unqualified": Finding(
        _("Unqualified account"),
        _("The account does not meet the rules of account management."),
        _("Put it in order before the handover, or leave it out of scope."),
        "blocking",
    ),
    "duplicate_within": Finding(
        _("Same identity twice within the firm"),
        _("One identity document stands under two client numbers."),
        _("Decide which record leads; do not merge before the client has confirmed."),
    ),
    "duplicate_across": Finding(
        _("Client of both firms"),
        _("The new firm already knows a client with this identity document."),
        _("Agree whose data takes precedence before the cutover."),
        "notice",
    ),
    "risk_expired": Finding(
        _("Risk rating expired"),
        _("The suitability assessment is older than its last day."),
        _("Let the client repeat it; without it no product may be sold."),
    ),
    "name_outside_gbk": Finding(
        _("Rare character in the name"),
        _("Systems that know only GBK cannot write this name."),
        _("Check the receiving system with this name in the rehearsal."),
        "notice",
    ),
    "staff_missing": Finding(
        _("No client manager"),
        _("Nobody is named who looks after the client."),
        _("Name somebody, so that questions and objections have a door."),
        "notice",
    ),
    "undesignated": Finding(
        _("Shanghai account without designation"),
        _("A Shanghai A account names no trading unit, so nothing can be moved by it."),
        _("Check the designation with the exchange before the cutover."),
        "warning",
    ),
    "missing_in_delta": Finding(
        _("Gone since the full extract"),
        _("The client stood in the full extract and is missing from the delta."),
        _(
            "Ask the source system whether the account was closed; the client is not handed over until that is clear."
        ),
        "blocking",
    ),
    "multi_bank": Finding(
        _("Several custodian banks"),
        _("The client's accounts are bound to more than one bank."),
        _("Check with each bank that the binding moves."),
        "notice",
    ),
}


def finding_of(code: str) -> Finding:
    """The words of a finding; one that nobody described shows its code."""
    return FINDINGS.get(code, Finding(code, "", ""))
