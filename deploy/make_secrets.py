"""Makes the secrets of a production stand once: ``python3 deploy/make_secrets.py --host handover.example.com``.

Needs nothing but Python. Afterwards ``secrets/`` holds one file for each secret of ``docker-compose.yml``, for its
reader alone, and ``.env`` the address. What exists is never replaced: a lost root key cannot be made again.
"""

import argparse
import os
import secrets
import sys
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent
# The ordinary user of the image, who must own what only its owner may read.
UID = 10001


def contents() -> dict[str, bytes]:
    """A fresh value for every secret; addresses carry the passwords of their role."""
    superuser, migrator, app, redis = (secrets.token_urlsafe(32) for _ in range(4))
    server = "postgres:5432/handover"
    told = {
        "postgres_password": superuser,
        "superuser_url": f"postgres://postgres:{superuser}@postgres:5432/postgres",
        "migrate_database_url": (
            f"postgres://handover_migrator:{migrator}@{server}?options=-c%20role%3Dhandover_owner"
        ),
        "database_url": f"postgres://handover_app:{app}@{server}",
        "redis_password": redis,
        "redis_url": f"redis://:{redis}@redis:6379/0",
        "secret_key": secrets.token_urlsafe(64),
    }
    return {**{name: value.encode() for name, value in told.items()}, "root.key": os.urandom(32)}


def write(folder: Path, values: dict[str, bytes]) -> None:
    """Every file is 0400 and belongs to the user who reads it; raises ``FileExistsError`` when one is there."""
    folder.mkdir(mode=0o700, exist_ok=True)
    there = [name for name in values if (folder / name).exists()]
    if there:
        raise FileExistsError(f"{folder} holds {', '.join(there)} already; nothing was changed")
    for name, value in values.items():
        handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
        with os.fdopen(handle, "wb") as file:
            file.write(value)
        if os.geteuid() == 0 and name != "postgres_password":
            os.chown(folder / name, UID, UID)
    if os.geteuid() == 0:
        folder.chmod(0o711)


def main(arguments: list[str]) -> int:
    """Make them, say where they lie and what to do next; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", required=True, help="the name people open, such as handover.example.com")
    parser.add_argument(
        "--keyring-copy", default="/srv/handover-copy", help="a folder away from this machine"
    )
    parser.add_argument("--folder", type=Path, default=BASE, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    try:
        write(chosen.folder / "secrets", contents())
    except FileExistsError as error:
        sys.stderr.write(f"ERROR: {error}\n")
        return 1
    lines = [
        f"PUBLIC_URL=https://{chosen.host}",
        f"PUBLIC_HOST={chosen.host}",
        f"KEYRING_COPY_PATH={chosen.keyring_copy}",
    ]
    environment = chosen.folder / ".env"
    if not environment.exists():
        environment.write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.stdout.write(
        f"Made {chosen.folder / 'secrets'}. Copy secrets/root.key to a safe away from this machine.\n"
    )
    if os.geteuid() != 0:
        sys.stdout.write(
            f"The containers run as user {UID}: sudo chown {UID}:{UID} secrets/* && sudo chmod 711 secrets\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
