"""Statutory divisions: 31 provinces, and the cities and counties of Zhejiang."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from tanma.domain.factors.tables import table
from tanma.domain.messages import Problem


@dataclass(frozen=True)
class Region:
    """One statutory division; `parent_code` is empty for a province."""

    code: str
    name_zh: str
    name_en: str
    level: str
    parent_code: str


@cache
def regions() -> dict[str, Region]:
    """Every division by its six-digit code."""
    names = Region.__dataclass_fields__
    return {r["code"]: Region(**{n: r[n] for n in names}) for r in table("regions").rows}


def region(code: str) -> Region:
    """One division; a Problem when the code is not known."""
    found = regions().get(code)
    if found is None:
        raise Problem("reference_region_unknown", region=code)
    return found


def ancestors(code: str) -> list[Region]:
    """The division and everything above it: county, city, province."""
    chain = [region(code)]
    while chain[-1].parent_code:
        chain.append(region(chain[-1].parent_code))
    return chain
