"""The regional index: exact cut-offs, unknowns, the structure-adjusted index."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanma.domain.rating.attention import Totals, Verdict, index_rule, regional
from tanma.domain.rating.attention.regional import adjusted

REGION = Totals(1_000, 1_000)
RULE = index_rule()


def judge(rule, now, region, before, *, whole=False):
    """The verdict where every enterprise of the area is there in both years."""
    years = None if before is None else (now, before)
    return regional.judge(rule, now, region, years, whole=whole)


def test_only_the_same_enterprises_are_compared_over_the_years():
    area, same, before = Totals(1_500, 1_000), Totals(900, 1_000), Totals(1_000, 1_000)
    assert Verdict(False) == regional.judge(RULE, area, REGION, (same, before))
    assert ("above_region", "yearly_rise") == judge(RULE, area, REGION, before).causes


def test_an_index_at_exactly_the_factor_is_normal_and_one_mg_more_is_not():
    before = Totals(1_190, 1_000)
    assert Verdict(False) == judge(RULE, Totals(1_200, 1_000), REGION, before)
    assert Verdict(True, ("above_region",)) == judge(RULE, Totals(1_201, 1_000), REGION, before)


def test_above_the_factor_but_not_worse_than_last_year_is_normal():
    high = Totals(5_000, 1_000)
    assert Verdict(False) == judge(RULE, high, REGION, high)
    assert Verdict(False) == judge(RULE, high, REGION, Totals(5_001, 1_000))


def test_a_rise_of_exactly_ten_per_cent_is_normal_and_one_mg_more_is_not():
    before = Totals(100, 1_000)
    assert Verdict(False) == judge(RULE, Totals(110, 1_000), REGION, before)
    assert Verdict(True, ("yearly_rise",)) == judge(RULE, Totals(111, 1_000), REGION, before)


def test_both_conditions_are_named():
    found = judge(RULE, Totals(3_000, 1_000), REGION, Totals(1_000, 1_000))
    assert Verdict(True, ("above_region", "yearly_rise")) == found


def test_cut_offs_hold_beyond_what_a_float_can_tell_apart():
    output = 10**18
    at, above = Totals(12 * 10**17, output), Totals(12 * 10**17 + 1, output)
    region, before = Totals(output, output), Totals(12 * 10**17 - 1, output)
    assert at.emission_mg / output == above.emission_mg / output
    assert judge(RULE, at, region, before).abnormal is False
    assert judge(RULE, above, region, before).abnormal is True


@pytest.mark.parametrize(
    ("now", "before"),
    [(Totals(5, 0), Totals(5, 5)), (Totals(5, 5), None), (Totals(5, 5), Totals(5, 0))],
)
def test_without_output_or_the_year_before_nothing_is_said(now, before):
    assert Verdict(None) == judge(RULE, now, REGION, before)


def test_the_whole_region_is_compared_with_its_past_only():
    now, before = Totals(1_050, 1_000), Totals(1_000, 1_000)
    smaller = Totals(500, 1_000)
    assert ("above_region",) == judge(RULE, now, smaller, before).causes
    assert Verdict(False) == judge(RULE, now, smaller, before, whole=True)


def test_the_adjusted_index_compares_like_with_like():
    cement, textile = Totals(9_000, 1_000), Totals(1_000, 10_000)
    town = [(Totals(4_500, 500), cement)]
    assert Fraction(1) == adjusted(town)
    mixed = [(Totals(6_000, 500), cement), (Totals(100, 2_000), textile)]
    assert Fraction(6_100, 4_500 + 200) == adjusted(mixed)


def test_without_anything_expected_there_is_no_adjusted_index():
    assert adjusted([]) is None
    assert adjusted([(Totals(5, 5), Totals(5, 0))]) is None


amounts = st.integers(1, 10**15)


@given(st.lists(st.tuples(amounts, amounts), min_size=1, max_size=6))
def test_the_region_itself_has_the_adjusted_index_one(parts):
    own = [Totals(e, o) for e, o in parts]
    assert Fraction(1) == adjusted([(t, t) for t in own])
