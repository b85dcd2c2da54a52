"""The map's steps, positions and names."""

from __future__ import annotations

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from tanma.apps.areas.frozen import frozen
from tanma.apps.cockpit import places
from tanma.apps.registry.door import Area
from tanma.domain.rating.attention import Verdict
from tests.apps.region import CITY, COUNTY_1, COUNTY_2, TOWNS


def test_steps_are_the_fifths_of_the_values():
    assert [3.0, 5.0, 7.0, 9.0] == places.quantiles([float(i) for i in range(1, 11)])
    assert [] == places.quantiles([])


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_every_value_falls_into_one_of_five_steps(values):
    from bisect import bisect_right

    cuts = places.quantiles(sorted(values))
    assert {bisect_right(cuts, v) for v in values} <= set(range(places.STEPS))


def test_the_legend_names_the_steps_that_occur():
    counts = places.measures()["grade5"]
    known = [0.0, 0.0, 1.0, 1.0, 3.0, 9.0]
    cuts = places.quantiles(known)
    assert [("q2", "0"), ("q4", "1"), ("q5", "3–9")] == places._legend(cuts, known, counts)
    assert [] == places._legend([], [], counts)


def test_a_name_stands_on_a_free_place_beside_its_county():
    cells = [(1, 0, "甲"), (2, 0, "甲"), (1, 1, "乙"), (2, 1, "乙")]
    labels = places.county_labels(cells)
    taken = {(c, r) for c, r, _ in cells}
    assert {"甲", "乙"} == {label.text for label in labels}
    assert not taken & {(label.col, label.row) for label in labels}


def test_an_enclosed_county_has_its_name_among_its_own_cells():
    own = {(3, 3), (4, 3), (3, 4), (4, 4)}
    around = {(c, r) for c in range(1, 7) for r in range(1, 7)} - own
    cells = [(*place, "内") for place in own] + [(*place, "外") for place in around]
    found = {label.text: label for label in places.county_labels(cells)}
    assert found["内"].inside
    assert (found["内"].col, found["内"].row) in own
    assert not found["外"].inside


def test_on_a_dense_map_every_name_stands_among_its_cells():
    cells = [(c, r, "甲" if c < 10 else "乙") for c in range(20) for r in range(13)]
    labels = places.county_labels(cells)
    assert ["乙", "甲"] == [label.text for label in labels]
    assert all(label.inside for label in labels)


def test_a_dense_map_is_divided_by_cities(published, monkeypatch):
    data = placed(published)
    monkeypatch.setattr(places, "DENSE_CELLS", 1)
    shown = places.hexagons(data, CITY, "index")["map"]
    assert {"样例市"} == {d.cell.group for d in shown.cells}


def test_one_county_alone_needs_no_name():
    assert [] == places.county_labels([(1, 0, "甲"), (2, 0, "甲")])


def placed(published):
    Area.objects.filter(code=TOWNS[COUNTY_1]).update(hex_col=4, hex_row=3, kind="township")
    Area.objects.filter(code=TOWNS[COUNTY_2]).update(hex_col=5, hex_row=3, kind="township")
    return frozen(published.run())


def test_cells_move_to_the_corner_and_keep_their_shift(published):
    shown = places.hexagons(placed(published), CITY, "index")["map"]
    assert [(1, 1), (2, 1)] == [(d.cell.col, d.cell.row) for d in shown.cells]
    assert {"样例一县", "样例二县"} == {d.cell.group for d in shown.cells}


def test_a_county_shows_its_own_towns_only(published):
    shown = places.hexagons(placed(published), COUNTY_1, "emission")
    assert ["样例一镇"] == [d.cell.label for d in shown["map"].cells]


def test_abnormal_is_an_outline_and_a_word_and_no_grade_colour(published, monkeypatch):
    data = placed(published)
    verdict = Verdict(True, ("yearly_rise",))
    monkeypatch.setattr("tanma.apps.areas.figures.judge", lambda *a, **k: verdict)
    cell = places.hexagons(data, COUNTY_1, "index")["map"].cells[0].cell
    assert cell.look.split()[0].startswith("q")
    assert "abnormal" in cell.look
    assert cell.value.endswith("异常")
    assert "比上年同期上升超过 10%" in cell.note


def test_without_the_year_before_the_index_is_not_called_abnormal(published):
    cell = places.hexagons(placed(published), COUNTY_1, "index")["map"].cells[0].cell
    assert "abnormal" not in cell.look
    assert "无法判断" in cell.note


def test_a_missing_value_is_a_dash():
    area = SimpleNamespace(code="9", name="某镇", why=lambda *kinds: "")
    measure = places.measures()["index"]
    cell = places._cell(area, (0, 0), measure, None, [], "", linked=False)
    assert ("—", "missing", "暂无数据") == (cell.value, cell.look, cell.note)


def test_a_cell_of_what_is_for_statistics_alone_says_so():
    area = SimpleNamespace(code="9", name="某镇", why=lambda *kinds: "why" * ("money" in kinds))
    about = ((0, 0), None, [], "")
    found = {
        key: places._cell(area, about[0], measure, *about[1:], linked=False).note
        for key, measure in places.measures().items()
    }
    assert {"index": "why", "emission": "暂无数据", "grade5": "暂无数据"} == found
