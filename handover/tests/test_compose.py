"""The parts of docker-compose.yml are those of the stand, and what they are told is what the settings read.

There is no container engine in the tests: files are read, and the commands of the image are run as they stand.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest
import yaml

from stand.installing import install
from stand.places import Places
from stand.programs import BASE, programs
from stand.roles import APP, MIGRATOR, OWNER

FILE = BASE / "docker-compose.yml"
COMPOSE = yaml.safe_load(FILE.read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
PRODUCT = {name: each for name, each in SERVICES.items() if str(each["image"]).startswith("handover:")}
PARTS = ("web", "worker", "beat", "sequencer")
JOBS = ("roles", "migrate", "prepare", "check")
DOCKERFILE = (BASE / "Dockerfile").read_text(encoding="utf-8")


def plain(command):
    """A command without this machine's paths and with the defaults of its variables."""
    words = [re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", str(word)) for word in command]
    words = ["python" if word == sys.executable else word for word in words]
    words = ["manage.py" if word.endswith("/manage.py") else word for word in words]
    return [re.sub(r".*/beat/schedule$", "SCHEDULE", word) for word in words]


def test_every_part_of_the_stand_runs_with_the_stands_own_command(tmp_path):
    places = Places(tmp_path)
    places.make()
    stands = {part.name: plain(part.command) for part in programs(places, {}, 8000)}
    assert set(stands) == set(PARTS)
    assert {name: plain(SERVICES[name]["command"]) for name in PARTS} == stands
    assert set(PRODUCT) == {*PARTS, *JOBS}
    assert set(SERVICES) - set(PRODUCT) == {"proxy", "postgres", "redis"}


def test_every_name_in_an_environment_is_read_by_the_product():
    read = "".join(
        (BASE / path).read_text(encoding="utf-8")
        for path in ("handover/settings.py", "handover/serving.py", "stand/installing.py", "stand/probe.py")
    )
    known = set(re.findall(r'"([A-Z][A-Z_]+)"', read))
    told = {
        name.removesuffix("_FILE") if name.endswith("_URL_FILE") or name == "SECRET_KEY_FILE" else name
        for each in PRODUCT.values()
        for name in each["environment"]
    }
    assert told - known == set()
    image = set(re.findall(r"\b(HANDOVER_\w+|KEYRING_DIR|STATIC_ROOT)=", DOCKERFILE))
    assert {"HANDOVER_HOST", "HANDOVER_PORT", "HANDOVER_STATE", "KEYRING_DIR", "STATIC_ROOT"} <= image


def test_the_migrators_and_the_superusers_address_are_for_their_jobs_alone():
    holders = {
        name: {service for service, each in SERVICES.items() if name in each.get("secrets", [])}
        for name in COMPOSE["secrets"]
    }
    assert holders["superuser_url"] == {"roles"}
    assert holders["migrate_database_url"] == {"roles", "migrate"}
    assert holders["root.key"] == {*PARTS, "prepare", "check"}
    assert holders["postgres_password"] == {"postgres"}
    for each in SERVICES.values():
        for name, value in each.get("environment", {}).items():
            assert (
                name.endswith("_FILE")
                or not re.search("PASSWORD|SECRET|_KEY$|_URL$", name)
                or name == "PUBLIC_URL"
            )
            assert "://" not in str(value) or "PUBLIC_URL" in str(value)


def test_only_the_proxy_is_published_and_the_rest_has_no_way_out():
    assert [name for name, each in SERVICES.items() if "ports" in each] == ["proxy"]
    networks = COMPOSE["networks"]
    assert [name for name, each in networks.items() if not each.get("internal")] == ["front"]
    on = {name: set(each["networks"]) for name, each in SERVICES.items()}
    assert {name for name, where in on.items() if "front" in where} == {"proxy"}
    assert on["web"] == {"inside", "data"}
    assert on["postgres"] == on["redis"] == {"data"}
    proxy = SERVICES["proxy"]["networks"]["inside"]["ipv4_address"]
    assert SERVICES["web"]["environment"]["TRUSTED_PROXIES"] == proxy


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_each_is_an_ordinary_user_on_a_root_it_cannot_write(name):
    each = SERVICES[name]
    assert each["read_only"] is True
    assert each["cap_drop"] == ["ALL"]
    assert each["security_opt"] == ["no-new-privileges:true"]
    limits = each["deploy"]["resources"]["limits"]
    assert set(limits) == {"cpus", "memory", "pids"}
    # PostgreSQL's image steps down from root by itself, and reads the password before.
    assert each.get("user") == (None if name == "postgres" else "10001:10001")
    assert name in JOBS or each["healthcheck"]["test"]
    assert each["restart"] == ("no" if name in JOBS else "unless-stopped")
    assert "privileged" not in each


def test_the_parts_start_when_the_jobs_are_done_in_their_order():
    def waits(name):
        return {other: each["condition"] for other, each in SERVICES[name].get("depends_on", {}).items()}

    done = "service_completed_successfully"
    assert [waits(job) for job in JOBS] == [
        {"postgres": "service_healthy"},
        {"roles": done},
        {"migrate": done},
        {"prepare": done},
    ]
    for part in PARTS:
        assert waits(part) == {"check": done, "redis": "service_healthy"}
    assert waits("proxy") == {"web": "service_healthy"}


def test_every_secret_is_a_file_that_one_command_makes(tmp_path):
    command = [sys.executable, "deploy/make_secrets.py", "--host", "a.example", "--folder", str(tmp_path)]
    done = subprocess.run(command, cwd=BASE, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    made = {path.name: path for path in (tmp_path / "secrets").iterdir()}
    assert {f"./secrets/{name}" for name in made} == {each["file"] for each in COMPOSE["secrets"].values()}
    assert {path.stat().st_mode & 0o777 for path in made.values()} == {0o400}
    assert len(made["root.key"].read_bytes()) == 32
    assert made["redis_password"].read_text() in made["redis_url"].read_text()
    wanted = set(re.findall(r"\$\{(\w+):\?", FILE.read_text(encoding="utf-8")))
    assert wanted == set(re.findall(r"^(\w+)=", (tmp_path / ".env").read_text(), re.MULTILINE))
    again = subprocess.run(command, cwd=BASE, capture_output=True, text=True)
    assert again.returncode == 1
    assert "nothing was changed" in again.stderr


def test_redis_drops_nothing_and_writes_nothing_down():
    said = SERVICES["redis"]["command"][-1]
    assert "maxmemory-policy noeviction" in said
    assert 'save \\"\\"' in said or 'save ""' in said.replace("\\", "")
    assert "requirepass" in said


def test_the_image_runs_as_an_ordinary_user_and_holds_no_secret():
    stages = re.findall(r"^FROM (\S+)(?: AS (\w+))?", DOCKERFILE, re.MULTILINE)
    assert [name for _base, name in stages] == ["build", "product"]
    last = DOCKERFILE.rsplit("FROM ", 1)[1]
    assert re.search(r"^USER 10001:10001$", last, re.MULTILINE)
    assert "HEALTHCHECK" in last
    assert "ADD " not in DOCKERFILE and "sudo" not in DOCKERFILE and ":latest" not in DOCKERFILE
    assert not re.search(r"^(ENV|ARG).*(SECRET|PASSWORD|KEY=|DATABASE_URL)", DOCKERFILE, re.MULTILINE)
    ignored = (BASE / ".dockerignore").read_text(encoding="utf-8").split()
    assert {".git", "var", "secrets", ".venv"} <= set(ignored)
    said = re.search(r"^CMD (\[.*\])$", last, re.MULTILINE)[1]
    assert yaml.safe_load(said) == SERVICES["web"]["command"]
    probe = re.search(r"HEALTHCHECK.* CMD (\[.*\])$", last, re.MULTILINE)[1]
    assert ["CMD", *yaml.safe_load(probe)] == SERVICES["web"]["healthcheck"]["test"]


def test_the_roles_are_made_once_and_left_as_they_are(tmp_path):
    from stand.postgres import Server

    scratch = Server(tmp_path / "pg", durable=False).start()
    try:
        superuser = scratch.url("postgres", "postgres")
        scratch.sql(
            "DROP DATABASE handover; DROP ROLE handover_app; DROP ROLE handover_migrator; DROP ROLE handover_owner"
        )
        host = f"?host={scratch.socket}"
        migrator, app = (f"postgres://{role}:pw-{role}@/handover{host}" for role in (MIGRATOR, APP))
        for _ in range(2):
            install(superuser, migrator, app)
        with psycopg2.connect(app) as link, link.cursor() as cursor:
            cursor.execute("SELECT current_user, rolcanlogin FROM pg_roles WHERE rolname = %s", [OWNER])
            assert cursor.fetchone() == (APP, False)
        link.close()
    finally:
        scratch.remove()


def test_files_are_collected_compressed_and_served_as_collected(tmp_path):
    told = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": "postgres://nobody@/nowhere",
        "REDIS_URL": "redis://nowhere",
        "SECRET_KEY": "none-is-needed-to-collect-files",
        "STATIC_ROOT": str(tmp_path / "static"),
        "HANDOVER_STATE": str(tmp_path),
        "PYTHONWARNINGS": "ignore",
    }
    command = [
        sys.executable,
        "manage.py",
        "collectstatic",
        "--no-input",
        "--verbosity",
        "0",
        "--ignore",
        "vendor",
    ]
    done = subprocess.run(
        [*command, "--ignore", "drf_spectacular_sidecar"], cwd=BASE, env=told, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    folder = Path(tmp_path / "static")
    assert all((folder / f"app.css{end}").is_file() for end in ("", ".br", ".gz"))
