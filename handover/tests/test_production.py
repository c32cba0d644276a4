"""A production environment passes ``check --deploy`` without a word; each unsafe setting alone is refused by name."""

import os
import shutil
import subprocess
import sys

import pytest

from stand.tests.support import BASE

pytestmark = pytest.mark.django_db
UNWANTED = ("HANDOVER_PORT", "PYTEST_CURRENT_TEST", "SUPERUSER_URL", "MIGRATE_DATABASE_URL", "DEBUG")


def production(tmp_path, **changed):
    """What the processes of an installation are told, on this test's servers."""
    kept = {name: value for name, value in os.environ.items() if name not in UNWANTED}
    copy = tmp_path / "copy"
    shutil.copytree(os.environ["KEYRING_DIR"], copy, dirs_exist_ok=True)
    told = {
        **kept,
        "PUBLIC_URL": "https://handover.example.com",
        "TRUSTED_PROXIES": "172.30.0.0/24",
        "HANDOVER_HOST": "0.0.0.0",
        "KEYRING_COPY": str(copy),
    }
    told.update(changed)
    return {name: value for name, value in told.items() if value is not None}


def check(environment):
    command = [sys.executable, "-W", "ignore", "manage.py", "check", "--deploy", "--database", "default"]
    return subprocess.run(
        [*command, "--fail-level", "WARNING"], cwd=BASE, env=environment, capture_output=True, text=True
    )


@pytest.fixture
def installed(canglan):
    """The installation has its keys, as after ``prepare_installation``."""


def test_a_production_environment_is_clean(tmp_path, installed):
    done = check(production(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no issues" in done.stdout


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"DEBUG": "1"}, "handover.E002"),
        ({"SECRET_KEY": "short", "SECRET_KEY_FILE": None}, "handover.E001"),
        ({"SECRET_KEY": "django-insecure-" + "x" * 60, "SECRET_KEY_FILE": None}, "security.W009"),
        ({"PUBLIC_URL": "http://handover.example.com"}, "handover.E005"),
        ({"PUBLIC_URL": None, "ALLOWED_HOSTS": "handover.example.com"}, "handover.E005"),
        ({"ALLOWED_HOSTS": "*"}, "handover.E006"),
        ({"ALLOWED_HOSTS": ".example.com"}, "handover.E006"),
        ({"COOKIES_SECURE": "0"}, "handover.E007"),
        ({"TRUSTED_PROXIES": "0.0.0.0/0"}, "handover.E008"),
        ({"KEYRING_COPY": None}, "handover.W001"),
    ],
)
def test_each_unsafe_setting_is_refused_by_name(tmp_path, installed, changed, named):
    done = check(production(tmp_path, **changed))
    assert done.returncode == 1
    assert named in done.stderr


@pytest.mark.parametrize("name", ["SECRET_KEY_FILE", "DATABASE_URL", "REDIS_URL"])
def test_a_missing_secret_or_address_is_named(tmp_path, installed, name):
    done = check(production(tmp_path, HANDOVER_STATE=str(tmp_path), **{name: None}))
    assert done.returncode != 0
    assert name.removesuffix("_FILE") in done.stderr


def test_every_value_may_come_from_a_file(tmp_path, installed):
    told = production(tmp_path)
    for name in ("DATABASE_URL", "REDIS_URL"):
        (tmp_path / name).write_text(told.pop(name) + "\n", encoding="utf-8")
        told[f"{name}_FILE"] = str(tmp_path / name)
    assert check(told).returncode == 0


def test_published_pages_say_hsts_and_send_clear_requests_to_tls(tmp_path, installed):
    words = (
        "from django.conf import settings as s;"
        "print(s.SECURE_HSTS_SECONDS, s.SECURE_SSL_REDIRECT, s.SESSION_COOKIE_SECURE, s.ALLOWED_HOSTS)"
    )
    command = [sys.executable, "-W", "ignore", "manage.py", "shell", "-v", "0", "-c", words]
    done = subprocess.run(command, cwd=BASE, env=production(tmp_path), capture_output=True, text=True)
    assert done.stdout.strip() == "31536000 True True ['handover.example.com']", done.stderr
    local = production(tmp_path, PUBLIC_URL="https://localhost:8000", TRUSTED_PROXIES=None, TLS="1")
    done = subprocess.run(command, cwd=BASE, env=local, capture_output=True, text=True)
    assert done.stdout.startswith("0 False True"), done.stderr
