"""Notices as letters: both texts rendered from one template, drafted when the law's list is covered, printed.

Nothing is decided here that clients.services.notices decides: drafting goes through ``draft_campaign``.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone

from access.models import User
from access.visibility import mask
from audit.errors import Refused
from clients.models import Client, NoticeCampaign, Relation
from clients.services.notices import coverage, draft_campaign
from printing.pdf import render
from rules.checklists import Coverage
from transfer.bases import refuse_unless_data_moves
from transfer.letters import LETTERS, Letter, categories, purpose_words
from transfer.models import Approval, Transfer
from transfer.services.agreements import latest_version
from transfer.services.cases import transfer_pack
from transfer.services.locking import lock_transfer
from vault.rows import Reading, open_rows

LANGUAGES = {"en": "en", "zh": "zh-hans"}


@dataclass(frozen=True)
class Notice:
    """Both texts of one notice, the values they were rendered from, and what of the law's list they say."""

    texts: Mapping[str, str]
    values: Mapping[str, Mapping[str, object]]
    covered: Mapping[str, Coverage]

    @property
    def complete(self) -> bool:
        """True when neither language leaves anything out."""
        return all(found.complete for found in self.covered.values())


def usual_values(transfer: Transfer) -> dict[str, Any]:
    """What a new notice says unless somebody words it otherwise; flat names, ``_en`` and ``_zh`` for words."""
    found: dict[str, Any] = {}
    letter = letter_of(transfer)
    for name, words in letter.words.items():
        found[f"{name}_en"], found[f"{name}_zh"] = words
    if "object_by" in letter.worded:
        found["object_by_en"], found["object_by_zh"] = _window_words(transfer)
    found["transferee_contact"] = _contact(transfer.transferee)
    found["officer_contact"] = _contact(transfer.transferor)
    if "approval_reference" in letter.plain:
        found["approval_reference"] = _approval(transfer)
    found["effective_on"] = transfer.planned_cutover and timezone.localdate(transfer.planned_cutover)
    return found


def letter_of(transfer: Transfer) -> Letter:
    """The kind of notice this transfer's basis asks for.

    Raises:
        Refused: nothing moves under this basis, so that nobody is owed a notice.
    """
    refuse_unless_data_moves(transfer)
    return LETTERS[transfer.basis]


def compose_notice(transfer: Transfer, given: Mapping[str, Any]) -> Notice:
    """The notice as these values make it: rendered in both languages and compared with the law's list.

    ``given`` has the names of ``usual_values``. Nothing is stored.

    Raises:
        Refused: there is no transferee or no agreement yet, so that nobody can say who takes over what, or nothing
            moves under this basis.
    """
    letter = letter_of(transfer)
    agreement = latest_version(transfer)
    if transfer.transferee is None or agreement is None:
        raise Refused("notice.agreement_first")
    pack = transfer_pack(transfer)
    texts, values, covered = {}, {}, {}
    for suffix, language in LANGUAGES.items():
        said: dict[str, object] = {name: str(given.get(f"{name}_{suffix}") or "") for name in letter.words}
        said |= {name: str(given.get(name) or "") for name in letter.plain}
        said |= {
            "transferor_name": getattr(transfer.transferor, f"name_{suffix}"),
            "transferee_name": getattr(transfer.transferee, f"name_{suffix}"),
            "object_by": str(given.get(f"object_by_{suffix}") or ""),
            "effective_on": _day(given.get("effective_on"), suffix),
            "data_categories": categories(agreement.field_scope, language),
            "purposes": [purpose_words(purpose, language) for purpose in agreement.purposes],
            "purpose_changed": agreement.purpose_changed,
            "for_guardian": True,
        }
        text = render_to_string(f"letters/{letter.template}.{language}.txt", said).strip()
        texts[suffix], values[suffix] = text, said
        covered[suffix] = coverage(pack=pack, checklist=letter.checklist, text=text, context=said)
    return Notice(texts, values, covered)


@transaction.atomic
def draft_notice(*, transfer: Transfer, given: Mapping[str, Any], by: User) -> NoticeCampaign:
    """A notice of the transferor in both languages waits for its second person.

    Raises:
        NotAllowed: ``by`` may not draft notices for the transferor.
        Refused: something the law's list asks for is not said, or there is no agreement yet.
    """
    transfer = lock_transfer(transfer)
    letter, notice = letter_of(transfer), compose_notice(transfer, given)
    changed = bool(notice.values["en"]["purpose_changed"])
    return draft_campaign(
        occasion=transfer.pk,
        sender=transfer.transferor,
        text_en=notice.texts["en"],
        text_zh=notice.texts["zh"],
        context=notice.values["en"],
        context_zh=notice.values["zh"],
        pack=transfer_pack(transfer),
        checklist=letter.checklist,
        recipient=transfer.transferee,
        asks_consent=letter.asks_consent or changed,
        by=by,
    )


def letter_data(
    *, transfer: Transfer, campaign: NoticeCampaign, client: Client, reading: Reading, masked: bool
) -> dict[str, Any]:
    """The letter to one client as ``printing.pdf.render("letter", …)`` wants it.

    The letter to a child under 14 is addressed to the guardian. With ``masked`` nothing of the recipient
    can be read: that is the form for looking at it on a screen.
    """
    secret = client.open(reading)
    name, address = secret.name, secret.address
    guardian = _guardian(client, reading) if client.is_under14 else ""
    if masked:
        name, address, guardian = mask("name", name), mask("address", address), mask("name", guardian)
    recipient = f"{guardian} ({name})" if guardian else name
    issued = campaign.approved_at or campaign.created_at
    sender = {"en": transfer.transferor.name_en, "zh": transfer.transferor.name_zh}
    return {
        "title": dict(zip(("en", "zh"), letter_of(transfer).title, strict=True)),
        "organisation": sender,
        "document_id": f"{transfer.number}-N{campaign.number}-{str(client.pk)[-12:]}",
        "issued_at": timezone.localtime(issued).isoformat(timespec="seconds"),
        "version": str(campaign.number),
        "recipient": recipient or "—",
        "address": [address] if address else [],
        "paragraphs": _paragraphs(campaign),
        "sender": sender,
    }


def print_letter(
    *,
    transfer: Transfer,
    campaign: NoticeCampaign,
    client: Client,
    reading: Reading,
    masked: bool,
    language: str,
) -> bytes:
    """The letter to one client as PDF, both languages in it, ``language`` first."""
    data = letter_data(transfer=transfer, campaign=campaign, client=client, reading=reading, masked=masked)
    return render("letter", data, language=language)


def _paragraphs(campaign: NoticeCampaign) -> list[dict[str, str]]:
    english = [part.strip() for part in campaign.text_en.split("\n\n") if part.strip()]
    chinese = [part.strip() for part in campaign.text_zh.split("\n\n") if part.strip()]
    if len(english) != len(chinese):
        return [{"en": "\n".join(english), "zh": "\n".join(chinese)}]
    return [{"en": first, "zh": second} for first, second in zip(english, chinese, strict=True)]


def _guardian(client: Client, reading: Reading) -> str:
    rows = list(Relation.objects.filter(client=client, kind=Relation.Kind.GUARDIAN).order_by("pk")[:1])
    return next((opened.name for opened in open_rows(rows, reading)), "")


def _approval(transfer: Transfer) -> str:
    approval = Approval.objects.standing().filter(transfer=transfer, kind=Approval.Kind.CSRC).first()
    return "" if approval is None else approval.reference


def _contact(organisation: Any) -> str:
    if organisation is None:
        return ""
    parts = (organisation.contact_name, organisation.contact_phone, organisation.contact_email)
    return " ".join(part for part in parts if part)


def _window_words(transfer: Transfer) -> tuple[str, str]:
    rule = transfer_pack(transfer).rule("CN29")
    days = next((item.duration for item in rule.deadlines if item.code == "objection_window"), 30)
    return f"until {days} days after this notice has reached you", f"本告知书送达之日起 {days} 日内"


def _day(value: object, language: str) -> str:
    if not isinstance(value, datetime.date):
        return ""
    if language == "zh":
        return f"{value.year}年{value.month}月{value.day}日"
    return f"{value.day} {value:%B} {value.year}"
