"""How a cited document, or a transcriber's note, reads in the reader's language.

Tables, cards and formulas cite in English, or by the sign of a standard. `documents.toml` gives the
Chinese name of each such text and `notes.toml` that of each note of a row; a text without one, such
as a document of a region's own or a formula, stays.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources


@cache
def chinese_names(file: str = "documents.toml") -> dict[str, str]:
    """The text of a citation (or of a note: `notes.toml`) → what a Chinese page says."""
    text = (resources.files("tanma.domain") / file).read_text(encoding="utf-8")
    names: dict[str, str] = tomllib.loads(text)
    return names


def document_name(text: str, lang: str) -> str:
    """A cited document as a page in `lang` calls it."""
    return text if lang == "en" else chinese_names().get(text, text)


def note_text(text: str, lang: str) -> str:
    """A transcriber's note as a page in `lang` says it."""
    return text if lang == "en" else chinese_names("notes.toml").get(text, text)
