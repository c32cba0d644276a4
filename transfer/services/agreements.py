"""Acts on the agreement: versions, the executed document, signatures, clauses and their breaches.

The terms of one version (a mapping) are::

    title, purposes: [{en, zh}], purpose_changed: bool, field_scope: ["kind.field", …],
    clauses: [{number, text_en, text_zh, owner_side, check, due_on, consequence_en, consequence_zh}]

A document may also name ``basis`` and ``parties`` (codes, transferor first); both must be the transfer's. What is
signed always binds the transfer's own basis and both firms' ids.
"""

import datetime
import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
from django.db import transaction
from django.utils import timezone

from access.asking import once
from access.models import User
from audit.errors import Refused
from audit.services import record
from clients.services.files import take_file
from transfer.bases import data_moves
from transfer.clauses import CHECKS, FITTING, find_breaches
from transfer.events import AgreementEvent
from transfer.models import Agreement, Clause, ClauseBreach, Signature, Transfer
from transfer.policies import BOTH, TRANSFEROR, require_side, side_of
from transfer.services.locking import lock_transfer
from vault.files import file_sha256
from vault.models import SealedFile
from vault.rows import Reading
from vault.signing import signer

_NEEDED = ("title", "purposes", "clauses")
_BOUND = (*_NEEDED, "field_scope", "purpose_changed", "basis", "parties")
_CLAUSE_NEEDED = ("number", "text_en", "text_zh", "owner_side", "check", "consequence_en", "consequence_zh")


@transaction.atomic
def draft_agreement(*, transfer: Transfer, terms: Mapping[str, Any], by: User) -> Agreement:
    """A new version of the agreement stands, with every clause bound to an owner, a check and a consequence.

    Raises:
        NotAllowed: ``by`` may not draft for this transfer.
        Refused: something is missing, a clause names a check that does not exist or does not fit the basis, the
            document is for another basis or other firms, no transferee is named, or the version before is
            agreed: signed by both, or registered as executed.
    """
    transfer = lock_transfer(transfer)
    require_side(by, "transfer.draft_agreement", transfer, *BOTH)
    if transfer.transferee_id is None:
        raise Refused("transfer.needs_transferee")
    _check_terms(terms)
    _check_basis(transfer, terms)
    latest = latest_version(transfer)
    if latest is not None and (latest.executed_digest or latest.signatures.count() > 1):
        raise Refused("agreement.both_signed")
    agreement = Agreement.objects.create(
        transfer=transfer,
        version=1 if latest is None else latest.version + 1,
        title=terms["title"],
        purposes=terms["purposes"],
        purpose_changed=bool(terms.get("purpose_changed")),
        basis=transfer.basis,
        parties_named=_parties(transfer),
        field_scope=sorted(terms.get("field_scope") or []),
        digest=terms_digest({**terms, "basis": transfer.basis, "parties": _parties(transfer)}),
        created_by=by,
    )
    Clause.objects.bulk_create(_clause(agreement, clause) for clause in terms["clauses"])
    record(
        AgreementEvent.DRAFTED,
        actor=by,
        subject=agreement,
        transfer=str(transfer.pk),
        version=agreement.version,
        digest=bytes(agreement.digest).hex(),
    )
    return agreement


def latest_version(transfer: Transfer) -> Agreement | None:
    """The version in force: the one drafted last."""
    versions = Agreement.objects.filter(transfer=transfer).order_by("-version")
    return once(("agreement", transfer.pk), versions.first)


def terms_digest(terms: Mapping[str, Any]) -> bytes:
    """SHA-256 over the terms as JSON with sorted keys: what both parties sign."""
    return hashlib.sha256(msgspec.json.encode(_plain(terms), order="deterministic")).digest()


@transaction.atomic
def register_executed(
    *, agreement: Agreement, document: SealedFile, signed_on: datetime.date, reading: Reading, by: User
) -> Agreement:
    """The executed paper (chop or CA-signed PDF) is registered by the digest of its bytes.

    It opens the transferor's data to the transferee, so an officer of the transferor answers for it.

    Raises:
        NotAllowed: ``by`` may not sign for the transferor.
        Refused: a later version exists, a document is registered already, or the date lies in the future.
    """
    transfer = lock_transfer(agreement.transfer_id)
    agreement = Agreement.objects.select_for_update(of=("self",)).get(pk=agreement.pk)
    require_side(by, "transfer.sign_agreement", transfer, TRANSFEROR)
    _refuse_superseded(agreement, transfer)
    if agreement.executed_document is not None:
        raise Refused("agreement.executed_already")
    if signed_on > timezone.localdate():
        raise Refused("transfer.date_in_future", date=signed_on.isoformat())
    take_file(document, holder=by.organisation_id, purpose="evidence")
    agreement.executed_document = document.pk
    agreement.executed_digest = file_sha256(document, reading).hex()
    agreement.signed_on = signed_on
    agreement.save(update_fields=["executed_document", "executed_digest", "signed_on"])
    record(AgreementEvent.EXECUTED_REGISTERED, actor=by, subject=agreement, sha256=agreement.executed_digest)
    return agreement


@transaction.atomic
def sign_agreement(*, agreement: Agreement, by: User) -> Signature:
    """``by``'s organisation has signed exactly this version with its certificate key.

    Raises:
        NotAllowed: ``by`` may not sign for a party of this transfer.
        Refused: a later version exists, or the organisation has signed already.
    """
    transfer = lock_transfer(agreement.transfer_id)
    require_side(by, "transfer.sign_agreement", transfer, *BOTH)
    _refuse_superseded(agreement, transfer)
    if agreement.signatures.filter(organisation=by.organisation_id).exists():
        raise Refused("agreement.signed_already")
    key = signer("certificate", by.organisation_id)
    signature = Signature.objects.create(
        agreement=agreement,
        organisation=by.organisation,
        signed_by=by,
        signed_at=timezone.now(),
        signature=key.sign(bytes(agreement.digest)),
        fingerprint=key.fingerprint,
    )
    record(
        AgreementEvent.SIGNED,
        actor=by,
        subject=agreement,
        organisation=by.organisation_id,
        digest=bytes(agreement.digest).hex(),
        key=key.fingerprint,
    )
    return signature


@transaction.atomic
def check_clauses(*, transfer: Transfer, by: User | None = None) -> list[ClauseBreach]:
    """Every clause's check has run on today's facts; new breaches stand with the fact that showed them.

    Returns the breaches found by this call only. Repeating it adds nothing for facts already raised.
    """
    transfer = lock_transfer(transfer)
    agreement = latest_version(transfer)
    if agreement is None:
        return []
    found = []
    for clause in agreement.clauses.all():
        for fact in find_breaches(transfer, clause):
            breach, created = ClauseBreach.objects.get_or_create(clause=clause, fact=fact)
            if created:
                record(
                    AgreementEvent.CLAUSE_BREACHED,
                    actor=by,
                    subject=breach,
                    transfer=str(transfer.pk),
                    clause=clause.number,
                    check=clause.check_code,
                    fact=fact,
                )
                found.append(breach)
    return found


@transaction.atomic
def decide_breach(*, breach: ClauseBreach, decision: str, by: User) -> ClauseBreach:
    """What follows from the breach is decided, in words, by an officer of the party that did not commit it.

    Raises:
        NotAllowed: ``by`` may not decide breaches of this transfer.
        Refused: ``by``'s own firm owns the clause, it is decided already, or no words are given.
    """
    transfer = lock_transfer(breach.clause.agreement.transfer_id)
    breach = ClauseBreach.objects.select_for_update(of=("self",)).get(pk=breach.pk)
    require_side(by, "transfer.decide_breach", transfer, *BOTH)
    if breach.clause.owner_side == side_of(transfer, by.organisation_id):
        raise Refused("agreement.other_side_decides")
    if breach.decided_at is not None:
        raise Refused("agreement.breach_decided_already")
    if not decision.strip():
        raise Refused("gate.reason_missing")
    breach.decision = decision.strip()
    breach.decided_by = by
    breach.decided_at = timezone.now()
    breach.save(update_fields=["decision", "decided_by", "decided_at"])
    record(AgreementEvent.BREACH_DECIDED, actor=by, subject=breach, transfer=str(transfer.pk))
    return breach


def _refuse_superseded(agreement: Agreement, transfer: Transfer) -> None:
    newest = latest_version(transfer)
    if newest is None or newest.pk != agreement.pk:
        raise Refused("agreement.superseded", version=agreement.version)


def _check_terms(terms: Mapping[str, Any]) -> None:
    missing = [name for name in _NEEDED if not terms.get(name)]
    for clause in terms.get("clauses") or []:
        absent = [name for name in _CLAUSE_NEEDED if not clause.get(name)]
        missing += [f"clause {clause.get('number', '?')}: {name}" for name in absent]
    if missing:
        raise Refused("agreement.terms_incomplete", missing=", ".join(missing))
    for clause in terms["clauses"]:
        if clause["check"] not in CHECKS:
            raise Refused("agreement.check_unknown", number=clause["number"], check=clause["check"])


def _check_basis(transfer: Transfer, terms: Mapping[str, Any]) -> None:
    basis = transfer.get_basis_display()
    if terms.get("basis", transfer.basis) != transfer.basis:
        raise Refused("agreement.other_basis", found=terms["basis"], wanted=basis)
    codes = [transfer.transferor.code, transfer.transferee.code if transfer.transferee else ""]
    if terms.get("parties", codes) != codes:
        raise Refused("agreement.other_parties")
    scope = terms.get("field_scope")
    if data_moves(transfer) and not scope:
        raise Refused("agreement.terms_incomplete", missing="field_scope")
    if scope and not data_moves(transfer):
        raise Refused("agreement.scope_must_be_empty")
    for clause in terms["clauses"]:
        if clause["check"] not in FITTING.get(transfer.basis, CHECKS):
            raise Refused(
                "agreement.check_does_not_fit", number=clause["number"], check=clause["check"], basis=basis
            )


def _parties(transfer: Transfer) -> list[str]:
    return [str(transfer.transferor_id), str(transfer.transferee_id)]


def _clause(agreement: Agreement, clause: Mapping[str, Any]) -> Clause:
    due = clause.get("due_on")
    return Clause(
        agreement=agreement,
        number=clause["number"],
        text_en=clause["text_en"],
        text_zh=clause["text_zh"],
        owner_side=Clause.Side(clause["owner_side"]),
        check_code=clause["check"],
        due_on=datetime.date.fromisoformat(due) if isinstance(due, str) and due else due or None,
        consequence_en=clause["consequence_en"],
        consequence_zh=clause["consequence_zh"],
    )


def _plain(terms: Mapping[str, Any]) -> dict[str, Any]:
    wanted = {name: terms[name] for name in _BOUND if name in terms}
    decoded: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(wanted))
    return decoded
