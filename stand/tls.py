"""A certificate for this machine, made once and used while it is valid (``TLS=1``).

Invariants:
- Valid for at most 825 days, as browsers ask; made anew a week before it ends or when a name is missing.
- The server's key is 0400. The key of the authority that signed it is thrown away at once, so whoever
  trusts ``ca.pem`` trusts this one certificate and can be shown no other.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import trustme
from cryptography import x509

from stand.places import private_folder, write_private
from stand.serving import EVERYWHERE, wants_tls

VALID_FOR: Final = datetime.timedelta(days=825)
RENEW_BEFORE: Final = datetime.timedelta(days=7)
OWN_NAMES: Final = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Certificate:
    """Where the three files lie."""

    folder: Path

    @property
    def authority(self) -> Path:
        """What a browser or ``curl --cacert`` is told to trust."""
        return self.folder / "ca.pem"

    @property
    def chain(self) -> Path:
        return self.folder / "server.pem"

    @property
    def key(self) -> Path:
        return self.folder / "server.key"


def local_certificate(state: Path, *names: str, now: datetime.datetime | None = None) -> Certificate:
    """A certificate for this machine and ``names`` lies in the state folder, valid for a week at least."""
    now = now or datetime.datetime.now(datetime.UTC)
    wanted = list(dict.fromkeys((*OWN_NAMES, *filter(None, names))))
    certificate = Certificate(private_folder(state / "tls"))
    if not _fits(certificate, wanted, now):
        _make(certificate, wanted, now)
    return certificate


def serving(state: Path, environment: Mapping[str, str], port: int) -> dict[str, str]:
    """What the web is told so that it serves as the environment asks: over TLS or not, and its public address."""
    if not wants_tls(environment):
        return {}
    public = environment.get("PUBLIC_URL") or f"https://localhost:{port}"
    told = {"PUBLIC_URL": public}
    if not environment.get("TLS_CERT_FILE"):
        host = environment.get("HANDOVER_HOST", "")
        made = local_certificate(state, urlsplit(public).hostname or "", "" if host in EVERYWHERE else host)
        told |= {"TLS_CERT_FILE": str(made.chain), "TLS_KEY_FILE": str(made.key)}
    return told


def _fits(certificate: Certificate, wanted: list[str], now: datetime.datetime) -> bool:
    if not all(path.is_file() for path in (certificate.authority, certificate.chain, certificate.key)):
        return False
    try:
        loaded = x509.load_pem_x509_certificate(certificate.chain.read_bytes())
    except ValueError:
        return False
    return loaded.not_valid_after_utc - RENEW_BEFORE > now and set(wanted) <= _names(loaded)


def _names(loaded: x509.Certificate) -> set[str]:
    found = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = map(str, found.get_values_for_type(x509.IPAddress))
    return {*found.get_values_for_type(x509.DNSName), *addresses}


def _make(certificate: Certificate, wanted: list[str], now: datetime.datetime) -> None:
    authority = trustme.CA(organization_name="Handover, this machine")
    # A clock that goes a little wrong does not matter, and the whole stays within the limit.
    begins = now - datetime.timedelta(hours=1)
    made = authority.issue_cert(*wanted, not_before=begins, not_after=begins + VALID_FOR)
    certificate.key.unlink(missing_ok=True)
    write_private(certificate.key, made.private_key_pem.bytes(), mode=0o400)
    write_private(certificate.chain, b"".join(blob.bytes() for blob in made.cert_chain_pems))
    write_private(certificate.authority, authority.cert_pem.bytes())
