"""The hexagon map: townships in five steps of one amount, abnormal ones outlined and named."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext, pgettext

from tanma.apps.areas.door import TOWNS, AreaFigures, Frozen, abnormal_words, level_below, names
from tanma.apps.cockpit.breakdowns import emission_unit
from tanma.apps.kit.door import DENSE_CELLS, MISSING, HexCell, HexLabel, HexMap, hex_map, rounded
from tanma.apps.registry.door import Area
from tanma.engine import disclosure

STEPS = 5
Place = tuple[int, int]


@dataclass(frozen=True)
class Measure:
    """One face of the map: its title, unit, value per area and digits."""

    key: str
    label: str
    unit: str
    value: Callable[[AreaFigures], float | None]
    digits: int


def measures() -> dict[str, Measure]:
    decimals, unit = emission_unit()
    listed = [
        Measure("index", gettext("碳耗指数"), gettext("吨/万元产值"), lambda a: a.index, 3),
        Measure("emission", gettext("排放总量"), unit,
                lambda a: None if a.net_mg is None else float(Fraction(a.net_mg, 10**decimals)),
                1),
        Measure("grade5", gettext("5级企业"), gettext("家"), lambda a: float(a.grade_5), 0),
    ]  # fmt: skip
    return {m.key: m for m in listed}


def hexagons(data: Frozen, code: str, key: str, *, linked: bool = True) -> dict[str, Any]:
    """The map with its legend; `linked` is false where no page may be opened (a kiosk)."""
    measure = measures()[key]
    towns = {a.code: a for a in level_below(data, code, TOWNS)}
    places = _places(list(towns))
    closed = set() if linked else _closed(data, towns)
    values = {c: measure.value(towns[c]) for c in places if c not in closed}
    known = sorted(v for v in values.values() if v is not None)
    cuts = quantiles(known)
    groups = _groups(data, list(places))
    cells = [
        _cell(towns[c], place, measure, values.get(c), cuts, groups[c], linked)
        for c, place in places.items()
    ]
    return {
        "map": _drawn(cells, measure), "measure": measure, "measures": list(measures().values()),
        "legend": _legend(cuts, known, measure),
        "abnormal": sum("abnormal" in c.look for c in cells), "towns": len(cells),
    }  # fmt: skip


def hidden(areas: Iterable[AreaFigures]) -> list[AreaFigures]:
    """Of areas that add up to a shown one, those not to be shown outside the office."""
    return disclosure.closed(list(areas), lambda a: a.index_n, lambda a: a.net_mg or 0)


def _closed(data: Frozen, towns: dict[str, AreaFigures]) -> set[str]:
    """Towns not to be shown outside the office, county by county."""
    tree = data.trees["statutory"]
    groups: dict[str, list[AreaFigures]] = {}
    for code, town in towns.items():
        groups.setdefault(tree.parent(code), []).append(town)
    return {a.code for group in groups.values() for a in hidden(group)}


def _places(codes: list[str]) -> dict[str, Place]:
    """Cells moved to the corner, one place from the left edge, where a name may stand.

    Rows move by even numbers, since odd rows are shifted.
    """
    rows = Area.objects.filter(code__in=codes, hex_col__isnull=False, hex_row__isnull=False)
    at = {a.code: (a.hex_col or 0, a.hex_row or 0) for a in rows.order_by("hex_row", "hex_col")}
    if not at:
        return {}
    left, top = min(c for c, _ in at.values()) - 1, min(r for _, r in at.values()) // 2 * 2
    return {code: (col - left, row - top) for code, (col, row) in at.items()}


def _groups(data: Frozen, codes: list[str]) -> dict[str, str]:
    """Town → name of the county above it; of the city where the map is too dense for counties."""
    tree = data.trees["statutory"]
    parents = {c: tree.parent(c) for c in codes}
    if len(codes) > DENSE_CELLS:
        parents = {c: tree.parent(county) for c, county in parents.items()}
    called = names(sorted(set(parents.values())))
    return {c: called.get(p, "") for c, p in parents.items()}


def quantiles(known: list[float]) -> list[float]:
    """Four cut-offs at the fifths of the sorted values; equal values share a step."""
    if not known:
        return []
    return [known[len(known) * i // STEPS] for i in range(1, STEPS)]


def _cell(
    area: AreaFigures, place: Place, measure: Measure, value: float | None, cuts: list[float],
    group: str, linked: bool,
) -> HexCell:  # fmt: skip
    href = reverse("areas:area", args=[area.code]) if linked else ""
    why = area.why("energy") or (area.why("money") if measure.key == "index" else "")
    cell = HexCell(*place, area.name, MISSING, "missing", href, group,
                   why or gettext("暂无数据"))  # fmt: skip
    if value is None:
        return cell
    look, text = f"q{bisect_right(cuts, value) + 1}", rounded(value, measure.digits)
    note = ""
    if measure.key == "index":
        note = abnormal_words(area)
        if area.verdict.abnormal:
            mark = pgettext("map cell", "异常")
            look, text = f"{look} abnormal", f"{text} {mark}"
    return replace(cell, value=text, look=look, note=note)


def _legend(cuts: list[float], known: list[float], measure: Measure) -> list[tuple[str, str]]:
    """Each step that occurs → the smallest and the largest value in it."""
    steps: dict[int, list[float]] = {}
    for value in known:
        steps.setdefault(bisect_right(cuts, value) + 1, []).append(value)
    found = []
    for step, values in steps.items():
        low, high = rounded(values[0], measure.digits), rounded(values[-1], measure.digits)
        found.append((f"q{step}", low if low == high else f"{low}–{high}"))
    return found


def _drawn(cells: list[HexCell], measure: Measure) -> HexMap:
    labels = county_labels([(c.col, c.row, c.group) for c in cells])
    return hex_map(cells, labels, title=measure.label, unit=measure.unit)


def county_labels(cells: list[tuple[int, int, str]]) -> list[HexLabel]:
    """Each county's name on a free place beside its cells, away from the middle of the map.

    A county that others enclose has no such place: its name stands among its own cells, as every
    name does on a dense map, whose cells bear none.
    """
    taken = {(col, row) for col, row, _ in cells}
    if not taken:
        return []
    middle = tuple(sum(axis) / len(taken) for axis in zip(*taken, strict=True))
    labels: list[HexLabel] = []
    for group in sorted({g for *_, g in cells}):
        own = [(col, row) for col, row, g in cells if g == group]
        if not group or len(own) == len(cells):
            continue
        dense = len(cells) > DENSE_CELLS
        place = None if dense else _free_place(own, taken, (middle[0], middle[1]))
        if place:
            taken |= {place, (place[0] - 1, place[1]), (place[0] + 1, place[1])}
            labels.append(HexLabel(group, *place))
        else:
            labels.append(HexLabel(group, *_heart(own), inside=True))
    return labels


def _heart(own: list[Place]) -> Place:
    """The cell nearest to the middle of its county that has cells of its own below it."""
    col, row = (sum(axis) / len(own) for axis in zip(*own, strict=True))

    def rank(place: Place) -> tuple[int, float, Place]:
        below = sum(n in own for n in neighbours(*place) if n[1] > place[1])
        return -below, (place[0] - col) ** 2 + (place[1] - row) ** 2, place

    return min(own, key=rank)


def _free_place(own: list[Place], taken: set[Place], middle: tuple[float, float]) -> Place | None:
    """The free neighbour with most of the county around it, the outermost of these."""
    scores: dict[Place, int] = {}
    for col, row in own:
        for place in neighbours(col, row):
            if place not in taken and min(place) >= 0:
                scores[place] = scores.get(place, 0) + 1
    if not scores:
        return None
    return max(
        scores,
        key=lambda p: (scores[p], abs(p[0] - middle[0]) + abs(p[1] - middle[1]), p),
    )


def neighbours(col: int, row: int) -> list[Place]:
    """The six cells around a cell; odd rows are shifted half a cell to the right."""
    o = row % 2
    return [
        (col + o, row - 1), (col + 1, row), (col + o, row + 1), (col - 1 + o, row + 1),
        (col - 1, row), (col - 1 + o, row - 1),
    ]  # fmt: skip
