"""System checks: an installation whose keys are not right does not start."""

from typing import Any

from django.core.checks import CheckMessage, Error, Warning  # noqa: A004  Django's name

from vault.errors import VaultError
from vault.keyfiles import installed_keys


def check_keys(**_kwargs: Any) -> list[CheckMessage]:
    """An error naming what is wrong with root or keyring; a warning while there are none yet.

    The warning lets a fresh machine migrate before ``prepare_installation`` has run. Web and worker
    call ``vault.keyring.check_root`` and do not start then either.
    """
    keys = installed_keys()
    if keys.is_empty() and not keys.root_file.exists():
        hint = "Run manage.py prepare_installation."
        return [Warning("This installation has no keys yet.", hint=hint, id="vault.W001")]
    try:
        keys.check()
    except VaultError as error:
        if keys.is_empty() and "is not prepared" in str(error):
            return [Warning(str(error), hint="Run manage.py prepare_installation.", id="vault.W001")]
        return [Error(str(error), id="vault.E001")]
    if keys.copy_differences():
        hint = "Run manage.py prepare_installation, which completes the copy."
        return [Warning("The keyring's copy differs from the keyring.", hint=hint, id="vault.W002")]
    return []
