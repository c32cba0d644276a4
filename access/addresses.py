"""Where a request comes from, behind a proxy of our own too."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The address the request came from: the peer's, or the one a trusted proxy says it speaks for.

    Of ``X-Forwarded-For`` only what trusted proxies added counts, so that nobody chooses their own address.
    """
    address = str(request.META.get("REMOTE_ADDR", ""))
    for hop in reversed(request.headers.get("X-Forwarded-For", "").split(",")):
        if not trusted(address) or not _is_address(hop.strip()):
            break
        address = hop.strip()
    return address


def trusted(address: str) -> bool:
    """True for an address within ``TRUSTED_PROXIES``."""
    return _is_address(address) and any(
        ipaddress.ip_address(address) in ipaddress.ip_network(network) for network in settings.TRUSTED_PROXIES
    )


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
