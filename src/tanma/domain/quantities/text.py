"""The text reading: a formula as written, and the same with its values put in."""

from __future__ import annotations

from typing import Any, Self

from tanma.domain.quantities.reading import Ratio, Reading

_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2}
_SIGNS = {"+": "+", "-": "−", "*": "×", "/": "÷"}
_COMPARED = {"<": "<", "<=": "≤", ">": ">", ">=": "≥"}
_ATOM = 3
MISSING = "—"


class Text(Reading):
    """A piece of a written formula and how tightly it binds."""

    __slots__ = ("binds", "text")

    def __init__(self, text: str, binds: int = _ATOM) -> None:
        self.text, self.binds = text, binds

    def __str__(self) -> str:
        return self.text

    @classmethod
    def of(cls, value: Any) -> Text:
        """A reading, a number of the formula, or None as a piece of text."""
        if isinstance(value, Text):
            return value
        if isinstance(value, Ratio):
            return cls(str(value), _ATOM if value.bottom == 1 else _PRECEDENCE["/"])
        text = number_text(value)
        return cls(f"({text})" if text.startswith("-") else text)

    @classmethod
    def binary(cls, operator: str, left: Any, right: Any) -> Self:
        binds = _PRECEDENCE[operator]
        written_left = cls.of(left)._within(binds)
        # a − (b − c) and a ÷ (b × c) need their brackets, a × b × c and a × 44/12 do not.
        written_right = cls.of(right)._within(binds + (operator in "-/"))
        return cls(f"{written_left} {_SIGNS[operator]} {written_right}", binds)

    @classmethod
    def compare(cls, operator: str, left: Any, right: Any) -> Self:
        return cls(f"{cls.of(left)} {_COMPARED[operator]} {cls.of(right)}", 0)

    @classmethod
    def smaller(cls, left: Any, right: Any) -> Self:
        return cls(f"min({cls.of(left)}, {cls.of(right)})")

    @classmethod
    def choose(cls, condition: Any, chosen: Any, other: Any) -> Self:
        return cls(f"({cls.of(chosen)} if {cls.of(condition)} else {cls.of(other)})")

    @classmethod
    def total(cls, lines: Any) -> Self:
        return cls(f"Σ {cls.of(lines)._within(_PRECEDENCE['*'])}")

    def _within(self, binds: int) -> str:
        return self.text if self.binds >= binds else f"({self.text})"


def number_text(value: Any) -> str:
    """A number for reading: shortest digits that give it back, thousands grouped, `—` if None."""
    if value is None:
        return MISSING
    if isinstance(value, float) and value.is_integer() and abs(value) < 2.0**53:
        value = int(value)
    text = f"{value:,}"
    if "e" not in text:
        return text
    return text if abs(value) >= 1 else f"{value:.20f}".rstrip("0") if abs(value) > 1e-12 else text
