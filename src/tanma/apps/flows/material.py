"""The flow of materials of one enterprise: raw materials in, products out, by mass."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import duckdb
from django.utils.translation import gettext

from tanma.apps.flows import words
from tanma.apps.flows.spans import Span
from tanma.apps.kit.door import clauses, percent, scaled, significant
from tanma.apps.live import door as live
from tanma.apps.registry import door as registry
from tanma.domain.balances import UNIT, Mass, mass, materials
from tanma.engine import flows as engine

SCALE = 6
"""Decimals of every item that is told in t."""


@dataclass(frozen=True)
class Materials:
    """Masses over a span, with how many of its months each of them is told for."""

    mass: Mass
    months: dict[str, int]
    expected: int

    @property
    def any(self) -> bool:
        return bool(self.mass.into or self.mass.out)


def gather(con: duckdb.DuckDBPyConnection, known: str, span: Span) -> Materials:
    """What facts say of materials in whole months; of days nobody states any."""
    told: list[engine.Stated] = []
    if span.whole:
        by = live.basis(span.end - dt.timedelta(days=1))
        told = engine.stated(con, known, list(materials()), (span.first, span.end), by)
    counts = {one.item: one.count for one in told if one.count}
    return Materials(mass(counts), {one.item: one.months for one in told}, span.months)


def rows(made: Materials) -> Iterator[dict[str, Any]]:
    """Lines of the table: materials, products, and the difference where both sides are told."""
    for stage, side in (
        (gettext("原料投入"), made.mass.into),
        (gettext("产品产出"), made.mass.out),
    ):
        for item, count in sorted(side.items(), key=lambda x: -x[1]):
            yield {"stage": stage, "name": name(item), "amount": scaled(count, SCALE),
                   "note": _months(made, item)}  # fmt: skip
    if (difference := made.mass.difference) is not None:
        note = gettext("占投入 %(p)s %%") % {"p": percent(made.mass.share)}
        yield {"stage": str(words.DIFFERENCE), "name": "", "amount": scaled(difference, SCALE),
               "note": note}  # fmt: skip


def name(item: str) -> str:
    """The material itself, without the flow that its item names."""
    return registry.item_name(item).split("：")[-1].split(": ")[-1]


def _months(made: Materials, item: str) -> str:
    if made.months[item] >= made.expected:
        return ""
    return gettext("%(of)d 个月中 %(n)d 个月有数") % {"of": made.expected, "n": made.months[item]}


def picture(made: Materials) -> dict[str, Any]:
    """Raw materials → production → products and difference, for the script."""
    plant = {"name": gettext("生产"), "kind": "conversion"}
    nodes, links = [plant], []
    sides = [(i, n, "bought", True) for i, n in made.mass.into.items()]
    sides += [(i, n, "sold", False) for i, n in made.mass.out.items()]
    if difference := made.mass.difference:
        kind, inward = ("difference", False) if difference > 0 else ("deficit", True)
        sides.append((kind, abs(difference), kind, inward))
    for item, count, kind, inward in sides:
        word = {"difference": str(words.DIFFERENCE), "deficit": gettext("负差额")}.get(item)
        nodes.append({"name": word or name(item), "kind": kind})
        ends = (len(nodes) - 1, 0) if inward else (0, len(nodes) - 1)
        value = Fraction(count, 10**SCALE)
        links.append({"source": ends[0], "target": ends[1], "value": float(value),
                      "text": significant(value, 5)})  # fmt: skip
    told = clauses(
        f"{n['name']} {x['text']} {UNIT}" for n, x in zip(nodes[1:], links, strict=True)
    )
    return {"unit": UNIT, "nodes": nodes, "links": links, "summary": told}
