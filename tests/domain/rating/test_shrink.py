"""Shrinking by hand: the variances, the weight, the average between two, and their edges."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanma.domain.rating.benchmark import Aggregate
from tanma.domain.rating.scheme import Shrink
from tanma.domain.rating.shrink import POSTED, Spread, blend, k_of, variances

RULE = Shrink("proposed", fallback_k=Fraction(2))
# Fifteen members around 0 and fifteen around 10, each industry with squares of 140 about its mean.
# Within 280 ÷ 28 = 10. The mean of all is 5, so the industries' mean square is 2 · 15 · 25 = 750;
# it exceeds 10 by 740, over 15 members an industry: between 740 ÷ 15.
TWO = [Spread(15, 0, 140), Spread(15, 150, 140 + 15 * 100)]


def of(numerator: int, denominators: list[int]) -> Aggregate:
    squares = sum(d * d for d in denominators)
    return Aggregate("x", "x", len(denominators), numerator, sum(denominators), squares)


def average(own: Aggregate, wide: Aggregate, k: Fraction) -> Fraction:
    made = blend(own, wide, k)
    return Fraction(made.numerator, made.denominator)


def test_variances_of_two_industries():
    assert (Fraction(10), Fraction(740, 15)) == variances(TWO)
    assert Fraction("0.2027") == k_of(RULE, TWO)  # 150 ÷ 740 at four decimals


def test_industries_of_unequal_size():
    """Twenty and ten members: (30 - 500 ÷ 30) ÷ 1 = 40/3 count as members of an industry."""
    unequal = [Spread(20, 0, 280), Spread(10, 90, 810 + 280)]
    # within 560 ÷ 28 = 20; mean 3; mean square of industries 20 · 9 + 10 · 36 = 540
    assert (Fraction(20), Fraction(520 * 3, 40)) == variances(unequal)
    assert Fraction("0.5128") == k_of(RULE, unequal)  # 20 ÷ 39


@pytest.mark.parametrize(
    "told",
    [
        [],
        [Spread(1, 7, 49)],
        [Spread(60, 0, 600)],
        [Spread(15, 0, 140), Spread(14, 0, 140)],
        [Spread(1, i, i * i) for i in range(40)],
    ],
    ids=["nobody", "one", "one industry", "29 members", "each alone"],
)
def test_members_that_cannot_tell_leave_the_fallback(told: list[Spread]):
    assert variances(told) is None
    assert Fraction(2) == k_of(RULE, told)


def test_industries_that_do_not_differ_keep_nothing_of_their_own():
    """Between is not below 0: k is infinite, the weight 0."""
    assert (Fraction(10), Fraction()) == variances([Spread(15, 0, 140), Spread(15, 0, 140)])
    assert k_of(RULE, [Spread(15, 0, 140), Spread(15, 0, 140)]) is None


def test_all_equal_tells_nothing_and_leaves_the_fallback():
    assert (0, 0) == variances([Spread(15, 30, 60), Spread(15, 30, 60)])
    assert Fraction(2) == k_of(RULE, [Spread(15, 30, 60), Spread(15, 30, 60)])


def test_industries_without_any_spread_inside_keep_their_own_average():
    assert Fraction() == k_of(RULE, [Spread(15, 0, 0), Spread(15, 30, 60)])
    own, wide = of(700, [100]), of(1600, [100, 200])
    assert (1, Fraction(7)) == (blend(own, wide, Fraction()).weight, average(own, wide, Fraction()))


def test_a_stated_k_is_not_estimated():
    assert Fraction(5) == k_of(Shrink("proposed", Fraction(2), Fraction(5)), TWO)


@pytest.mark.parametrize(
    ("expected", "own", "k"),
    [
        (4, [100], "1"),  # one member, k 1: w = 1/2, the geometric mean of 1 and 16
        (8, [100], "3"),  # w = 1/4: 16^(3/4)
        (2, [50, 50, 50], "1"),  # three equal members: w = 3/4
        (4, [30, 30], "2"),
    ],
)
def test_the_average_lies_between_by_the_effective_members(
    expected: int, own: list[int], k: str
) -> None:
    small, wide = of(sum(own), own), of(16 * 700, [100] * 7)
    assert expected == average(small, wide, Fraction(k))


def test_effective_members_weigh_not_their_number():
    """300 and 100: n_eff = 400² ÷ (300² + 100²) = 1.6, w = 1.6 ÷ 3.6."""
    assert Fraction(4, 9) == blend(of(1, [300, 100]), of(16, [1] * 9), Fraction(2)).weight


def test_an_irrational_average_is_posted_once_half_even():
    """√2 on whole tonnes: 1.414213562373095|0488…"""
    made = blend(of(1, [1]), of(2, [1]), Fraction(1))
    assert (1414213562373095, 10**15) == (made.numerator, made.denominator)


def test_amounts_in_milligrams_are_posted_at_the_wider_population():
    """2 · 10¹² mg on 10⁹ fen toward 8 · 10¹⁶ mg on 10¹³ fen: 4,000 mg/fen, no further decimals."""
    made = blend(of(2 * 10**12, [10**9]), of(8 * 10**16, [10**13]), Fraction(1))
    assert (4 * 10**16, 10**13) == (made.numerator, made.denominator)


amounts = st.integers(1, 10**17)


@given(amounts, st.lists(amounts, min_size=1, max_size=4), amounts, amounts, st.integers(1, 50))
def test_the_average_never_leaves_the_two_it_is_made_of(e, own, wide_e, wide_d, k):
    small, wide = of(e, own), of(wide_e, [wide_d])
    ends = sorted(Fraction(a.sum_numerator, a.sum_denominator) for a in (small, wide))
    step = Fraction(1, POSTED)
    assert ends[0] * (1 - step) <= average(small, wide, Fraction(k)) <= ends[1] * (1 + step)
