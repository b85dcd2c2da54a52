"""Formulas of virtual meters as people write them, by names, and as facts keep them, by numbers.

People write `[M1] + [M2] - 0.5 * [M3]`; the fact says `#1 + #2 - 0.5 * #3`, since a number never
changes. What the signs mean is the engine's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tanma.apps.metering.models import Meter
from tanma.apps.registry import door as registry
from tanma.domain.messages import Problem

NAMED = re.compile(r"\[([^\[\]]+)\]|\"([^\"]+)\"|'([^']+)'")
NUMBERED = re.compile(r"#([0-9]+)")


def by_numbers(formula: str, item: str, enterprise: int | None) -> str:
    """Names of meters replaced by the numbers of their channels of an item."""

    def number(found: re.Match[str]) -> str:
        name = next(g for g in found.groups() if g)
        own = registry.Channel.objects.filter(subject=enterprise or 0)
        row = own.filter(meter=name, item=item).first()
        if row is None:
            raise Problem("formula_meter_unknown", meter=name, item=registry.item_name(item))
        return f"#{row.id}"

    return NAMED.sub(number, formula)


def by_names(formula: str) -> str:
    """Numbers of channels replaced by the names of their meters."""
    numbers = [int(n) for n in NUMBERED.findall(formula)]
    names = dict(registry.Channel.objects.filter(id__in=numbers).values_list("id", "meter"))
    return NUMBERED.sub(lambda m: f"[{names.get(int(m[1]), m[0])}]", formula)


def refuse_cycle(meter: Meter, formula: str) -> None:
    """Refuse a formula that leads back to its own meter through others."""
    formulas = dict(
        Meter.objects.filter(enterprise=meter.enterprise)
        .exclude(formula="")
        .values_list("name", "formula")
    )
    formulas[meter.name] = formula
    numbers = {int(n) for f in formulas.values() for n in NUMBERED.findall(f)}
    owner = dict(registry.Channel.objects.filter(id__in=numbers).values_list("id", "meter"))
    uses = {
        name: [owner[int(n)] for n in NUMBERED.findall(f) if int(n) in owner]
        for name, f in formulas.items()
    }
    if circle := _circle(meter.name, uses, []):
        raise Problem("formula_cycle", cycle=" → ".join(circle))


def _circle(name: str, uses: Mapping[str, list[str]], way: list[str]) -> list[str]:
    if name in way:
        return [*way[way.index(name) :], name]
    for used in uses.get(name, []):
        if circle := _circle(used, uses, [*way, name]):
            return circle
    return []
