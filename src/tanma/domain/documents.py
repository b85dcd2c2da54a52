"""How a cited document is called in the reader's language.

Tables, cards and formulas cite in English, or by the sign of a standard. `documents.toml` gives the
Chinese name of each such text; a text without one, such as a document of a region's own, stays.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources


@cache
def chinese_names() -> dict[str, str]:
    """The text of a citation → its Chinese name."""
    text = (resources.files("tanma.domain") / "documents.toml").read_text(encoding="utf-8")
    names: dict[str, str] = tomllib.loads(text)
    return names


def document_name(text: str, lang: str) -> str:
    """A cited document as a page in `lang` calls it."""
    return text if lang == "en" else chinese_names().get(text, text)
