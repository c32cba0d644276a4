"""Whether the web of this container is ready: ``python -m stand.probe``; exit status 0 when it is.

Asks the web over loopback by its public name, because it answers to no other.
"""

import http.client
import os
import sys
from urllib.parse import urlsplit

TIMEOUT = 4.0


def main() -> int:
    """0 when /health/ready answers 200, else 1."""
    port = int(os.environ.get("HANDOVER_PORT") or "8000")
    name = urlsplit(os.environ.get("PUBLIC_URL", "")).hostname or "localhost"
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        link.request("GET", "/health/ready", headers={"Host": name, "Connection": "close"})
        return 0 if link.getresponse().status == http.HTTPStatus.OK else 1
    except (OSError, http.client.HTTPException):
        return 1
    finally:
        link.close()


if __name__ == "__main__":
    sys.exit(main())
