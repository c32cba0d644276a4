"""Gates 5 and 6: the backup that was restored and compared, and the last rehearsal. They open ready.

Gate 7 (people) has no source of facts until the training room registers one, and is closed until then.
"""

import datetime
from collections.abc import Iterator

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Subquery
from django.utils.translation import gettext_lazy as _

from continuity.models import Backup, RestoreDrill
from transfer.gates.agreement import page
from transfer.gates.registry import Fact, register_facts
from transfer.models import Break, Run, Transfer
from vault import clock


@register_facts(5)
def backup_facts(transfer: Transfer) -> Iterator[Fact]:  # noqa: ARG001
    """The newest backup is young enough, and a drill restored and compared it."""
    drilled = RestoreDrill.objects.filter(backup=OuterRef("pk"), ok=True)
    done = Backup.objects.filter(state=Backup.State.DONE).annotate(proved=Exists(drilled))
    newest = done.order_by("-started_at").defer("manifest").first()
    limit = clock.now() - datetime.timedelta(hours=settings.BACKUP_MAX_AGE_HOURS)
    yield Fact(
        "backup_young",
        ok=newest is not None and newest.started_at >= limit,
        link="/backups/",
        text=_("The newest backup is younger than the limit."),
    )
    yield Fact(
        "backup_proved",
        ok=newest is not None and newest.proved,
        link="/backups/",
        text=_("That backup was restored aside and compared without a difference."),
    )


@register_facts(6)
def rehearsal_facts(transfer: Transfer) -> Iterator[Fact]:
    """A rehearsal ran to its end, and the last one left no break unexplained."""
    open_breaks = Break.objects.filter(run=OuterRef("pk"), state=Break.State.OPEN).values("run")
    counted = Subquery(open_breaks.annotate(count=Count("pk")).values("count"))
    rehearsals = Run.objects.filter(transfer=transfer, kind=Run.Kind.REHEARSAL).annotate(unexplained=counted)
    last = rehearsals.order_by("-number").first()
    yield Fact(
        "rehearsed",
        ok=last is not None and last.state == Run.State.DONE,
        link=page(transfer, "rehearsals/"),
        count=0 if last is None else last.number,
        text=_("The last rehearsal ran to its end."),
    )
    unexplained = last.unexplained or 0 if last else 0
    yield Fact(
        "no_unexplained_break",
        ok=last is not None and not unexplained,
        count=unexplained,
        link=page(transfer, "breaks/?state=open" + (f"&run={last.pk}" if last else "")),
        text=_("Every break of the last rehearsal is explained."),
        whose="both",
    )
