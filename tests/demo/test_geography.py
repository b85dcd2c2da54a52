from __future__ import annotations

import pytest

from tanma.demo import geography
from tanma.demo.plan import Plan


def connected(cells):
    cells = set(cells)
    seen, todo = set(), [min(cells)]
    while todo:
        cell = todo.pop()
        if cell not in seen:
            seen.add(cell)
            todo += [n for n in geography.neighbours(cell) if n in cells]
    return seen == cells


@pytest.fixture(scope="module", params=["city", "province"])
def land(request):
    return geography.build(Plan(region=request.param))


def cells_of(land, wanted):
    return [
        (int(c), int(r))
        for c, r, county in zip(land.column, land.row, land.county_of)
        if wanted(county)
    ]


def test_every_cell_is_used_once(land):
    cells = cells_of(land, lambda _: True)
    assert len(cells) == len(set(cells)) == len(land.townships)
    assert 0 == min(c for c, _ in cells)
    assert min(r for _, r in cells) in (0, 1)
    assert connected(cells)


def test_counties_and_cities_are_contiguous(land):
    for county in range(len(land.counties)):
        assert connected(cells_of(land, lambda c, n=county: c == n))
    for city in range(len(land.cities)):
        assert connected(cells_of(land, lambda c, n=city: land.city_of_county[c] == n))


def test_new_area_is_contiguous_and_overlaps_two_counties(land):
    cells = [(int(land.column[i]), int(land.row[i])) for i in land.new_area]
    assert connected(cells)
    assert {0, 1} == set(land.county_of[land.new_area].tolist())
    assert geography.NEW_AREA_CELLS == len(set(land.new_area.tolist()))


def test_codes_nest_in_an_unallocated_segment(land):
    assert len(land.codes) == len(set(land.codes.tolist()))
    assert (land.codes // 1000 == land.county_codes[land.county_of]).all()
    assert (land.county_codes // 100 * 100 == land.city_codes[land.city_of_county]).all()
    assert {99} == set((land.city_codes // 10000).tolist())


def test_neighbours_are_mutual():
    for cell in [(3, 4), (3, 5)]:
        assert all(cell in geography.neighbours(other) for other in geography.neighbours(cell))
        assert 6 == len(set(geography.neighbours(cell)))


def test_a_split_map_is_refused():
    with pytest.raises(ValueError, match="not connected"):
        geography.partition([(0, 0), (1, 0), (9, 9), (10, 9), (20, 20)], 2)
