"""Texts of templates and Python that need an English entry in the catalogue.

`python -m tanma.site.messages` lists those without one, by file, in the form of a catalogue: fill
in the English and append them to `locale/en/LC_MESSAGES/django.po`. A test refuses missing ones.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[1]
CATALOGUE = ROOT / "locale" / "en" / "LC_MESSAGES" / "django.po"
KEYWORDS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), None),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
}
Key = tuple[str, str]
"""context ("" for none) and message id"""


def catalogue() -> Catalog:
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="en")


def files() -> list[Path]:
    """Templates and Python modules of the rooms, the interface and the site."""
    return sorted((*ROOT.glob("apps/**/*.html"), *ROOT.glob("apps/**/*.py")))


def used(file: Path) -> Iterator[Key]:
    """The texts of one file that are looked up in the catalogue."""
    source = file.read_text(encoding="utf-8")
    if file.suffix == ".html":
        source = templatize(source, origin=str(file))
    for _line, found, _comments, context in extract(
        "python", BytesIO(source.encode()), keywords=KEYWORDS, options={"encoding": "utf-8"}
    ):
        yield context or "", found if isinstance(found, str) else found[0]


def missing() -> dict[Path, list[Key]]:
    """File → texts without an English entry."""
    known = catalogue()
    found = {
        file: [key for key in dict.fromkeys(used(file)) if not _english(known, key)]
        for file in files()
    }
    return {file: keys for file, keys in found.items() if keys}


def _english(known: Catalog, key: Key) -> bool:
    context, text = key
    entry = known.get(text, context or None)
    return entry is not None and bool(entry.string)


def unfilled() -> str:
    """The missing texts as catalogue entries, each once."""
    seen: dict[Key, str] = {}
    for file, keys in missing().items():
        for key in keys:
            seen.setdefault(key, file.relative_to(ROOT).parts[1])
    return "\n".join(_entry(key, room) for key, room in seen.items())


def _entry(key: Key, room: str) -> str:
    context, text = key
    lines = [f"#. {room}", *([f"msgctxt {_quoted(context)}"] if context else [])]
    return "\n".join([*lines, f"msgid {_quoted(text)}", 'msgstr ""', ""])


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


if __name__ == "__main__":
    from django.conf import settings

    settings.configure()
    sys.stdout.write(unfilled())
