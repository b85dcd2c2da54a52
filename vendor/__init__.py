"""Browser libraries and fonts, copied here by the build so that a server needs neither Node nor
a content network: `static/vendor/` for browsers, `fonts/` for Typst, `licences/` for readers."""

from __future__ import annotations

from pathlib import Path


def path(*parts: str) -> Path:
    """The folder of this package, or a file inside it: `path("fonts", "NotoSansSC-400.ttf")`."""
    return Path(__file__).resolve().parent.joinpath(*parts)
