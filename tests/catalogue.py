"""The catalogues of the languages, brought up to date with the code: `python -m tests.catalogue`.

A new language: `python -m tests.catalogue fr` makes reportgen/locales/fr.po; translate it, and `--lang fr` works.
"""

import sys
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
LOCALES = ROOT / "reportgen" / "locales"
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2), "_forms": (1, 2)}
WAYS = ((ROOT / "templates", "**.j2", "jinja2"), (ROOT / "reportgen", "**.py", "python"))
AS_RENDERED = {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}


def extracted(code: str) -> Catalog:
    """Every message of templates and code, untranslated."""
    found = Catalog(locale=code, fuzzy=False)
    for message in _messages():
        found.add(message)
    return found


def stored(code: str) -> Catalog:
    """The catalogue as it lies in the package; an empty one where there is none yet."""
    path = LOCALES / f"{code}.po"
    if not path.exists():
        return Catalog(locale=code)
    with path.open("rb") as file:
        return read_po(file, locale=code)


def update(code: str) -> None:
    """Adds what is new, drops what is gone, keeps the translation of every message that still reads the same."""
    fresh, known = extracted(code), stored(code)
    for message in fresh:
        old = known.get(message.id)
        if old and old.id == message.id:
            message.string = old.string
    # Babel's own head has the time in it, which would change the file at every run.
    head = (
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        f'"Language: {code}\\n"\n"Plural-Forms: {fresh.plural_forms}\\n"\n\n'
    )
    with (LOCALES / f"{code}.po").open("wb") as file:
        file.write(head.encode())
        write_po(file, fresh, no_location=True, omit_header=True, sort_output=True, width=0)


@cache
def _messages() -> tuple[str | tuple[str, ...], ...]:
    return tuple(
        message
        for folder, pattern, method in WAYS
        for _file, _line, message, _comments, _context in extract_from_dir(
            folder, [(pattern, method)], {pattern: AS_RENDERED}, keywords=KEYWORDS
        )
    )


if __name__ == "__main__":
    for language in sys.argv[1:] or sorted(path.stem for path in LOCALES.glob("*.po")):
        update(language)
