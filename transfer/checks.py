"""Says by which means foreign files are confined on this machine: in ``check --deploy`` and as a worker starts."""

import logging
from typing import Any

from celery.signals import worker_ready
from django.core.checks import CheckMessage, Tags, Warning, register  # noqa: A004  Django's own name

from intake.confine import EVERY_MEANS
from intake.errors import Unreadable
from intake.reading import means

logger = logging.getLogger(__name__)


@register(Tags.security, deploy=True)
def readers_are_confined(**_kwargs: Any) -> list[CheckMessage]:
    """A means that this machine does not give is named; reading goes on with the others."""
    missing = _missing()
    if not missing:
        return []
    return [
        Warning(
            f"Foreign files are read without: {', '.join(missing)}.",
            hint="See docs/formats/intake.md: a newer kernel, or fewer restrictions of the container.",
            id="transfer.W001",
        )
    ]


def announce(**_kwargs: Any) -> None:
    """The worker's first lines say how its readers are confined."""
    missing = _missing()
    held = [name for name in EVERY_MEANS if name not in missing]
    logger.info("foreign files are read in a child confined by: %s", ", ".join(held) or "nothing")
    if missing:
        logger.warning("this machine does not give: %s", ", ".join(missing))


worker_ready.connect(announce)


def _missing() -> list[str]:
    try:
        held = means()
    except Unreadable:
        held = []
    return [name for name in EVERY_MEANS if name not in held]
