"""What the demo keeps outside the product: the escrow copy of the root key and heads of the log."""

import secrets
from pathlib import Path

from django.core.management import call_command

from audit import checkpoints
from audit.models import Event
from handover.demo.story import NotAsExpected, Story, wait_until


def keep_outside(story: Story, outside: Path) -> None:
    """The root key has its escrow copy, whose passphrase lies beside it only because this is a demo."""
    story.step("Escrow of the root key, and a copy of the keyring, outside")
    outside.mkdir(parents=True, exist_ok=True)
    passphrase = outside / "escrow-passphrase.txt"
    passphrase.write_text(secrets.token_urlsafe(32), encoding="utf-8")
    passphrase.chmod(0o400)
    call_command("escrow", out=str(outside / "root.escrow"), passphrase_file=str(passphrase), verbosity=0)
    story.say(f"{outside}")


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
    call_command("verify_audit_log", checkpoint=str(kept / f"{head.size}.txt"), verbosity=0)
    story.say(f"{head.size} entries verified to the last")


def _sequenced() -> int:
    head = checkpoints.latest()
    return 0 if head is None else head.size
