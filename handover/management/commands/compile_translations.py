"""manage.py compile_translations: make the catalogues readable for the running program."""

from typing import Any

from django.core.management.base import BaseCommand

from stand.translations import compile_messages


class Command(BaseCommand):
    help = "Compile locale/*/LC_MESSAGES/django.po where it is newer than the compiled form."
    requires_system_checks = ()

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Afterwards every catalogue has a compiled form that is as new as itself."""
        compile_messages()
