"""Geometry: a gap breaks the line, borders stand between groups only."""

from __future__ import annotations

import pytest

from tanma.apps.kit.shapes import HexCell, HexLabel, arc, dot_plot, hex_map, sparkline


def test_a_missing_value_breaks_the_sparkline() -> None:
    spark = sparkline([1, 2, None, 4, 3])
    assert spark is not None
    assert 2 == len(spark.lines)
    assert (79.0, 16.333333333333332) == spark.last


def test_one_value_is_no_line() -> None:
    assert sparkline([1.0, None]) is None


def test_a_flat_series_runs_in_the_middle() -> None:
    spark = sparkline([3, 3])
    assert spark is not None
    assert ["5.0,22.0 79.0,22.0"] == spark.lines


def test_a_missing_last_value_has_no_point() -> None:
    spark = sparkline([1, 2, None])
    assert spark is not None
    assert spark.last is None


def test_the_border_between_two_groups_is_drawn_once() -> None:
    cells = [HexCell(0, 0, "甲", group="a"), HexCell(1, 0, "乙", group="b")]
    assert 1 == hex_map(cells).borders.count("M")
    alike = [HexCell(0, 0, "甲", group="a"), HexCell(1, 0, "乙", group="a")]
    assert "" == hex_map(alike).borders


def test_odd_rows_touch_the_even_ones_half_a_cell_over() -> None:
    cells = [
        HexCell(0, 0, "甲", group="a"),
        HexCell(0, 1, "乙", group="b"),
        HexCell(1, 0, "丙", group="b"),
    ]
    assert 2 == hex_map(cells).borders.count("M")


def test_long_names_get_smaller_letters() -> None:
    cells = [HexCell(i, 0, name) for i, name in enumerate(["样例镇", "样例二镇", "样例第二街道"])]
    assert ["t-l", "t-m", "t-s"] == [d.size for d in hex_map(cells).cells]


def test_the_picture_holds_cells_and_labels() -> None:
    small = hex_map([HexCell(0, 0, "甲")])
    wide = hex_map([HexCell(0, 0, "甲")], [HexLabel("甲区", 3, 0)])
    assert wide.view[2] > small.view[2]
    assert [] == hex_map([]).cells


def test_rows_and_columns_without_cells_take_no_room() -> None:
    here, there = (hex_map([HexCell(*place, "甲")]).view for place in ((0, 0), (4, 6)))
    assert here[2:] == pytest.approx(there[2:])
    assert here[:2] != there[:2]


@pytest.mark.parametrize(("share", "large"), [(0.25, 0), (0.75, 1), (1.2, 1)])
def test_the_ring_takes_the_long_way_past_one_half(share: float, large: int) -> None:
    assert f"A16.0 16.0 0 {large} 1" in arc(share)


def test_each_peer_is_a_dot_over_its_ratio_and_nobody_disappears() -> None:
    plot = dot_plot([(5, 1, 3), (5, 2, 1), (24, 5, 1)], step=0.1, columns=25, own=0.55)
    assert (1, 5, [(1, 3), (2, 1), (5, 1)]) == (plot.each, plot.total, plot.by_grade)
    assert [1, 1, 1, 2, 5] == [grade for *_, grade in plot.dots]
    assert {x for x, *_ in plot.dots[:4]} == {plot.own}
    assert 5 == len({(x, y) for x, y, _ in plot.dots})
    assert plot.mark == pytest.approx(plot.width * 1.0 / 2.5)


def test_many_peers_share_dots_and_the_far_ones_stay_on_the_picture() -> None:
    plot = dot_plot([(0, 1, 95), (24, 5, 2)], step=0.1, columns=25, own=7.0)
    assert (10, 97) == (plot.each, plot.total)
    assert 11 == len(plot.dots)
    assert plot.own == plot.width
    assert min(y for _, y, _ in plot.dots) > 0
