"""The words of the product in its languages: found in the source, kept in catalogues, checked before a build.

Promises:
- ``extract`` finds every string marked for translation in our Python files and templates.
- ``update`` keeps every translation whose source is unchanged, drops the rest and never guesses (no fuzzy).
- ``faults`` names everything that forbids a build: missing, fuzzy, stale, other placeholders, other words
  than the glossary's.
"""

import re
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml
from babel.messages import pofile
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract as extract_python
from django.utils.translation.template import templatize

ROOT: Final = Path(__file__).resolve().parent.parent
#: folder under locale/ → Babel's name of the language.
LANGUAGES: Final = {"en": "en", "zh_Hans": "zh_Hans_CN"}
ROOMS: Final = (
    "handover", "governance", "transfer", "incidents", "training", "continuity",
    "clients", "retention", "access", "audit", "vault",
)  # fmt: skip
KEYWORDS: Final[dict[str, Any]] = {
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "_": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
PLACEHOLDER: Final = re.compile(r"%\(\w+\)[#0\- +]*\d*(?:\.\d+)?[a-zA-Z]|%%|%[sdrf]|\{\w*\}")
UNNAMED: Final = re.compile(r"%[sdrf](?![a-zA-Z])|\{\}")
HALF_WIDTH: Final = re.compile(
    r"[\u3400-\u9fff][,;:?!]|[,;?!][\u3400-\u9fff]|\.{3}|[\u3400-\u9fff]\.(?:\s|$)"
)


class Found(NamedTuple):
    """One string of the source and where it stands."""

    file: str
    line: int
    id: str | tuple[str, ...]
    context: str | None


class Term(NamedTuple):
    """One line of the glossary: a term, its one rendering, and renderings that mean something else."""

    english: str
    chinese: str
    never: tuple[str, ...]
    rendered: bool


def sources(root: Path = ROOT) -> Iterator[Path]:
    """Every file that may hold strings: the rooms' Python but tests and migrations, and all templates."""
    for room in ROOMS:
        for path in sorted((root / room).rglob("*.py")):
            if not {"tests", "migrations"} & set(path.relative_to(root).parts):
                yield path
    yield from sorted((root / "templates").rglob("*.html"))
    yield from sorted((root / "templates").rglob("*.txt"))


def _as_python(path: Path) -> bytes:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return text.encode()
    # What is left of a template is X and blanks; without its indentation Python's tokenizer accepts it.
    return "\n".join(line.lstrip() for line in templatize(text, origin=str(path)).splitlines()).encode()


def extract(paths: Iterable[Path], root: Path = ROOT) -> list[Found]:
    """The strings marked for translation in ``paths``, in the order they stand there."""
    found: list[Found] = []
    for path in paths:
        name = path.relative_to(root).as_posix()
        read = extract_python("python", BytesIO(_as_python(path)), KEYWORDS, (), {"encoding": "utf-8"})
        for line, message, _comments, context in read:
            found.append(Found(name, line, message, context))
    return found


def catalogue_path(language: str, root: Path = ROOT) -> Path:
    """Where the catalogue of a language lies."""
    return root / "locale" / language / "LC_MESSAGES" / "django.po"


def read_catalogue(language: str, root: Path = ROOT) -> Catalog:
    """The catalogue as it lies on disk; an empty one when there is none yet."""
    path = catalogue_path(language, root)
    if not path.exists():
        return Catalog(locale=LANGUAGES[language], fuzzy=False)
    with path.open("rb") as file:
        return pofile.read_po(file, locale=LANGUAGES[language])


def update(language: str, found: Iterable[Found], root: Path = ROOT) -> Catalog:
    """A catalogue of exactly the found strings, with the translations that are known; written to disk.

    The lines carry the files but no line numbers, so that moving code changes no catalogue.
    """
    known = read_catalogue(language, root)
    fresh = Catalog(
        locale=LANGUAGES[language], project="Handover", fuzzy=False, charset="utf-8", creation_date=None
    )
    places: dict[tuple[str | None, Any], list[Found]] = {}
    for one in found:
        places.setdefault((one.context, one.id), []).append(one)
    in_order = sorted(places.items(), key=lambda item: (item[1][0].file, item[1][0].line))
    for (context, identity), where in in_order:
        before = known.get(identity, context)
        translated: Any = before.string if before is not None and not before.fuzzy else None
        if language == "en":
            translated = identity
        files = [(name, 0) for name in dict.fromkeys(one.file for one in where)]
        fresh.add(identity, translated or "", locations=files, context=context, flags=_flags(identity))
    write_catalogue(language, fresh, root)
    return fresh


def _flags(identity: str | tuple[str, ...]) -> set[str]:
    text = identity if isinstance(identity, str) else "".join(identity)
    return {"python-format"} if re.search(r"%\(\w+\)|%[sdrf%]", text) else set()


def write_catalogue(language: str, catalogue: Catalog, root: Path = ROOT) -> None:
    """Write the catalogue without dates, names and line numbers: the same words give the same file."""
    path = catalogue_path(language, root)
    path.parent.mkdir(parents=True, exist_ok=True)
    plurals = f'"Plural-Forms: nplurals={catalogue.num_plurals}; plural={catalogue.plural_expr};\\n"\n'
    head = (
        'msgid ""\nmsgstr ""\n'
        f'"Language: {language}\\n"\n"MIME-Version: 1.0\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n' + plurals
    )
    body = BytesIO()
    pofile.write_po(body, catalogue, width=0, omit_header=True, include_lineno=False)
    path.write_text(head + "\n" + body.getvalue().decode(), encoding="utf-8")


def take(language: str, given: dict[str, str], root: Path = ROOT) -> list[str]:
    """Enter the given translations, by source text or by ``context|source text``; the keys nothing asked for.

    A message with a plural takes its translation under the singular.
    """
    catalogue = read_catalogue(language, root)
    unused = set(given)
    for message in catalogue:
        if not message.id:
            continue
        singular = ids_of(message)[0]
        for key in (f"{message.context}|{singular}", singular):
            if key in given:
                message.string = given[key] if isinstance(message.id, str) else (given[key],)
                unused.discard(key)
                break
    write_catalogue(language, catalogue, root)
    return sorted(unused)


def strings_of(message: Message) -> tuple[str, ...]:
    """The translations of a message: one, or one per plural form."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def ids_of(message: Message) -> tuple[str, ...]:
    """The source of a message: one text, or singular and plural."""
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def untranslated(catalogue: Catalog) -> list[Message]:
    """The messages that have no translation, or not in every plural form."""
    return [
        message
        for message in catalogue
        if message.id and not (any(texts := strings_of(message)) and all(texts))
    ]


def read_glossary(root: Path = ROOT) -> list[Term]:
    """The terms of ``locale/glossary.yaml``."""
    loaded = yaml.safe_load((root / "locale" / "glossary.yaml").read_text(encoding="utf-8"))
    return [
        Term(line["en"], line["zh"], tuple(line.get("never", ())), bool(line.get("always", False)))
        for line in loaded["terms"]
    ]


def read_forbidden(root: Path = ROOT) -> dict[str, str]:
    """Words that appear in no Chinese text of the product, each with the reason."""
    loaded = yaml.safe_load((root / "locale" / "glossary.yaml").read_text(encoding="utf-8"))
    return dict(loaded["forbidden"])


def faults(language: str, found: Iterable[Found], root: Path = ROOT) -> list[str]:
    """Everything in a catalogue that forbids a build, one sentence each; empty when all is well."""
    catalogue = read_catalogue(language, root)
    wanted = {(one.context, one.id) for one in found}
    present = {(message.context, _identity(message)) for message in catalogue if message.id}
    report = [f"not in the catalogue: {one!r}" for _context, one in sorted(wanted - present, key=str)]
    report += [f"stale, not in the source: {one!r}" for _context, one in sorted(present - wanted, key=str)]
    report += [f"obsolete entry: {message.id!r}" for message in catalogue.obsolete.values()]
    report += [f"untranslated: {message.id!r}" for message in untranslated(catalogue)]
    for message in catalogue:
        if message.id:
            report += _faults_of(message)
    if language.startswith("zh"):
        report += _chinese_faults(catalogue, read_glossary(root), read_forbidden(root))
    return report


def _identity(message: Message) -> str | tuple[str, ...]:
    return message.id if isinstance(message.id, str) else tuple(message.id)


def _faults_of(message: Message) -> list[str]:
    report = []
    if message.fuzzy:
        report.append(f"fuzzy: {message.id!r}")
    unnamed = [text for text in ids_of(message) if UNNAMED.search(text.replace("%%", ""))]
    report += [f"placeholder without a name: {text!r}" for text in unnamed]
    ours = [set(PLACEHOLDER.findall(text)) for text in ids_of(message)]
    for text in filter(None, strings_of(message)):
        theirs = set(PLACEHOLDER.findall(text))
        if theirs != ours[-1] and theirs not in ours:
            report.append(f"other placeholders: {message.id!r} → {text!r}")
    return report


def _chinese_faults(catalogue: Catalog, terms: list[Term], forbidden: dict[str, str]) -> list[str]:
    report = []
    for message in catalogue:
        source = " ".join(ids_of(message))
        for text in filter(None, strings_of(message)):
            report += [f"{word} in {text!r}: {reason}" for word, reason in forbidden.items() if word in text]
            report += [f"{text!r}: {why}" for why in _term_faults(source, text, terms)]
            if text in ids_of(message) and re.search(r"[a-z]{2}", PLACEHOLDER.sub("", text)):
                report.append(f"left in English: {text!r}")
            if HALF_WIDTH.search(text):
                report.append(f"{text!r}: half-width punctuation beside Chinese")
    return report


def _term_faults(source: str, text: str, terms: list[Term]) -> Iterator[str]:
    for term in terms:
        if not re.search(rf"\b{re.escape(term.english)}s?\b", source, re.IGNORECASE):
            continue
        for wrong in term.never:
            if wrong in text.replace(term.chinese, ""):
                yield f"“{term.english}” is {term.chinese}, never {wrong}"
        if term.rendered and term.chinese not in text:
            yield f"“{term.english}” is always {term.chinese}"
