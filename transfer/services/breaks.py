"""The break ledger: differences kept, explained, corrected, or written off by a person of each firm."""

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from access.models import User
from access.policies import require
from audit.errors import Refused
from audit.reading import reading
from audit.services import record
from clients.models import Reveal
from clients.sealed import RevealSecret
from transfer.events import BreakEvent
from transfer.models import Break, Run
from transfer.models.breaks import BreakSecret
from transfer.policies import BOTH, require_side
from transfer.reconcile import Difference
from transfer.services.locking import lock_transfer
from transfer.services.parties import organisation_of
from vault.rows import open_rows
from vault.tokens import token
from vault.wraps import open_data_keys

BATCH = 5_000
WORDS_AT_MOST = 300
BreakKey = tuple[str, str, str, str]
Owners = Callable[[set[str]], Mapping[str, UUID]]
"""Finds the clients to whom rows or account numbers belong; leaves out those nobody knows."""

REVEAL_PURPOSES = {
    "resolve_difference": _("Resolve a difference"),
    "client_request": _("Answer the client"),
    "decide_write_off": _("Decide a write-off"),
    "audit": _("Audit"),
}
LIVE = (Break.State.OPEN, Break.State.EXPLAINED, Break.State.WRITE_OFF_ASKED)


def keep_differences(
    run: Run, source: str, kind: str, differences: Iterable[Difference], owners: Owners, by: User
) -> None:
    """Every difference stands as a break, seen in the present round of the run's reconciliation.

    One that stood already is left as it is, unless it was corrected or its values are others now: then it
    is open again. The values lie sealed under the client's key; a row nobody knows keeps no value at all.
    """
    stream = iter(differences)
    while batch := list(islice(stream, BATCH)):
        clients = owners({difference.key[0] for difference in batch})
        rows = {
            key_of(row): (row, _secret(difference))
            for difference in batch
            for row in [_break(run, source, kind, difference, clients)]
        }
        standing = _reopen_changed(run, rows, by)
        _seal_and_keep(run, [pair for key, pair in rows.items() if key not in standing])
        again = [row.pk for row in standing.values()]
        Break.objects.filter(pk__in=again).update(seen=round_of(run))


def round_of(run: Run) -> int:
    """The number of the run's present reconciliation."""
    return int(run.progress.get("round", 0))


def _seal_and_keep(run: Run, pairs: list[tuple[Break, BreakSecret]]) -> None:
    subjects = {row.client_id for row, _ in pairs if row.client_id is not None}
    keys = open_data_keys(subjects, holder=organisation_of(run)) if subjects else {}
    for row, secret in pairs:
        if row.client_id is not None:
            row.seal_new(secret, keys[row.client_id])
        else:
            row.sealed = b""
    Break.objects.bulk_create([row for row, _ in pairs])


def _reopen_changed(
    run: Run, rows: Mapping[BreakKey, tuple[Break, BreakSecret]], by: User
) -> dict[BreakKey, Break]:
    """Those that stand already; whichever was corrected or differs otherwise now is open again."""
    standing = {
        key_of(row): row
        for row in Break.objects.filter(run=run, row__in={key[2] for key in rows})
        if key_of(row) in rows
    }
    sealed = [row for row in standing.values() if row.client_id is not None]
    subjects = {row.client_id for row in sealed if row.client_id is not None}
    before: dict[UUID, BreakSecret] = {}
    if sealed:
        with reading(
            actor=by, organisation=organisation_of(run), purpose="reconciliation", subjects=subjects
        ) as right:
            before = {row.pk: secret for row, secret in zip(sealed, open_rows(sealed, right), strict=True)}
            for key, row in standing.items():
                if row.pk in before and before[row.pk] != rows[key][1]:
                    row.reseal(rows[key][1], right)
    for key, row in standing.items():
        changed = row.pk in before and before[row.pk] != rows[key][1]
        if row.state == Break.State.CORRECTED or (changed and row.state != Break.State.OPEN):
            _reopen(row, by)
    return standing


def _reopen(row: Break, by: User) -> None:
    row.state = Break.State.OPEN
    row.explanation = ""
    row.asked_by = row.decided_by = row.decided_at = None
    row.found_at = timezone.now()
    row.save(update_fields=["state", "explanation", "asked_by", "decided_by", "decided_at", "found_at"])
    record(BreakEvent.FOUND_AGAIN, actor=by, subject=row, run=str(row.run_id))


@transaction.atomic
def reveal_break(*, break_: Break, purpose: str, words: str, by: User) -> BreakSecret:
    """The two values of one break, for a stated purpose; who looked and what for stands in the log first.

    The words are kept beside the client's other reveals, sealed under the client's key.

    Raises:
        NotAllowed: ``by`` may not see the values of this transfer's breaks.
        Refused: the purpose is none of the list, no words are given, there is nothing sealed, or the
            client's data is in another firm's custody or its reveal suspended.
    """
    require(by, "transfer.reveal_break", break_)
    if purpose not in REVEAL_PURPOSES:
        raise Refused("break.words_missing")
    said = RevealSecret(_words(words)[:200])
    if break_.client is None:
        raise Refused("break.no_values")
    if break_.client.custodian_id != by.organisation_id or break_.client.reveal_suspended:
        raise Refused("break.not_your_custody")
    with reading(
        actor=by,
        organisation=by.organisation_id,
        purpose=purpose,
        subjects=[break_.client.pk],
        fields=["break"],
    ) as right:
        secret: BreakSecret = break_.open(right)
        key = open_data_keys([break_.client.pk], holder=by.organisation_id)[break_.client.pk]
        note = Reveal(client=break_.client, by=by, field="break", purpose=purpose, event=right.event)
        note.seal_new(said, key).save(force_insert=True)
    record(BreakEvent.REVEALED, actor=by, subject=break_, organisation=by.organisation_id, reason=purpose)
    return secret


def mark_corrected(run: Run, by: User) -> int:
    """Breaks that were open and that this round did not find are corrected; returns how many."""
    gone = Break.objects.filter(run=run, state__in=LIVE).exclude(seen=round_of(run))
    corrected = 0
    for corrected, row in enumerate(gone.iterator(), start=1):  # noqa: B007  how many at the end
        _decide(row, Break.State.CORRECTED, by, BreakEvent.CORRECTED)
    return corrected


def key_of(row: Break) -> BreakKey:
    """What makes one break of a run the same as another."""
    return row.source, row.kind, row.row, row.field


@transaction.atomic
def explain_break(*, break_: Break, words: str, by: User) -> Break:
    """The break is explained: its cause is known and stated; a rehearsal's gate counts it no more.

    Raises:
        NotAllowed: ``by`` may not work on breaks of this transfer.
        Refused: it is not open, or no words are given.
    """
    break_ = _lock(break_)
    require_side(by, "transfer.work_break", break_.run.transfer, *BOTH)
    if break_.state != Break.State.OPEN:
        raise Refused("break.not_open")
    break_.explanation = _words(words)
    return _decide(break_, Break.State.EXPLAINED, by, BreakEvent.EXPLAINED)


@transaction.atomic
def ask_write_off(*, break_: Break, words: str, by: User) -> Break:
    """An officer of the other firm is asked to write the break off; it stays open until then.

    Raises:
        NotAllowed: ``by`` may not work on breaks of this transfer.
        Refused: it is decided already, or no words are given.
    """
    break_ = _lock(break_)
    require_side(by, "transfer.work_break", break_.run.transfer, *BOTH)
    if break_.state not in {Break.State.OPEN, Break.State.EXPLAINED}:
        raise Refused("break.not_open")
    break_.explanation = _words(words)
    break_.asked_by = by
    break_.state = Break.State.WRITE_OFF_ASKED
    break_.save(update_fields=["explanation", "asked_by", "state"])
    record(BreakEvent.WRITE_OFF_ASKED, actor=by, subject=break_, run=str(break_.run_id))
    return break_


@transaction.atomic
def decide_write_off(*, break_: Break, grant: bool, by: User) -> Break:
    """The break is written off, or is open again.

    Raises:
        NotAllowed: ``by`` may not decide write-offs of this transfer.
        Refused: nobody asked, or it was ``by`` or somebody of the same firm: what one firm lost the other
            must let go as well.
    """
    break_ = _lock(break_)
    require_side(by, "transfer.decide_write_off", break_.run.transfer, *BOTH)
    if break_.state != Break.State.WRITE_OFF_ASKED:
        raise Refused("break.not_asked")
    if break_.asked_by_id == by.pk:
        raise Refused("break.four_eyes")
    if break_.asked_by is not None and break_.asked_by.organisation_id == by.organisation_id:
        raise Refused("break.other_firm_decides")
    if grant:
        return _decide(break_, Break.State.WRITTEN_OFF, by, BreakEvent.WRITTEN_OFF)
    return _decide(break_, Break.State.OPEN, by, BreakEvent.WRITE_OFF_REFUSED)


def _break(run: Run, source: str, kind: str, difference: Difference, clients: Mapping[str, UUID]) -> Break:
    place = difference.key[0]
    client = clients.get(place)
    return Break(
        run=run,
        source=source,
        kind=f"{kind}.{difference.kind}",
        field=difference.field,
        seen=round_of(run),
        client_id=client,
        row=_row_name(kind, difference),
        owner_side="transferor" if source != "transferee" else "transferee",
    )


def _row_name(kind: str, difference: Difference) -> str:
    """What the ledger calls the row in the clear: its id, or a keyed token of whatever else stood there.

    A file from outside may hold anything where an id belongs, a name too: only an id is kept as it is.
    """
    if len(difference.key) == 1 and _is_id(difference.key[0]):
        return difference.key[0]
    place = token("account", "|".join(difference.key))
    return f"{kind}:{place & 0xFFFF_FFFF_FFFF_FFFF:016x}"


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _secret(difference: Difference) -> BreakSecret:
    return BreakSecret(_source_key(difference), difference.expected, difference.actual)


def _source_key(difference: Difference) -> str:
    return difference.row.get("source_no") or "|".join(difference.key)


def _lock(break_: Break) -> Break:
    lock_transfer(break_.run.transfer_id)
    return Break.objects.select_for_update(of=("self",)).select_related("run").get(pk=break_.pk)


def _words(words: str) -> str:
    if not words.strip():
        raise Refused("break.words_missing")
    if len(words.strip()) > WORDS_AT_MOST:
        raise Refused("break.words_too_long", limit=WORDS_AT_MOST)
    return words.strip()


def _decide(break_: Break, state: str, by: User, event: BreakEvent) -> Break:
    break_.state = state
    break_.decided_by = by
    break_.decided_at = timezone.now()
    break_.save(update_fields=["state", "decided_by", "decided_at", "explanation"])
    record(event, actor=by, subject=break_, run=str(break_.run_id))
    return break_
