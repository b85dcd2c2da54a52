"""Screens outside the office print nothing from which one enterprise could be computed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tanma.apps.areas.figures import area_figures
from tanma.apps.areas.frozen import frozen, publications
from tanma.apps.cockpit import breakdowns, places, wall
from tanma.apps.cockpit.disclosure import Part
from tanma.engine import disclosure
from tests.apps.region import CITY, COUNTY_1, TOWNS


def closed(*given, overlapping=False):
    parts = [Part(f"{i}", mg, n) for i, (mg, n) in enumerate(given)]
    hidden = disclosure.closed(
        parts, lambda p: p.enterprises, lambda p: p.mg, overlapping=overlapping
    )
    return [p.mg for p in hidden]


def test_nothing_is_hidden_where_enough_stand_behind_every_part():
    assert [] == closed((50, 3), (30, 9))


def test_a_single_hidden_part_takes_the_next_smallest_with_it():
    assert [5, 20] == closed((90, 9), (20, 4), (5, 1), (60, 8))


def test_two_hidden_parts_of_too_few_together_take_another():
    assert [4, 5, 20] == closed((90, 9), (20, 4), (5, 1), (4, 1))
    assert [4, 5] == closed((90, 9), (20, 4), (5, 2), (4, 1))


def test_parts_that_one_enterprise_may_share_are_not_added():
    assert [4, 5, 20] == closed((90, 9), (20, 4), (5, 2), (4, 1), overlapping=True)


@pytest.fixture
def view(published):
    """The wall of the city on a kiosk; PV is used by one enterprise alone."""
    run = published.run()
    figures = area_figures(frozen(run), "statutory", CITY)
    return wall.View(run, publications(), figures, aggregates_only=True)


def labels(bars):
    return [row.label for row in bars.rows]


def test_what_one_enterprise_uses_stands_with_the_rest(view):
    shown = breakdowns.fuels(view.data, view.figures)
    assert 2 == len(shown.rows)
    hidden = breakdowns.fuels(view.data, view.figures, closed=True)
    assert ["其他"] == labels(hidden)
    assert "不足3家的并入其他" in hidden.note
    assert "100.0" == hidden.rows[0].share


def test_the_sum_of_the_bars_stays_the_total(view):
    rows = [
        {"division": "17", "net_mg": 9 * 10**13, "enterprises": 8},
        {"division": "26", "net_mg": 4 * 10**13, "enterprises": 5},
        {"division": "30", "net_mg": 10**13, "enterprises": 1},
        {"division": "31", "net_mg": 5 * 10**13, "enterprises": 2, "counted": 4},
    ]
    view.data._rows["industries"] = {("statutory", CITY): rows}
    assert ["9.0", "5.0", "4.0", "1.0"] == [
        r.value for r in breakdowns.sectors(view.data, view.figures).rows
    ]
    hidden = breakdowns.sectors(view.data, view.figures, closed=True).rows
    assert ["9.0", "5.0", "5.0"] == [r.value for r in hidden]
    assert "其他" == hidden[-1].label


def test_a_sum_of_too_few_is_not_printed(view, published):
    figures = view.figures
    nearly = {**figures.completeness, "expected": 8, "unbounded": 6}
    figures.data.derived.completeness[figures.key] = nearly
    tiles = wall.tiles(view)
    assert [None] * 4 == [t["value"] for t in tiles[:4]]
    assert {"不足3家，不公开"} == {t["note"] for t in tiles[:4]}
    assert tiles[4]["value"] is not None
    assert set() == {v for t in tiles[:4] for v in t["spark"][-1:]} - {None}
    office = wall.tiles(replace(view, aggregates_only=False))
    assert None not in [t["value"] for t in office]


def test_months_of_too_few_are_left_out(view):
    rows = sorted(view.data.rows("monthly", "statutory", CITY), key=lambda r: r["month"])
    for row in rows[-5:]:
        row["enterprises"] = 2
    months = wall.trend(view).series[1].values
    assert 5 == sum(v is None for v in months)


def test_the_bound_of_one_missing_enterprise_is_its_own(view):
    assert "不足3家，不公开" == wall.reporting(view)["bound"]
    assert "不足3家，不公开" != wall.reporting(replace(view, aggregates_only=False))["bound"]


def test_towns_of_too_few_and_the_next_smallest_are_hidden(view, monkeypatch):
    town = view.data.areas["statutory", TOWNS[COUNTY_1]]
    monkeypatch.setitem(town, "index_n", 2)
    data = view.data
    figures = {c: area_figures(data, "statutory", c) for c in TOWNS.values()}
    assert {TOWNS[COUNTY_1]} == places._closed(data, figures)
    assert set(TOWNS.values()) == {a.code for a in places.hidden(figures.values())}


def test_shares_of_high_carbon_industries_are_of_the_same_enterprises(view):
    rows = [
        {"division": "30", "net_mg": 99 * 10**9, "member_net_mg": 30 * 10**9, "members": 4,
         "member_value_added_fen": 10 * 10**6},
        {"division": "17", "net_mg": 99 * 10**9, "member_net_mg": 10 * 10**9, "members": 5,
         "member_value_added_fen": 30 * 10**6},
    ]  # fmt: skip
    view.data._rows["industries"] = {("statutory", CITY): rows}
    found = breakdowns.high_carbon(view.data, view.figures, closed=True)
    assert (1, "75.0", "25.0") == (found["n"], found["emission"], found["value_added"])
    rows[0]["members"] = 2
    found = breakdowns.high_carbon(view.data, view.figures, closed=True)
    assert ("—", "—") == (found["emission"], found["value_added"])
    assert "75.0" == breakdowns.high_carbon(view.data, view.figures)["emission"]


def test_what_is_hidden_for_another_reason_is_not_given_away():
    """A part hidden in its column would follow from the others of its row."""
    shut, one, two = Part("x", 50, 9), Part("y", 10, 4), Part("z", 99, 4)
    hidden = disclosure.closed(
        [shut, one, two], lambda p: p.enterprises, lambda p: p.mg, already=[shut]
    )
    assert [one, shut] == hidden
