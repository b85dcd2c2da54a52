"""The door for units: which spellings are understood and how they convert, exactly.

Conversion happens here and nowhere further in. A ratio is a fraction of integers, never a float,
so an amount converts without loss or is refused as too fine.
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib import resources
from types import MappingProxyType


@dataclass(frozen=True)
class Unit:
    """One unit; `factor` tells how many base units of its dimension it is."""

    unit: str
    dimension: str
    factor: Fraction
    name_zh: str
    aliases: tuple[str, ...]


@cache
def units() -> Mapping[str, Unit]:
    """Canonical name → unit."""
    text = (resources.files(__package__) / "units.csv").read_text(encoding="utf-8")
    table = {row["unit"]: _unit(row) for row in csv.DictReader(text.splitlines())}
    return MappingProxyType(table)


def _unit(row: dict[str, str]) -> Unit:
    aliases = tuple(a for a in row["aliases"].split("|") if a)
    return Unit(row["unit"], row["dimension"], Fraction(row["factor"]), row["name_zh"], aliases)


def fold(text: str) -> str:
    """One form for spellings that mean the same: full width, blanks and superscripts aside."""
    return "".join(unicodedata.normalize("NFKC", text).split())


@cache
def _spellings() -> dict[str, Unit]:
    known: dict[str, Unit] = {}
    for unit in units().values():
        for spelling in (unit.unit, unit.name_zh, *unit.aliases):
            other = known.setdefault(fold(spelling), unit)
            if other is not unit:
                raise ValueError(f"{spelling!r} names both {other.unit} and {unit.unit}")
    return known


def find(text: str) -> Unit | None:
    """The unit that a text names; None when it names none. Case counts: MJ is not mJ."""
    return _spellings().get(fold(text))


def ratio(source: Unit, target: Unit) -> Fraction | None:
    """How many target units one source unit is; None when the dimensions differ."""
    if source.dimension != target.dimension:
        return None
    return source.factor / target.factor


def spellings(dimension: str) -> list[str]:
    """Chinese names of the units of a dimension, as templates offer them."""
    return [u.name_zh for u in units().values() if u.dimension == dimension]


def dimensions() -> list[str]:
    return list(dict.fromkeys(u.dimension for u in units().values()))
