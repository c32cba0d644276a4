"""What becomes of a client who withdraws consent after the handover: given back, or kept by a new consent.

A withdrawal before the release needs nothing of this: the next assessment leaves the client out.
"""

import hashlib
import json

from django.db import transaction
from django.utils import timezone

from access.models import User
from audit.errors import Refused
from audit.services import record
from clients.answers import on_withdrawal
from clients.models import Client, ConsentRecord
from clients.services.consents import latest_answers
from clients.services.custody import accept_batch, release_batch
from transfer.events import RecallEvent
from transfer.models import ClientCase, Recall, Transfer
from transfer.policies import TRANSFEREE, require_side
from transfer.services.locking import lock_transfer

HANDED_OVER = (ClientCase.State.RELEASED, ClientCase.State.ACCEPTED)


@on_withdrawal
def open_recall(withdrawal: ConsentRecord) -> None:
    """Whoever withdraws after the release has an open recall; the transfer cannot close before it is decided."""
    transfer = Transfer.objects.filter(pk=withdrawal.occasion).first()
    if transfer is None:
        return
    moved = ClientCase.objects.filter(
        transfer=transfer, client=withdrawal.client_id, state__in=HANDED_OVER
    ).exists()
    waiting = Recall.objects.filter(
        transfer=transfer, client=withdrawal.client_id, outcome=Recall.Outcome.OPEN
    ).exists()
    if not moved or waiting:
        return
    recall = Recall.objects.create(transfer=transfer, client_id=withdrawal.client_id, withdrawal=withdrawal)
    record(
        RecallEvent.OPENED,
        actor=withdrawal.entered_by,
        subject=recall,
        transfer=str(transfer.pk),
        client=str(withdrawal.client_id),
        withdrawal=str(withdrawal.pk),
    )


@transaction.atomic
def return_client(*, recall: Recall, words: str, by: User) -> Recall:
    """The client is in the transferor's custody again: both firms have signed, the transferee holds no key.

    Raises:
        NotAllowed: ``by`` may not decide recalls for the transferee, which has the data.
        Refused: decided already, no words, or the certificate that counts the client is not issued yet.
    """
    transfer, recall = _open_one(recall, words, by)
    if transfer.state != Transfer.State.SETTLED or transfer.transferee is None:
        raise Refused("recall.not_settled")
    move = release_batch(
        occasion=recall.pk,
        giver=transfer.transferee,
        taker=transfer.transferor,
        clients=[recall.client_id],
        mandate_digest=hashlib.sha256(withdrawal_bytes(recall)).digest(),
        by=by,
    )
    accept_batch(move=move, by=by)
    ClientCase.objects.filter(transfer=transfer, client=recall.client_id).update(
        state=ClientCase.State.RECALLED, since=timezone.now()
    )
    return _decide(recall, Recall.Outcome.RETURNED, words, by)


@transaction.atomic
def keep_client(*, recall: Recall, words: str, by: User) -> Recall:
    """The client stays with the transferee by a consent of its own, given after the withdrawal.

    Raises:
        NotAllowed: ``by`` may not decide recalls for the transferee.
        Refused: decided already, no words, or no consent newer than the withdrawal is on record.
    """
    transfer, recall = _open_one(recall, words, by)
    if latest_answers(transfer.pk, [recall.client_id]).get(recall.client_id) != ConsentRecord.Answer.GIVEN:
        raise Refused("recall.no_new_consent")
    return _decide(recall, Recall.Outcome.KEPT, words, by)


def open_recalls(transfer: Transfer) -> int:
    """How many clients wait for a decision because they withdrew after the handover."""
    return Recall.objects.filter(transfer=transfer, outcome=Recall.Outcome.OPEN).count()


def withdrawal_bytes(recall: Recall) -> bytes:
    """What takes the place of a mandate when one client is given back: the withdrawal itself."""
    said = {
        "type": "handover/withdrawal/v1",
        "transfer": str(recall.transfer_id),
        "client": str(recall.client_id),
        "withdrawal": str(recall.withdrawal_id),
    }
    return json.dumps(said, sort_keys=True, separators=(",", ":")).encode()


def _open_one(recall: Recall, words: str, by: User) -> tuple[Transfer, Recall]:
    transfer = lock_transfer(recall.transfer_id)
    Client.objects.select_for_update().get(pk=recall.client_id)
    recall = Recall.objects.select_for_update(of=("self",)).get(pk=recall.pk)
    require_side(by, "transfer.decide_recall", transfer, TRANSFEREE)
    if recall.outcome != Recall.Outcome.OPEN:
        raise Refused("recall.decided_already")
    if not words.strip():
        raise Refused("gate.reason_missing")
    return transfer, recall


def _decide(recall: Recall, outcome: str, words: str, by: User) -> Recall:
    recall.outcome, recall.words = outcome, words.strip()
    recall.decided_by, recall.decided_at = by, timezone.now()
    recall.save(update_fields=["outcome", "words", "decided_by", "decided_at"])
    record(
        RecallEvent.RETURNED if outcome == Recall.Outcome.RETURNED else RecallEvent.KEPT,
        actor=by,
        subject=recall,
        transfer=str(recall.transfer_id),
        client=str(recall.client_id),
    )
    return recall
