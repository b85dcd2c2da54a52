"""A figure that can be drawn: its name and unit, what it is of, and what it may be held against."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tanma.apps.trends.measures import Measure

Text = str | Promise
GROUPS: dict[str, Text] = {
    "emission": _("碳排放"),
    "energy": _("能源消费"),
    "carrier": _("能源品种实物量"),
    "green": _("绿电"),
    "water": _("用水"),
    "rate": _("效率与强度"),
    "product": _("单位产品"),
}


@dataclass(frozen=True)
class Against:
    """Something a figure is held against period by period, with where it comes from."""

    name: Text
    measure: Measure
    note: str = ""


@dataclass(frozen=True)
class Figure:
    """One figure of one enterprise or area."""

    id: str
    group: str
    name: Text
    unit: Text
    measure: Measure
    adds: bool = True
    """An amount (drawn as bars) and not a ratio."""
    bases: Mapping[str, Against] = field(default_factory=dict)
    """`grid`: at one frozen grid factor; `benchmark`: the industry average of each period."""
    note: Text = ""


def by_id(figures: Iterable[Figure]) -> dict[str, Figure]:
    return {f.id: f for f in figures}


def grouped(figures: Iterable[Figure]) -> list[tuple[Text, list[tuple[str, str]]]]:
    """Choices of a select, in the order of the groups."""
    found: dict[str, list[tuple[str, str]]] = {}
    for figure in figures:
        found.setdefault(figure.group, []).append((figure.id, str(figure.name)))
    return [(label, found[group]) for group, label in GROUPS.items() if group in found]
