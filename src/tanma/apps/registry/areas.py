"""Areas with dated parents: the closure that rights, lists and sums use instead of code prefixes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
from django.db import transaction
from django.db.models import QuerySet

from tanma.apps.facts import door as facts
from tanma.apps.registry.models import OPEN_END, Area, AreaClosure, AreaLink, Placement
from tanma.domain.identity import new_id

LATEST = date.fromisoformat(OPEN_END)


@dataclass(frozen=True)
class AreaRow:
    """One area as a package or a test gives it; `parent` is empty for a root."""

    code: str
    name_zh: str
    kind: str
    hierarchy: str = "statutory"
    parent: str = ""
    name_en: str = ""
    valid_from: date = date(1900, 1, 1)
    valid_to: date = LATEST
    hex_col: int | None = None
    hex_row: int | None = None


def save_areas(rows: Iterable[AreaRow], *, author: str, evidence: str = "") -> int:
    """Store areas, their dated parents as facts, and rebuild the closure."""
    given = list(rows)
    with transaction.atomic():
        known = dict(Area.objects.values_list("code", "id"))
        areas = [
            Area(
                id=known.get(r.code) or new_id(), code=r.code, hierarchy=r.hierarchy, kind=r.kind,
                name_zh=r.name_zh, name_en=r.name_en, hex_col=r.hex_col, hex_row=r.hex_row,
            )
            for r in given
        ]  # fmt: skip
        Area.objects.bulk_create(
            areas, update_conflicts=True, unique_fields=["code"],
            update_fields=["hierarchy", "kind", "name_zh", "name_en", "hex_col", "hex_row"],
        )  # fmt: skip
        _save_links(given)
        rebuild_closure()
    ids = {a.code: a.id for a in areas}
    for _ in facts.append_all(_area_facts(given, ids), author=author, evidence=evidence):
        pass
    return len(given)


def _save_links(rows: list[AreaRow]) -> None:
    """A new parent ends the link before it on the day it begins."""
    stored = {(link.area_code, link.valid_from): link for link in AreaLink.objects.all()}
    for row in rows:
        if not row.parent:
            continue
        AreaLink.objects.filter(
            area_code=row.code, valid_from__lt=row.valid_from, valid_to__gt=row.valid_from
        ).update(valid_to=row.valid_from)
        link = stored.get((row.code, row.valid_from)) or AreaLink(area_code=row.code)
        link.parent_code, link.valid_from, link.valid_to = row.parent, row.valid_from, row.valid_to
        link.save()


def _area_facts(rows: list[AreaRow], ids: dict[str, int]) -> pa.Table:
    records = []
    for row in rows:
        values = {
            "area.code": row.code, "area.name": row.name_zh, "area.kind": row.kind,
            "area.hierarchy": row.hierarchy, "area.parent": row.parent,
        }  # fmt: skip
        for item, text in values.items():
            dated = item == "area.parent"
            records.append(
                {
                    "subject": ids[row.code], "item": item, "kind": "attribute",
                    "valid_from": row.valid_from if dated else date(1900, 1, 1),
                    "valid_to": row.valid_to if dated else LATEST,
                    "value": None, "text": text, "reported": text, "source": "registry",
                    "data_class": "public",
                }
            )  # fmt: skip
    return facts.table(records)


def rebuild_closure() -> None:
    """Every ancestor pair with the span in which all links between hold."""
    parents: dict[str, list[AreaLink]] = {}
    for link in AreaLink.objects.all():
        parents.setdefault(link.area_code, []).append(link)
    pairs: list[AreaClosure] = []
    for code in Area.objects.values_list("code", flat=True):
        pairs += _ancestors(code, parents)
    AreaClosure.objects.all().delete()
    AreaClosure.objects.bulk_create(pairs, batch_size=1000)


def _ancestors(code: str, parents: dict[str, list[AreaLink]]) -> list[AreaClosure]:
    found = []
    open_paths = [(code, 0, date(1900, 1, 1), LATEST)]
    while open_paths:
        at, depth, start, end = open_paths.pop()
        found.append(
            AreaClosure(ancestor=at, descendant=code, depth=depth, valid_from=start, valid_to=end)
        )
        if depth > 20:
            raise ValueError(f"area {code} is its own ancestor")
        for link in parents.get(at, []):
            first, last = max(start, link.valid_from), min(end, link.valid_to)
            if first < last:
                open_paths.append((link.parent_code, depth + 1, first, last))
    return found


def ancestors_on(day: date) -> dict[str, list[str]]:
    """descendant → its ancestors (itself first) as of a day."""
    rows = AreaClosure.objects.filter(valid_from__lte=day, valid_to__gt=day).order_by("depth")
    found: dict[str, list[str]] = {}
    for descendant, ancestor in rows.values_list("descendant", "ancestor"):
        found.setdefault(descendant, []).append(ancestor)
    return found


def placement(area_codes: Iterable[str]) -> QuerySet[Placement]:
    """Subjects that lie in any of the areas today."""
    return Placement.objects.filter(area_code__in=list(area_codes))
