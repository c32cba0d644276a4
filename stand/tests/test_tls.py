"""The local certificate: for how long, for whom, and who may read its key."""

import datetime
import os
import ssl
import stat
import urllib.error
import urllib.request

import pytest
from cryptography import x509

from stand.errors import StandError
from stand.serving import bind_address, is_loopback, own_address, refuse_unsafe_bind
from stand.tests.support import OwnStand
from stand.tls import local_certificate, serving

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


def loaded(certificate):
    return x509.load_pem_x509_certificate(certificate.chain.read_bytes())


def test_it_is_valid_for_825_days_at_most_and_its_key_is_its_owners(tmp_path):
    made = local_certificate(tmp_path)
    found = loaded(made)
    assert found.not_valid_after_utc - found.not_valid_before_utc <= 825 * DAY
    assert found.not_valid_before_utc <= NOW <= found.not_valid_after_utc - 800 * DAY
    assert stat.S_IMODE(made.key.stat().st_mode) == 0o400
    assert stat.S_IMODE(made.folder.stat().st_mode) == 0o700


def test_the_key_of_the_authority_is_kept_nowhere(tmp_path):
    made = local_certificate(tmp_path)
    keys = [path for path in made.folder.iterdir() if b"PRIVATE KEY" in path.read_bytes()]
    assert keys == [made.key]


def test_it_is_used_while_it_is_valid_and_made_anew_before_it_ends(tmp_path):
    first = loaded(local_certificate(tmp_path)).serial_number
    assert loaded(local_certificate(tmp_path, now=NOW + 800 * DAY)).serial_number == first
    assert loaded(local_certificate(tmp_path, now=NOW + 820 * DAY)).serial_number != first


def test_it_is_made_anew_for_another_name_and_when_it_is_damaged(tmp_path):
    first = loaded(local_certificate(tmp_path)).serial_number
    named = local_certificate(tmp_path, "handover.example.com", "10.1.2.3")
    second = loaded(named).serial_number
    assert second != first
    assert (
        loaded(local_certificate(tmp_path)).serial_number == second
    )  # It has more names than are asked for.
    named.chain.write_bytes(b"cut")
    assert loaded(local_certificate(tmp_path)).serial_number != second


def test_a_given_certificate_is_left_alone(tmp_path):
    given = {
        "TLS_CERT_FILE": "/etc/ours.pem",
        "TLS_KEY_FILE": "/etc/ours.key",
        "PUBLIC_URL": "https://a.example",
    }
    assert serving(tmp_path, given, 443) == {"PUBLIC_URL": "https://a.example"}
    assert serving(tmp_path, {}, 8000) == {}
    assert not (tmp_path / "tls").exists()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost", "unix:/run/x.sock"])
def test_loopback_is_served_in_clear(host):
    assert is_loopback(host)
    refuse_unsafe_bind(host, tls=False, proxies="")


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "10.0.0.5", "handover.example.com", "", "127.0.0.1.example.com"]
)
def test_everywhere_else_is_refused_without_tls_or_a_named_proxy(host):
    with pytest.raises(StandError, match="TLS=1") as refusal:
        refuse_unsafe_bind(host, tls=False, proxies=" ")
    assert "TRUSTED_PROXIES" in str(refusal.value)
    refuse_unsafe_bind(host, tls=True, proxies="")
    refuse_unsafe_bind(host, tls=False, proxies="10.0.0.0/24, fd00::/8")


@pytest.mark.parametrize("proxies", ["0.0.0.0/0", "10.0.0.1,::/0", "the proxy", "10.0.0.0/99"])
def test_a_proxy_that_is_everybody_or_nobody_is_refused(proxies):
    with pytest.raises(StandError, match="TRUSTED_PROXIES"):
        refuse_unsafe_bind("127.0.0.1", tls=True, proxies=proxies)


def test_addresses_are_written_as_servers_take_them():
    assert bind_address("::1", 8) == bind_address("[::1]", 8) == "[::1]:8"
    assert bind_address("0.0.0.0", 8) == "0.0.0.0:8"
    assert [own_address(host) for host in ("0.0.0.0", "::", "10.0.0.5")] == [
        "127.0.0.1",
        "127.0.0.1",
        "10.0.0.5",
    ]


def test_an_unsafe_start_is_refused_before_anything_runs(tmp_path):
    with OwnStand(tmp_path / "state", HANDOVER_HOST="0.0.0.0") as stand:
        assert stand.runner.wait(30) == 1
        assert "ERROR: 0.0.0.0 can be reached from other machines" in stand.said()
    assert not (tmp_path / "state").exists()


def test_gunicorn_alone_refuses_it_too(tmp_path):
    import subprocess
    import sys

    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "handover.wsgi:application",
        "--config",
        "python:handover.serving",
    ]
    environment = {
        **os.environ,
        "HANDOVER_HOST": "0.0.0.0",
        "HANDOVER_STATE": str(tmp_path),
        "HANDOVER_PORT": "0",
    }
    environment.pop("TRUSTED_PROXIES", None)
    done = subprocess.run(command, env=environment, capture_output=True, timeout=60)
    assert done.returncode == 1
    assert b"TLS=1" in done.stderr


def test_the_product_is_served_over_tls_with_secure_cookies_and_without_hsts(tmp_path):
    with OwnStand(tmp_path / "state", TLS="1") as stand:
        stand.ready()
        assert f"Open https://localhost:{stand.port}" in stand.said()
        trusting = ssl.create_default_context(cafile=stand.state / "tls" / "ca.pem")
        with urllib.request.urlopen(f"https://localhost:{stand.port}/sign-in/", context=trusting) as answer:
            assert answer.status == 200
            assert "Secure" in answer.headers["Set-Cookie"]
            assert "Strict-Transport-Security" not in answer.headers
        for path in ("live", "ready"):
            with urllib.request.urlopen(
                f"https://localhost:{stand.port}/health/{path}", context=trusting
            ) as answer:
                assert answer.read() == b'{"status": "ok"}'
        with pytest.raises((urllib.error.URLError, ConnectionError)):
            urllib.request.urlopen(f"http://localhost:{stand.port}/sign-in/")
        with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
            urllib.request.urlopen(f"https://localhost:{stand.port}/", context=ssl.create_default_context())
