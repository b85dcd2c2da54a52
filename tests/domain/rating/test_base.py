"""An intensity held against a base period: hand-made vectors."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tanma.domain.messages import Problem
from tanma.domain.rating.base import ToBase, same_months, to_base, years_after
from tanma.domain.rating.scheme import Base

FROZEN = Base("example", "2024")
PATH = Base("example", "2024", Fraction("0.1"))


def test_two_years_on_a_path_of_a_tenth_a_year():
    """B₀ 2.0 → 2.0 · 0.9² = 1.62; an L of 1.62 is at 0.81 of the base and on the path."""
    assert ToBase(2.0, 0.81, pytest.approx(1.62), pytest.approx(1.0)) == to_base(PATH, 1.62, 2.0, 2)


def test_everybody_halved_is_seen_against_the_base_alone():
    """K stays 1 when enterprise and industry halve alike; the ratio to the base is 0.5."""
    assert 0.5 == to_base(FROZEN, 1.0, 2.0, 2).ratio_frozen


@pytest.mark.parametrize(
    ("target", "years", "period"),
    [
        (2.0, 0, "2024"),
        (2.0, 0, "2024Q4/r4"),
        (1.8, 1, "2025"),
        (2 * 0.9**0.25, 0.25, "2025Q1/r4"),
        (None, -1, "2023"),
    ],
)
def test_years_are_counted_from_the_end_of_the_base_period(
    target: float | None, years: float, period: str
):
    assert years == years_after(PATH, period)
    assert pytest.approx(target) == to_base(PATH, 1.0, 2.0, years).target_benchmark


def test_there_is_no_path_before_the_base_or_without_a_decline():
    assert ToBase(2.0, 0.5, None, None) == to_base(PATH, 1.0, 2.0, -1 / 12)
    assert ToBase(2.0, 0.5, None, None) == to_base(FROZEN, 1.0, 2.0, 2)


@pytest.mark.parametrize(("intensity", "base"), [(None, 2.0), (1.0, None), (1.0, 0.0), (1.0, -1.0)])
def test_nothing_to_divide_gives_nothing(intensity: float | None, base: float | None):
    assert to_base(PATH, intensity, base, 2) is None


def test_an_emission_below_zero_stays_below_zero():
    assert -0.5 == to_base(PATH, -1.0, 2.0, 0).ratio_frozen


def test_the_same_months_by_other_names():
    assert same_months("2024", "2024Q4/r4")
    assert same_months("2024-01/2024-12", "2024")
    assert not same_months("2024H2", "2024")
    with pytest.raises(Problem):
        same_months("2024", "last year")
