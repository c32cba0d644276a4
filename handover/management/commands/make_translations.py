"""manage.py make_translations: bring the catalogues up to date with the source."""

from pathlib import Path
from typing import Any

import yaml
from django.core.management.base import BaseCommand, CommandParser

from handover.translations import LANGUAGES, extract, read_catalogue, sources, take, untranslated, update


class Command(BaseCommand):
    help = "Update locale/*/LC_MESSAGES/django.po from the source and print what still has no translation."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """One optional file of new Chinese translations."""
        parser.add_argument("--take", type=Path, help="YAML file: source text (or context|source text): 中文")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Afterwards each catalogue holds exactly the strings of the source; known translations are kept."""
        found = extract(sources())
        for language in LANGUAGES:
            catalogue = update(language, found)
            if options["take"] and language != "en":
                catalogue = self._take(language, options["take"])
            for message in untranslated(catalogue):
                self.stdout.write(f"{language}: {message.id!r}  ({message.locations[0][0]})")

    def _take(self, language: str, given: Path) -> Any:
        for key in take(language, yaml.safe_load(given.read_text(encoding="utf-8"))):
            self.stdout.write(f"{given.name}: nothing asks for {key!r}")
        return read_catalogue(language)
