"""How often: counts per minute, kept in Redis, shared by all web processes.

Invariants:
- Of any number of simultaneous requests exactly ``limit`` pass in a minute.
- A Redis that does not answer lets requests pass, with a warning: the counts protect the house from load,
  not its data.
"""

import logging
import time
from typing import Final

from django.core.cache import cache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

_MINUTE: Final = 60


def wait_for(name: str, *, limit: int) -> int:
    """Count one request under ``name``: 0 when it may pass, else the seconds until it may be tried again."""
    now = time.time()
    key = f"rate:{name}:{int(now // _MINUTE)}"
    try:
        cache.add(key, 0, timeout=2 * _MINUTE)
        counted = cache.incr(key)
    except RedisError:
        logger.warning("requests are not counted: Redis does not answer")
        return 0
    except ValueError:  # The count was wiped between the two commands.
        return 0
    return 0 if counted <= limit else _MINUTE - int(now % _MINUTE)
