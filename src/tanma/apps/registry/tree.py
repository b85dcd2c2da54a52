"""The areas of a hierarchy on a day as a tree, for pages and for the choice in filters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from tanma.apps.registry.models import Area, AreaClosure


@dataclass
class Node:
    """An area with what lies directly in it; `count` includes everything below."""

    area: Area
    depth: int
    children: list[Node] = field(default_factory=list)
    count: int = 0

    @property
    def indent(self) -> str:
        return "\u3000" * self.depth

    def walk(self) -> Iterator[Node]:
        yield self
        for child in self.children:
            yield from child.walk()


def parents_on(day: date, hierarchy: str) -> dict[str, str]:
    """area → the area it lies directly in."""
    rows = AreaClosure.objects.filter(
        hierarchy=hierarchy, depth=1, valid_from__lte=day, valid_to__gt=day
    )
    return dict(rows.values_list("descendant", "ancestor"))


def linked(hierarchy: str) -> set[str]:
    """Areas that were ever part of a hierarchy; the others stand alone in its closure."""
    rows = AreaClosure.objects.filter(hierarchy=hierarchy, depth=1)
    return {code for pair in rows.values_list("descendant", "ancestor") for code in pair}


def tree(day: date, hierarchy: str, counts: Mapping[str, int] | None = None) -> list[Node]:
    """The roots of a hierarchy on a day, ordered by code; `counts` are enterprises per area."""
    inside = linked(hierarchy)
    if hierarchy == "statutory":  # an area without any link is a statutory one with one level
        inside |= set(Area.objects.values_list("code", flat=True)) - linked("management")
    parents = parents_on(day, hierarchy)
    nodes = {a.code: Node(a, 0) for a in Area.objects.filter(code__in=inside).order_by("code")}
    roots: list[Node] = []
    for code, node in nodes.items():
        above = nodes.get(parents.get(code, ""))
        (above.children if above else roots).append(node)
    own = Counter(counts or {})
    for root in roots:
        _settle(root, 0, own)
    return roots


def _settle(node: Node, depth: int, own: Counter[str]) -> int:
    node.depth = depth
    node.count = own[node.area.code] + sum(_settle(c, depth + 1, own) for c in node.children)
    return node.count


def path_text(code: str, above: Mapping[str, list[str]], names: Mapping[str, str]) -> str:
    """An area with everything above it, smallest first: 样例一镇 · 样例一县 · 样例市."""
    return " · ".join(names.get(c, c) for c in above.get(code, [code]))
