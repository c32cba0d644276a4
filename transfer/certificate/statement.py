"""What the certificate states, gathered from the facts. Its exceptions stand first.

The gates are those the mandate was given on: what held when people said go, not what holds now.

The statement is JSON in the order of this module; both organisations sign exactly its bytes. Described in
``docs/formats/certificate.md``, so that another program can verify it from the files alone.
"""

import datetime
import json
from typing import Any

from django.db.models import Count

from access.models import Organisation, User
from audit import checkpoints
from audit.errors import Refused
from audit.models import Checkpoint, Event
from clients.events import CustodyEvent
from clients.models import Client, CustodyMember, CustodyMove
from clients.services.custody import acceptance_bytes, release_bytes
from clients.statements import members_root
from transfer.models import Break, GateException, Mandate, Run, Transfer
from transfer.services.agreements import latest_version
from transfer.services.cases import funnel
from transfer.services.mandates import go_bytes, mandate_bytes
from vault.signing import signer

FORMAT = "handover/certificate/v1"
STILL_OPEN = (Break.State.OPEN, Break.State.EXPLAINED, Break.State.WRITE_OFF_ASKED)


def statement_of(
    transfer: Transfer, mandate: Mandate, run: Run, *, number: str, issued_at: datetime.datetime, by: User
) -> dict[str, Any]:
    """Everything both organisations attest about this transfer, and who had it issued.

    Raises:
        Refused: the log has no signed checkpoint yet, or none that covers the last batch.
    """
    checkpoint = _checkpoint(transfer)
    members = all_members(transfer)
    key = checkpoints.log_key()
    return {
        "exceptions": _exceptions(transfer),
        "open_breaks": _breaks(run, states=STILL_OPEN),
        "notes": _notes(),
        "type": FORMAT,
        "number": number,
        "issued_at": _moment(issued_at),
        "issued_by": {"organisation": str(by.organisation_id), "person": str(by.pk)},
        "transfer": {
            "id": str(transfer.pk),
            "number": transfer.number,
            "basis": transfer.basis,
            "jurisdiction": transfer.jurisdiction,
            "rule_pack": transfer.pack_digest,
            "no_return_at": _moment(transfer.no_return_at),
        },
        "transferor": _party(transfer.transferor),
        "transferee": _party(transfer.transferee),
        "agreement": _agreement(transfer),
        "clients": len(members),
        "root": members_root(members).hex(),
        "book": Client.objects.filter(book=transfer.book_id).count(),
        "funnel": funnel(transfer),
        "gates": _gates(mandate),
        "mandate": _mandate(mandate),
        "batches": _batches(transfer),
        "reconciliation": run.compared,
        "breaks": _breaks(run, states=tuple(Break.State)),
        "log": {"key": key.public.hex(), "name": key.name, "checkpoint": checkpoint.note},
    }


def canonical(statement: dict[str, Any]) -> bytes:
    """The bytes that are signed."""
    return json.dumps(statement, separators=(",", ":"), ensure_ascii=False).encode()


def all_members(transfer: Transfer) -> list[tuple[Any, bytes, bytes]]:
    """Client id, record digest and key commitment of everybody accepted, in the order of the ids."""
    rows = CustodyMember.objects.filter(
        move__occasion=transfer.pk, move__state=CustodyMove.State.ACCEPTED
    ).order_by("client_id")
    return [
        (client, bytes(digest), bytes(commitment))
        for client, digest, commitment in rows.values_list(
            "client_id", "record_digest", "key_commitment"
        ).iterator()
    ]


def _checkpoint(transfer: Transfer) -> Checkpoint:
    newest = checkpoints.latest()
    if newest is None:
        raise Refused("certificate.no_checkpoint")
    moves = CustodyMove.objects.filter(occasion=transfer.pk, state=CustodyMove.State.ACCEPTED)
    accepted = Event.objects.filter(type=CustodyEvent.ACCEPTED, subject__in=moves.values("pk"))
    if accepted.count() != moves.count() or accepted.exclude(leaf__index__lt=newest.size).exists():
        raise Refused("certificate.log_behind")
    return newest


def _exceptions(transfer: Transfer) -> list[dict[str, Any]]:
    granted = GateException.objects.filter(transfer=transfer).exclude(granted_at=None).order_by("gate")
    return [
        {
            "gate": row.gate,
            "reason": row.reason,
            "asked_by": row.asked_by.username,
            "granted_by": row.granted_by.username if row.granted_by else "",
            "granted_at": _moment(row.granted_at),
        }
        for row in granted.select_related("asked_by", "granted_by")
    ]


def _breaks(run: Run, *, states: tuple[str, ...]) -> list[dict[str, Any]]:
    rows = (
        Break.objects.filter(run=run, state__in=states)
        .values("source", "kind", "field", "state")
        .annotate(count=Count("pk"))
        .order_by("source", "kind", "field", "state")
    )
    return [dict(row) for row in rows]


def _notes() -> list[str]:
    """What a reader must know about the signatures themselves."""
    return ["both_signing_keys_on_one_host"]


def _party(organisation: Organisation | None) -> dict[str, str]:
    if organisation is None:
        raise Refused("transfer.needs_transferee")
    return {
        "id": str(organisation.pk),
        "code": organisation.code,
        "name_en": organisation.name_en,
        "name_zh": organisation.name_zh,
        "uscc": organisation.uscc,
        "certificate_key": signer("certificate", organisation.pk).fingerprint,
        "custody_key": signer("custody", organisation.pk).public.hex(),
    }


def _agreement(transfer: Transfer) -> dict[str, Any]:
    agreement = latest_version(transfer)
    if agreement is None:
        return {}
    return {
        "version": agreement.version,
        "digest": bytes(agreement.digest).hex(),
        "executed_document": agreement.executed_digest,
        "signatures": [
            {"organisation": str(row.organisation_id), "signature": bytes(row.signature).hex()}
            for row in agreement.signatures.order_by("signed_at")
        ],
    }


def _gates(mandate: Mandate) -> list[dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for number, code, ok, excepted in mandate.facts:
        entry = found.setdefault(
            number, {"gate": number, "holds": True, "by_exception": excepted, "facts": {}}
        )
        entry["holds"] = entry["holds"] and ok
        entry["facts"][code] = ok
    return list(found.values())


def _mandate(mandate: Mandate) -> dict[str, Any]:
    return {
        "statement": mandate_bytes(mandate).decode(),
        "digest": bytes(mandate.digest).hex(),
        "signatures": [
            {"go": go_bytes(row).decode(), "signature": bytes(row.signature).hex()}
            for row in mandate.signatures.order_by("signed_at").select_related("mandate")
        ],
    }


def _batches(transfer: Transfer) -> list[dict[str, Any]]:
    moves = CustodyMove.objects.filter(occasion=transfer.pk, state=CustodyMove.State.ACCEPTED).order_by(
        "number"
    )
    return [
        {
            "release": release_bytes(move).decode(),
            "release_signature": bytes(move.release_signature).hex(),
            "acceptance": acceptance_bytes(move).decode(),
            "acceptance_signature": bytes(move.acceptance_signature or b"").hex(),
        }
        for move in moves
    ]


def _moment(value: datetime.datetime | None) -> str | None:
    return None if value is None else value.astimezone(datetime.UTC).isoformat(timespec="seconds")
