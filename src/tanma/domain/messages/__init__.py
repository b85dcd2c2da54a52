"""Problems with typed parameters and their texts in Chinese and English.

The domain raises codes; what people read stands once, in the TOML files beside this module.
A text says what is wrong, where, both values and what to do.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """code → {"zh": text, "en": text}, from every TOML file of this folder."""
    texts: dict[str, dict[str, str]] = {}
    for file in sorted(resources.files(__package__).iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".toml"):
            continue
        for code, entry in tomllib.loads(file.read_text(encoding="utf-8")).items():
            if code in texts:
                raise ValueError(f"message {code} is defined twice, again in {file.name}")
            if set(entry) != {"zh", "en"}:
                raise ValueError(f"message {code} in {file.name} needs exactly zh and en")
            texts[code] = entry
    return texts


def render(code: str, lang: str, params: dict[str, object]) -> str:
    """The text of a code in "zh" or "en", with its parameters put in."""
    return catalogue()[code][lang].format(**params)


class Problem(Exception):
    """Something the caller can act on: a code of the catalogue and its parameters."""

    def __init__(self, code: str, **params: object) -> None:
        self.code = code
        self.params = params
        super().__init__(render(code, "en", params))

    def text(self, lang: str = "zh") -> str:
        return render(self.code, lang, self.params)
