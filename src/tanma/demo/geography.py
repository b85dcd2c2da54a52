"""Areas of a demo region: statutory divisions, management areas, and a map of hexagons.

Cells are numbered (column, row); odd rows are shifted half a cell to the right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tanma.demo import names
from tanma.demo.plan import CITY, Plan

Cell = tuple[int, int]
NEW_AREA_CELLS = 7
PARKS_PER_COUNTY = 3
_ROW_HEIGHT = 0.866


@dataclass(frozen=True)
class Geography:
    """Everything a place may be; township arrays run in parallel."""

    cities: list[str]
    counties: list[str]
    townships: list[str]
    city_of_county: NDArray[np.int64]
    county_of: NDArray[np.int64]
    column: NDArray[np.int64]
    row: NDArray[np.int64]
    codes: NDArray[np.int64]
    county_codes: NDArray[np.int64]
    city_codes: NDArray[np.int64]
    new_area: NDArray[np.int64]
    """Townships of the new area, the last of them entrusted later than the others."""
    parks: list[str]
    park_county: NDArray[np.int64]
    park_township: NDArray[np.int64]


def neighbours(cell: Cell) -> list[Cell]:
    """The six cells around a cell, clockwise from the right."""
    column, row = cell
    shift = row % 2
    return [
        (column + 1, row),
        (column + shift, row + 1),
        (column + shift - 1, row + 1),
        (column - 1, row),
        (column + shift - 1, row - 1),
        (column + shift, row - 1),
    ]


def position(cell: Cell) -> tuple[float, float]:
    """Centre of a cell, in cell widths."""
    return cell[0] + 0.5 * (cell[1] % 2), cell[1] * _ROW_HEIGHT


def _distance(a: Cell, b: Cell) -> float:
    (x1, y1), (x2, y2) = position(a), position(b)
    return (x1 - x2) ** 2 + (y1 - y2) ** 2


def blob(count: int) -> list[Cell]:
    """The cells nearest to the middle of a wide ellipse, with columns and rows from 0."""
    half = int(count**0.5) + 3
    cells = [(c, r) for c in range(2 * half) for r in range(2 * half)]
    centre = position((half, half))

    def reach(cell: Cell) -> float:
        x, y = position(cell)
        return ((x - centre[0]) / 1.25) ** 2 + (y - centre[1]) ** 2

    chosen = sorted(cells, key=lambda cell: (round(reach(cell), 6), cell))[:count]
    left = min(c for c, _ in chosen)
    # An even shift keeps odd rows odd, so neighbours stay neighbours.
    top = min(r for _, r in chosen) // 2 * 2
    return sorted((c - left, r - top) for c, r in chosen)


def partition(cells: list[Cell], parts: int) -> dict[Cell, int]:
    """Contiguous parts of nearly equal size: the smallest takes its nearest free neighbour."""
    seeds = _spread(cells, parts)
    owner = {seed: part for part, seed in enumerate(seeds)}
    free = set(cells) - set(seeds)
    edges = [set(neighbours(seed)) & free for seed in seeds]
    sizes = [1] * parts
    while free:
        open_parts = [part for part in range(parts) if edges[part]]
        if not open_parts:
            raise ValueError(f"cells are not connected: {len(free)} of {len(cells)} left over")
        part = min(open_parts, key=lambda p: (sizes[p], p))
        cell = min(edges[part], key=lambda c: (_distance(c, seeds[part]), c))
        owner[cell] = part
        free.remove(cell)
        sizes[part] += 1
        edges[part] |= set(neighbours(cell)) & free
        for edge in edges:
            edge.discard(cell)
    return owner


def _bordering(owner: dict[Cell, int]) -> dict[Cell, int]:
    """The same parts, numbered so that parts 0 and 1 share the longest border part 0 has."""
    border: dict[int, int] = {}
    for cell, part in owner.items():
        for other in neighbours(cell) if part == 0 else []:
            near = owner.get(other, 0)
            border[near] = border.get(near, 0) + (near != 0)
    best = max(border, key=lambda part: (border[part], -part))
    swap = {best: 1, 1: best}
    return {cell: swap.get(part, part) for cell, part in owner.items()}


def _spread(cells: list[Cell], parts: int) -> list[Cell]:
    """Seeds far from each other: each next one is the farthest from all before, pulled inward."""
    middle = cells[len(cells) // 2]
    seeds = [max(cells, key=lambda c: (_distance(c, middle), c))]
    while len(seeds) < parts:
        seeds.append(
            max(
                (c for c in cells if c not in seeds),
                key=lambda c: (min(_distance(c, s) for s in seeds), c),
            )
        )
    return seeds


def _shares(total: int, parts: int) -> list[int]:
    return [total // parts + (part < total % parts) for part in range(parts)]


def _county_cells(plan: Plan) -> list[tuple[Cell, int, int]]:
    """(cell, county, city) for every township, counties grown inside their city."""
    cells = blob(plan.townships)
    city_of = partition(cells, plan.cities)
    counties = _shares(plan.counties, plan.cities)
    placed: list[tuple[Cell, int, int]] = []
    first = 0
    for city, count in enumerate(counties):
        inside = [cell for cell in cells if city_of[cell] == city]
        parts = _bordering(partition(inside, count))
        placed += [(cell, first + parts[cell], city) for cell in inside]
        first += count
    return sorted(placed, key=lambda item: (item[1], item[0]))


def _new_area(placed: list[tuple[Cell, int, int]]) -> list[int]:
    """Townships on both sides of a border: the new area overlaps counties 0 and a neighbour."""
    index = {cell: i for i, (cell, _, _) in enumerate(placed)}
    county = {cell: c for cell, c, _ in placed}
    touching = [
        (cell, other)
        for cell in index
        for other in neighbours(cell)
        if county[cell] == 0 and county.get(other, 0) == 1
    ]
    if not touching:
        raise ValueError("counties 0 and 1 do not touch; the new area needs their border")
    chosen = list(touching[len(touching) // 2])
    allowed = {cell for cell in index if county[cell] in (0, 1)}
    while len(chosen) < NEW_AREA_CELLS:
        edge = {n for c in chosen for n in neighbours(c) if n in allowed} - set(chosen)
        few = min((0, 1), key=lambda k: sum(county[c] == k for c in chosen))
        chosen.append(min(edge, key=lambda c: (county[c] != few, _distance(c, chosen[0]), c)))
    return [index[cell] for cell in chosen]


def build(plan: Plan) -> Geography:
    """All areas of the region, with names, codes and cells."""
    placed = _county_cells(plan)
    county_of = np.array([county for _, county, _ in placed])
    city_of_county = np.zeros(plan.counties, dtype=np.int64)
    for _, county, city in placed:
        city_of_county[county] = city
    city_codes = names.PROVINCE_CODE + 100 * (1 + np.arange(plan.cities))
    rank_in_city = _rank_within(city_of_county)
    county_codes = city_codes[city_of_county] + 1 + rank_in_city
    codes = county_codes[county_of] * 1000 + 1 + _rank_within(county_of)
    rng = plan.stream("area names")
    park_names, park_county, park_township = _parks(plan, county_of)
    counties = names.county_names(plan.counties, rng)
    return Geography(
        cities=names.city_names(plan.cities),
        counties=counties,
        townships=names.township_names(plan.townships, rng),
        city_of_county=city_of_county,
        county_of=county_of,
        column=np.array([cell[0] for cell, _, _ in placed]),
        row=np.array([cell[1] for cell, _, _ in placed]),
        codes=codes,
        county_codes=county_codes,
        city_codes=city_codes,
        new_area=np.array(_new_area(placed)),
        parks=[counties[c][:-1] + kind for c, kind in zip(park_county, park_names, strict=True)],
        park_county=park_county,
        park_township=park_township,
    )


def _rank_within(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1, 2, … inside each group, in order of appearance."""
    order = np.argsort(groups, kind="stable")
    starts = np.r_[0, np.flatnonzero(np.diff(groups[order])) + 1]
    rank = np.arange(len(groups)) - np.repeat(starts, np.diff(np.r_[starts, len(groups)]))
    out = np.empty(len(groups), dtype=np.int64)
    out[order] = rank
    return out


def _parks(
    plan: Plan, county_of: NDArray[np.int64]
) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    """Kinds, counties and townships of the parks: a few in each county of the first city."""
    rng = plan.stream("parks")
    counties = plan.counties if plan.region == CITY else 8
    kinds: list[str] = []
    county: list[int] = []
    township: list[int] = []
    for c in range(counties):
        members = np.flatnonzero(county_of == c)
        chosen = rng.choice(members, size=min(PARKS_PER_COUNTY, len(members)), replace=False)
        picked = rng.choice(len(names.PARK_KINDS), size=len(chosen), replace=False)
        for place, kind in zip(chosen, picked, strict=True):
            kinds.append(names.PARK_KINDS[kind])
            county.append(c)
            township.append(int(place))
    return kinds, np.array(county), np.array(township)
