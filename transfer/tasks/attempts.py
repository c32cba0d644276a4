"""One try at the work of a leased run, and what becomes of the run when the try fails."""

import logging
from collections.abc import Callable

from django.db import InterfaceError, OperationalError, connection

from audit.errors import Refused
from continuity.keeping import kept
from transfer.models import Run
from transfer.services.leases import LEASE, LeaseLost, give_back
from vault.room import has_room, says_full

logger = logging.getLogger(__name__)


def may_pass(error: BaseException) -> bool:
    """True when the work is not at fault: a deadlock, a lost connection, a server that restarts, a full disk."""
    return isinstance(error, OperationalError | InterfaceError) or says_full(error)


def work_on(run: Run, work: Callable[[], object]) -> bool:
    """One try at a claimed run: done, given back for another try, or stopped with the reason. True when done."""
    if not has_room():
        give_back(run)
        return False
    try:
        with kept(Run.objects.filter(pk=run.pk, fence=run.fence), LEASE):
            work()
    except LeaseLost:
        logger.info("run taken over: run=%s", run.pk)
        return False
    except Refused as refusal:
        give_back(run, problem=refusal.code)
        return False
    except Exception as error:  # One bad run must not hold up the rest.
        if may_pass(error):
            logger.warning("run given back: run=%s", run.pk)  # The reaper asks again.
            connection.close_if_unusable_or_obsolete()
            give_back(run)
        else:
            logger.exception("run stopped: run=%s", run.pk)
            give_back(run, problem="run.kept_back")
        return False
    give_back(run)
    return True
