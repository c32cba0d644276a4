"""Who can reach the pages, and over what: the rules of binding, for the runner and for gunicorn alike."""

import ipaddress
from collections.abc import Mapping
from typing import Final

from stand.errors import StandError

EVERYWHERE: Final = {"0.0.0.0", "::", "[::]"}  # noqa: S104 - names of what is refused without TLS
UNSAFE: Final = (
    "{host} can be reached from other machines, and nothing would encrypt what they send. Do one of these:\n"
    "  - serve on this machine alone: leave HANDOVER_HOST away\n"
    "  - serve over TLS: TLS=1 (a local certificate), or TLS_CERT_FILE and TLS_KEY_FILE (your own)\n"
    "  - put a TLS proxy in front and name its addresses: TRUSTED_PROXIES=10.0.0.0/24"
)


def is_loopback(host: str) -> bool:
    """True when only this machine can reach ``host``."""
    if host == "localhost" or host.startswith("unix:"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def refuse_unsafe_bind(host: str, *, tls: bool, proxies: str) -> None:
    """Return only when serving on ``host`` is safe.

    Raises:
        StandError: others could reach it without TLS, or everybody would count as the proxy; says what to do.
    """
    if not is_loopback(host) and not tls and not proxies.strip():
        raise StandError(UNSAFE.format(host=host))
    for network in filter(None, map(str.strip, proxies.split(","))):
        try:
            parsed = ipaddress.ip_network(network)
        except ValueError as error:
            raise StandError(f"TRUSTED_PROXIES: {error}") from error
        if parsed.prefixlen == 0:
            raise StandError(f"TRUSTED_PROXIES={network} would believe everybody; name the proxy's addresses")


def bind_address(host: str, port: int) -> str:
    """Host and port as a server takes them."""
    bare = host.strip("[]")
    return f"[{bare}]:{port}" if ":" in bare else f"{bare}:{port}"


def own_address(host: str) -> str:
    """Where this machine reaches a server that listens on ``host``."""
    return "127.0.0.1" if host in EVERYWHERE or host == "localhost" else host.strip("[]")


def wants_tls(environment: Mapping[str, str]) -> bool:
    """True when a local certificate is asked for or one is given."""
    asked = environment.get("TLS", "").lower() in {"1", "true", "yes", "on"}
    return asked or bool(environment.get("TLS_CERT_FILE"))
