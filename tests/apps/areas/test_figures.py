"""Changes and quotients that an area is told by."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tanma.apps.areas.figures import change, quotient
from tanma.apps.areas.frozen import _adjusted, _paired
from tanma.engine.untold import Untold


@pytest.mark.parametrize(("now", "before"), [(1, None), (None, 1), (1, 0), (1, -5)])
def test_a_change_needs_two_figures_and_a_positive_base(now, before):
    assert change(now, before) is None


def test_a_change_is_relative():
    assert 0.25 == change(5, 4)


@pytest.mark.parametrize("money", [None, 0, -1])
def test_a_quotient_without_money_is_missing(money):
    assert quotient(5, money) is None


COMPARED = {"same_net_mg": 5, "same_value_added_fen": 6, "before_value_added_fen": 7, "net_mg": 8}


@pytest.mark.parametrize(
    ("closed", "compared", "money", "energy"),
    [(0, 0, True, True), (3, 3, True, True), (3, 2, False, True), (4, 3, False, True),
     (6, 3, True, True), (2, 0, False, True)],
)  # fmt: skip
def test_a_comparison_tells_neither_few_of_those_in_it_nor_few_of_those_left_out(
    closed, compared, money, energy
):
    row = COMPARED | {"closed_money": closed, "same_closed_money": compared}
    found = _paired(row)
    assert 8 == found["net_mg"]
    assert (money, energy) == (
        found["same_value_added_fen"] is not None, found["same_net_mg"] is not None
    )
    other = _paired(COMPARED | {"closed_energy": closed, "same_closed_energy": compared})
    assert money == (other["same_net_mg"] is not None)


def test_the_adjusted_index_is_not_told_where_a_division_of_it_is_not():
    key, home = ("statutory", "t"), ("statutory", "c")
    parts = [(*key, "17", 10, 100), (*home, "17", 30, 200), (*home, "26", 5, 50)]
    rows = {key: {"index_mg": 10}, home: {"index_mg": 35}}

    def told(*keys):
        untold = Untold(frozenset(keys))
        data = SimpleNamespace(home="c", areas=rows, untold=untold)
        return [_adjusted(data, parts)[k] is not None for k in (key, home)]

    assert [True, True] == told()
    assert [False, True] == told(("structure", *key, "17"))
    assert [False, False] == told(("structure", *home, "17"))
    assert [True, False] == told(("structure", *home, "26"))
