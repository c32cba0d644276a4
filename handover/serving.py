"""How gunicorn serves the product, on a machine of one's own and in an image alike: ``-c python:handover.serving``.

Invariants:
- Beyond loopback nothing is served without TLS: either a certificate is given, or a TLS proxy stands in front
  and its addresses are named. Anything else is refused at the start, with what to do.
- A request's scheme and origin are believed from named proxies only.

It loads no Django: gunicorn reads it before any worker exists.
"""

import ssl
import sys
from collections.abc import Callable
from typing import Any, Final

from handover import env
from stand.errors import StandError
from stand.serving import bind_address, refuse_unsafe_bind

HOST: Final = env.text("HANDOVER_HOST", "127.0.0.1")
PROXIES: Final = env.text("TRUSTED_PROXIES", "")

bind: Final = bind_address(HOST, env.number("HANDOVER_PORT", 8000))
certfile: Final = env.text("TLS_CERT_FILE", "") or None
keyfile: Final = env.text("TLS_KEY_FILE", "") or None
worker_class: Final = "gthread"
workers: Final = env.number("WEB_PROCESSES", 2)
threads: Final = env.number("WEB_THREADS", 4)
timeout: Final = 120
graceful_timeout: Final = 10
umask: Final = 0o077
control_socket_disable: Final = True
forwarded_allow_ips: Final = PROXIES
secure_scheme_headers: Final = {"X-FORWARDED-PROTO": "https"}


def ssl_context(_config: Any, default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """TLS 1.2 or newer."""
    context = default()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def on_starting(_server: Any) -> None:
    """Refuse an unsafe start."""
    try:
        refuse_unsafe_bind(HOST, tls=bool(certfile), proxies=PROXIES)
    except StandError as error:
        sys.stderr.write(f"ERROR: {error}\n")
        sys.exit(1)
