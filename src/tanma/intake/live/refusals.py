"""Rows that are not taken, each with its place, a code of the catalogue and parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tanma.domain.messages import render

SHOWN_CHARACTERS = 80
"""Of a value that is shown back."""


@dataclass(frozen=True)
class Refusal:
    """One row that was not taken; `index` counts from 0 in the batch, its text from 1."""

    index: int
    code: str
    params: Mapping[str, object] = field(default_factory=dict)

    def text(self, lang: str = "zh") -> str:
        return render(self.code, lang, {"row": self.index + 1, **self.params})

    def as_json(self) -> dict[str, object]:
        """For answers and reports: index, code, both texts."""
        return {
            "index": self.index, "code": self.code, "zh": self.text("zh"), "en": self.text("en"),
        }  # fmt: skip


def noted(refused: Sequence[Refusal], most: int | None = None) -> bytes:
    """Refusals as they are kept with the receipt of a batch; at most so many of them."""
    if not refused:
        return b""
    return msgspec.json.encode([[r.index, r.code, dict(r.params)] for r in refused[:most]])


def told(note: bytes) -> tuple[Refusal, ...]:
    """The refusals that a receipt keeps."""
    rows: list[Any] = msgspec.json.decode(note) if note else []
    return tuple(Refusal(index, code, params) for index, code, params in rows)


def shown(value: object) -> str:
    """What was said, short enough for a message."""
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"
