"""manage.py check_translations: refuse catalogues that are not finished."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from handover.translations import LANGUAGES, extract, faults, sources


class Command(BaseCommand):
    help = "Fail on missing, fuzzy or stale translations, other placeholders and words against the glossary."
    requires_system_checks = ()

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Print every fault.

        Raises:
            CommandError: at least one catalogue has a fault.
        """
        found = extract(sources())
        report = [f"{language}: {fault}" for language in LANGUAGES for fault in faults(language, found)]
        for line in report:
            self.stdout.write(line)
        if report:
            raise CommandError(f"translations: {len(report)} faults; start with manage.py make_translations")
        self.stdout.write("translations: nothing missing, fuzzy or stale; placeholders and glossary hold")
