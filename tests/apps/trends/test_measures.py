"""A figure over a period: sums of months with gaps, quotients, published values, base years."""

from datetime import date
from fractions import Fraction

import pytest

from tanma.apps.trends.grains import MOST, periods
from tanma.apps.trends.measures import Known, Pair, Ratio, Sum, index, span_of
from tanma.domain.periods import parse


def year(number, each, **other):
    months = {m: each for m in parse(str(number)).months}
    return months | {date(number, int(k[1:]), 1): v for k, v in other.items()}


TWO_YEARS = Sum(year(2025, 1000) | year(2026, 1500), 3)


def test_a_sum_adds_the_months_of_a_period_exactly():
    assert Fraction(1) == TWO_YEARS.of(parse("2025-03"))
    assert Fraction(9, 2) == TWO_YEARS.of(parse("2026Q1"))
    assert Fraction(27, 2) == TWO_YEARS.of(parse("2026Q1/r4"))


def test_a_missing_month_makes_the_period_a_gap_and_no_zero():
    held = year(2025, 1000)
    del held[date(2025, 5, 1)]
    assert Sum(held).of(parse("2025Q2")) is None
    assert Fraction(3000) == Sum(held).of(parse("2025Q3"))


def test_two_periods_compare_only_where_both_are_whole():
    assert Pair(Fraction(9, 2), Fraction(3)) == TWO_YEARS.pair(parse("2026Q1"))
    assert TWO_YEARS.pair(parse("2025Q1")) is None
    assert Fraction(1, 2) == TWO_YEARS.pair(parse("2026Q1")).change


@pytest.mark.parametrize("before", [0, -4])
def test_against_nothing_there_is_no_relative_change(before):
    assert Pair(Fraction(3), Fraction(before)).change is None


def test_pairs_that_a_publication_froze_are_taken_as_they_are():
    pair = Pair(Fraction(7), Fraction(8), 5)
    own = Sum(TWO_YEARS.months, 3, {span_of(parse("2026Q1")): pair})
    assert pair == own.pair(parse("2026Q1"))
    assert own.pair(parse("2026-01")) is None


def test_a_ratio_divides_sums_and_never_averages_ratios():
    top = Sum(year(2025, 10, m1=40))
    bottom = Sum(year(2025, 100, m1=50))
    assert Fraction(40, 50) == Ratio(top, bottom).of(parse("2025-01"))
    assert Fraction(60, 250) == Ratio(top, bottom).of(parse("2025Q1"))
    assert Fraction(6000, 250) == Ratio(top, bottom, 100).of(parse("2025Q1"))


@pytest.mark.parametrize("value", [0, -1])
def test_a_ratio_to_nothing_is_a_gap(value):
    assert Ratio(Sum(year(2025, 1)), Sum(year(2025, value))).of(parse("2025Q1")) is None


def test_a_rolling_period_and_the_year_it_equals_are_one_published_span():
    known = Known({span_of(parse("2025Q4/r4")): Fraction(2)})
    assert Fraction(2) == known.of(parse("2025"))
    assert known.of(parse("2025Q4")) is None


def test_amounts_take_their_part_of_the_base_year_and_ratios_its_own_value():
    base = parse("2025")
    assert Fraction(150) == index(TWO_YEARS, base, parse("2026-02"))
    assert Fraction(150) == index(TWO_YEARS, base, parse("2026Q1"))
    ratio = Known({span_of(base): Fraction(4), span_of(parse("2026Q1/r4")): Fraction(3)})
    assert Fraction(75) == index(ratio, base, parse("2026Q1/r4"))
    amount = Known({span_of(base): Fraction(4), span_of(parse("2026Q1")): Fraction(3)}, adds=True)
    assert Fraction(300) == index(amount, base, parse("2026Q1"))


def test_without_a_whole_base_year_there_is_no_index():
    held = year(2025, 10)
    del held[date(2025, 12, 1)]
    assert index(Sum(held | year(2026, 10)), parse("2025"), parse("2026Q1")) is None


@pytest.mark.parametrize(
    ("grain", "expected"),
    [
        ("month", ["2025-11", "2025-12", "2026-01", "2026-02", "2026-03"]),
        ("quarter", ["2026Q1"]),
        ("half", []),
        ("year", []),
        ("rolling", ["2025Q4/r4", "2026Q1/r4"]),
    ],
)
def test_a_span_is_cut_into_whole_periods(grain, expected):
    found = periods(grain, date(2025, 11, 1), date(2026, 3, 1))
    assert expected == [p.text for p in found]


def test_half_years_and_years_are_cut_at_january_and_july():
    first, last = date(2024, 1, 1), date(2025, 12, 1)
    assert ["2024H1", "2024H2", "2025H1", "2025H2"] == [
        p.text for p in periods("half", first, last)
    ]
    assert ["2024", "2025"] == [p.text for p in periods("year", first, last)]


def test_of_many_periods_the_newest_are_drawn():
    found = periods("month", date(2015, 1, 1), date(2026, 3, 1))
    assert (MOST, "2026-03") == (len(found), found[-1].text)
