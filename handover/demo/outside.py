"""What the demo keeps outside the product: the escrow copy of the root key and heads of the log."""

from pathlib import Path

from django.core.management import call_command

from audit import checkpoints
from audit.models import Event
from handover.demo.story import NotAsExpected, Story, wait_until
from vault.escrow import check_escrow, escrow_root


def keep_outside(story: Story, outside: Path) -> None:
    """The root key has its escrow copy, proved to open; its passphrase lies beside it only in a demo."""
    story.step("Escrow of the root key, outside")
    outside.mkdir(parents=True, exist_ok=True)
    escrow, note = outside / "root.escrow", outside / "escrow-passphrase.txt"
    passphrase = escrow_root(escrow)
    note.write_text(passphrase + "\n", encoding="utf-8")
    note.chmod(0o400)
    check_escrow(escrow, passphrase)
    story.say(f"{escrow.name} opens to the root key in use")


def verify_log(story: Story, outside: Path) -> None:
    """Every entry is in the tree, and the tree fits the head that was kept outside."""
    story.step("The audit log, verified against a head kept outside")
    count = Event.objects.count()
    wait_until(lambda: _sequenced() >= count, what="the sequencer", seconds=120)
    head = checkpoints.latest()
    if head is None:
        raise NotAsExpected("the log has no head")
    kept = outside / "checkpoints"
    kept.mkdir(exist_ok=True)
    (kept / f"{head.size}.txt").write_text(head.note, encoding="utf-8")
    call_command("verify_audit_log", checkpoint=kept / f"{head.size}.txt", verbosity=0)
    story.say(f"{head.size} entries verified to the last")


def _sequenced() -> int:
    head = checkpoints.latest()
    return 0 if head is None else head.size
