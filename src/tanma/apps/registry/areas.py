"""Areas with dated parents in two hierarchies: the closure that rights, lists and sums use.

The truth is facts about the area (`name`, `area.kind`, `area.parent.statutory`, …); the tables here
are rebuilt from them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import QuerySet

from tanma.apps.facts import door as facts
from tanma.apps.registry.models import Area, AreaClosure, Placement
from tanma.domain.messages import Problem

HIERARCHIES = ("statutory", "management")
COLUMN_OF = {
    "name": "name_zh",
    "name.en": "name_en",
    "area.kind": "kind",
    "area.hexagon.col": "hex_col",
    "area.hexagon.row": "hex_row",
}
PARENT_ITEMS = {f"area.parent.{h}": h for h in HIERARCHIES}
ITEMS = (*COLUMN_OF, *PARENT_ITEMS)
MAX_DEPTH = 12


@dataclass(frozen=True)
class Link:
    """An area lies directly in a parent from a day until another."""

    area: str
    parent: str
    start: date
    end: date


def rebuild_areas() -> None:
    """Bring the area rows and the closure up to the newest facts about areas."""
    codes = dict(Area.objects.values_list("id", "code"))
    rows = facts.Fact.objects.filter(subject__in=list(codes), kind="attribute", item__in=ITEMS)
    current = sorted(facts.current(list(rows)), key=lambda f: (f.valid_from, facts.rank(f)))
    areas = {a.id: a for a in Area.objects.all()}
    links: dict[str, list[Link]] = {h: [] for h in HIERARCHIES}
    for fact in current:
        if fact.item in PARENT_ITEMS:
            link = Link(codes[fact.subject], fact.text or "", fact.valid_from, fact.valid_to)
            links[PARENT_ITEMS[fact.item]].append(link)
        else:
            column = COLUMN_OF[fact.item]
            value = int(fact.text or 0) if column.startswith("hex") else fact.text
            setattr(areas[fact.subject], column, value)
    closure = [
        pair for h in HIERARCHIES for code in codes.values() for pair in _above(h, code, links[h])
    ]
    with transaction.atomic():
        Area.objects.bulk_create(
            areas.values(), update_conflicts=True, unique_fields=["id"],
            update_fields=[*COLUMN_OF.values()], batch_size=500,
        )  # fmt: skip
        AreaClosure.objects.all().delete()
        AreaClosure.objects.bulk_create(closure, batch_size=1000)


def dated_parents(code: str, links: list[Link]) -> list[Link]:
    """The parents of an area one after another: a later start ends the link before it."""
    own = sorted((link for link in links if link.area == code), key=lambda link: link.start)
    ends = [*(link.start for link in own[1:]), date.max][: len(own)]
    return [
        Link(code, link.parent, link.start, min(link.end, end))
        for link, end in zip(own, ends, strict=True)
        if link.parent and link.start < min(link.end, end)
    ]


def _above(hierarchy: str, code: str, links: list[Link]) -> list[AreaClosure]:
    found = []
    paths = [(code, 0, date(1900, 1, 1), date(9999, 12, 31))]
    while paths:
        at, depth, start, end = paths.pop()
        if depth > MAX_DEPTH:
            raise Problem("area_cycle", area=code)
        found.append(
            AreaClosure(
                hierarchy=hierarchy, ancestor=at, descendant=code, depth=depth,
                valid_from=start, valid_to=end,
            )
        )  # fmt: skip
        for link in dated_parents(at, links):
            first, last = max(start, link.start), min(end, link.end)
            if first < last:
                paths.append((link.parent, depth + 1, first, last))
    return found


def ancestors_on(day: date, hierarchy: str = "statutory") -> dict[str, list[str]]:
    """descendant → its ancestors (itself first) as of a day."""
    rows = AreaClosure.objects.filter(
        hierarchy=hierarchy, valid_from__lte=day, valid_to__gt=day
    ).order_by("depth")
    found: dict[str, list[str]] = {}
    for descendant, ancestor in rows.values_list("descendant", "ancestor"):
        found.setdefault(descendant, []).append(ancestor)
    return found


def inside_on(code: str, day: date) -> list[tuple[str, str]]:
    """(item, area) by which an enterprise lies in an area on a day: the area and those below it."""
    rows = AreaClosure.objects.filter(ancestor=code, valid_from__lte=day, valid_to__gt=day)
    found = rows.values_list("hierarchy", "descendant")
    return [(f"area.{hierarchy}", area) for hierarchy, area in found]


def placement(area_codes: Iterable[str]) -> QuerySet[Placement]:
    """Subjects that lie in any of the areas today."""
    return Placement.objects.filter(area_code__in=list(area_codes))
