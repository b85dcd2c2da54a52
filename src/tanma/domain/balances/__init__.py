"""Energy balances: what came in, where it went, and what nobody accounts for. Integers only.

Of each carrier: bought + own + drawn + made = converted + burnt + feedstock + metered + stored +
sold + difference. Of all carriers in standard coal, what was converted less what was made is the
loss of conversion: bought + own + drawn = burnt + feedstock + metered + stored + sold + loss +
difference. Both hold by construction, digit for digit; the difference (未分摊) is shown with its
share and may be negative.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib import resources
from types import MappingProxyType

from tanma.domain.items import items

SUPPLIED = ("bought", "own", "drawn")
"""What enters from outside the conversion."""
IN = (*SUPPLIED, "made")
USED = ("burnt", "feedstock", "metered", "stored", "sold")
OUT = ("converted", *USED)


@dataclass(frozen=True)
class Role:
    """What a flow of a group of items is in a balance."""

    group: str
    flow: str
    role: str
    name_zh: str
    name_en: str


@cache
def roles() -> Mapping[str, Role]:
    """Item → its role; items without one (totals, parts of others, stocks) are in no balance."""
    text = (resources.files(__package__) / "flows.csv").read_text(encoding="utf-8")
    table = [Role(**row) for row in csv.DictReader(text.splitlines())]
    known = {(r.group, r.flow): r for r in table}
    found = {i.item: known.get((i.group, i.flow)) for i in items().values()}
    return MappingProxyType({item: role for item, role in found.items() if role})


@dataclass(frozen=True)
class Flow:
    """One entry of a balance: a carrier in a role; `place` tells entries of a role apart.

    `count` counts at the item's scale; `gce` is the same in standard coal, missing where the item
    has no coefficient. `inferred`: nobody stated it, it follows from the uses.
    """

    carrier: str
    role: str
    item: str
    count: int
    gce: int | None
    place: str = ""
    inferred: bool = False


@dataclass(frozen=True)
class Balance:
    """The entries of one carrier, and the difference that closes it."""

    carrier: str
    flows: tuple[Flow, ...]

    def total(self, *wanted: str) -> int:
        """Counts of some roles."""
        return sum(f.count for f in self.flows if f.role in wanted)

    def gce(self, *wanted: str) -> int | None:
        """The same in standard coal; missing with any part."""
        return summed(f.gce for f in self.flows if f.role in wanted)

    @property
    def supply(self) -> int:
        return self.total(*IN)

    @property
    def difference(self) -> int:
        """What came in and is not accounted for; negative where more went out than came in."""
        return self.supply - self.total(*OUT)

    @property
    def difference_gce(self) -> int | None:
        came, went = self.gce(*IN), self.gce(*OUT)
        return None if came is None or went is None else came - went

    @property
    def share(self) -> Fraction | None:
        """The difference as a share of the supply."""
        return Fraction(self.difference, self.supply) if self.supply else None

    @property
    def inferred(self) -> bool:
        return any(f.inferred for f in self.flows)


@dataclass(frozen=True)
class Whole:
    """All carriers together, in standard coal [gce]; missing with any carrier."""

    supplied: int | None
    used: Mapping[str, int | None]
    """By role of USED."""
    loss: int | None
    difference: int | None

    @property
    def share(self) -> Fraction | None:
        if self.difference is None or not self.supplied:
            return None
        return Fraction(self.difference, self.supplied)


def summed(values: Iterable[int | None]) -> int | None:
    """The exact sum, 0 of nothing; missing when any part is."""
    total = 0
    for value in values:
        if value is None:
            return None
        total += value
    return total


def balances(flows: Iterable[Flow]) -> list[Balance]:
    """One balance per carrier, the largest supply in standard coal first.

    A fuel that nobody states as bought is supplied by what it was used for, and marked so.
    """
    by_carrier: dict[str, list[Flow]] = {}
    for flow in flows:
        by_carrier.setdefault(flow.carrier, []).append(flow)
    made = [Balance(c, tuple([*own, *_inferred(c, own)])) for c, own in by_carrier.items()]
    return sorted(made, key=lambda b: (-(b.gce(*IN) or 0), b.carrier))


def _inferred(carrier: str, own: list[Flow]) -> list[Flow]:
    """The supply of a fuel that only its uses tell; of what is metered nothing is inferred."""
    stated = Balance(carrier, tuple(own))
    wanted = stated.total("converted", "burnt", "feedstock", "sold") - stated.total("made")
    if any(f.role == "bought" for f in own) or not carrier.startswith("fuel.") or wanted <= 0:
        return []
    out, made = stated.gce("converted", "burnt", "feedstock", "sold"), stated.gce("made")
    # made at a higher heating value than it is used: no supply below zero, the rest is a difference
    gce = None if out is None or made is None else max(out - made, 0)
    return [Flow(carrier, "bought", f"{carrier}.purchased", wanted, gce, inferred=True)]


def whole(parts: Iterable[Balance]) -> Whole:
    """The balance of everything: conversion is closed by its loss, the rest by the difference."""
    listed = list(parts)

    def of(*wanted: str) -> int | None:
        return summed(b.gce(*wanted) for b in listed)

    converted, made = of("converted"), of("made")
    return Whole(
        of(*SUPPLIED),
        {role: of(role) for role in USED},
        None if converted is None or made is None else converted - made,
        summed(b.difference_gce for b in listed),
    )


UNIT = "t"
"""Masses alone are balanced: pieces and metres of product say nothing of what went into them."""


@cache
def materials() -> Mapping[str, str]:
    """Item → `in` (raw material, fuel as feedstock) or `out` (product), of what is told in t."""
    text = (resources.files(__package__) / "materials.csv").read_text(encoding="utf-8")
    found = {row["item"]: row["side"] for row in csv.DictReader(text.splitlines())}
    for item in items().values():
        if item.unit == UNIT and (item.group == "product" or item.flow == "output"):
            found[item.item] = "out"
        elif item.unit == UNIT and item.flow == "feedstock":
            found[item.item] = "in"
    return MappingProxyType(found)


@dataclass(frozen=True)
class Mass:
    """Materials of an enterprise: item → counts of one scale, on either side.

    The difference is what leaves as gas, waste or water, what was not stated, and changes of stock.
    """

    into: Mapping[str, int]
    out: Mapping[str, int]

    @property
    def difference(self) -> int | None:
        """In less out; missing where one side is not told at all, for then it says nothing."""
        if not self.into or not self.out:
            return None
        return sum(self.into.values()) - sum(self.out.values())

    @property
    def share(self) -> Fraction | None:
        if self.difference is None or not sum(self.into.values()):
            return None
        return Fraction(self.difference, sum(self.into.values()))


def mass(counts: Mapping[str, int]) -> Mass:
    """The materials among some amounts, by side."""
    sides = materials()
    return Mass(
        {i: n for i, n in counts.items() if sides.get(i) == "in"},
        {i: n for i, n in counts.items() if sides.get(i) == "out"},
    )
