"""Bands are exact: what lies on a cut-off falls below it, whatever the size of the numbers."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanma.domain.rating import find, grade_of, level_of, neutrality_band
from tanma.domain.rating.bands import band_of
from tanma.domain.rating.scheme import Band

ZHEJIANG = find("zhejiang-carbon-efficiency")
UK = find("uk-ets-allocation")
T, WAN = 10**9, 10**6
positive = st.integers(1, 10**20)


@pytest.mark.parametrize(
    ("level", "intensity"),
    [("低碳", "0.60"), ("中碳", "0.6001"), ("中碳", "2.00"), ("高碳", "2.0001")],
)
def test_level_includes_its_upper_cut(level: str, intensity: str) -> None:
    assert level == level_of(int(Fraction(intensity) * T), WAN, ZHEJIANG).zh


@pytest.mark.parametrize(
    ("grade", "ratio"),
    [
        (1, "0.60"), (2, "0.61"), (2, "0.80"), (3, "0.81"),
        (3, "1.20"), (4, "1.21"), (4, "2.00"), (5, "2.01"),
    ],
)  # fmt: skip
def test_grade_includes_its_upper_cut(grade: int, ratio: str) -> None:
    own = Fraction(ratio)
    assert grade == grade_of(own.numerator, own.denominator, 1, 1, ZHEJIANG)


@pytest.mark.parametrize(
    ("pair", "own", "industry"), [("高碳2级", "2.4", "3.2"), ("中碳1级", "1.5", "3.2")]
)
def test_level_and_grade_are_two_axes(pair: str, own: str, industry: str) -> None:
    tonnes, average = int(Fraction(own) * T), int(Fraction(industry) * T)
    level = level_of(tonnes, WAN, ZHEJIANG)
    assert pair == ZHEJIANG.pair(level.id, grade_of(tonnes, WAN, average, WAN, ZHEJIANG)).zh


def test_pair_reads_in_english() -> None:
    assert ZHEJIANG.pair("high", 2).en == "high-carbon, grade 2"


def test_huakang_account_is_graded_against_a_group_of_itself() -> None:
    """11,659.61 t of energy and 2,491.14 t of process CO2; the code counts energy alone."""
    energy_mg, process_mg = 11_659_610 * 10**6, 2_491_140 * 10**6
    assert 14_150_750 * 10**6 == energy_mg + process_mg
    assert 3 == grade_of(energy_mg, WAN, energy_mg, WAN, ZHEJIANG)
    product_t = Fraction(energy_mg + process_mg, T) / Fraction("0.1032")
    assert 137_120 == round(product_t)


def test_a_last_digit_of_thirty_decides() -> None:
    """Binary64 cannot tell these two apart; integers can."""
    average, huge = 10**30, 6 * 10**29
    assert float(huge) == float(huge + 1)
    assert 1 == grade_of(huge, 1, average, 1, ZHEJIANG)
    assert 2 == grade_of(huge + 1, 1, average, 1, ZHEJIANG)


@pytest.mark.parametrize(
    ("band", "offset", "gross"),
    [
        ("none", 0, 100), ("to20", 1, 10**18), ("to20", 20, 100), ("to50", 21, 100),
        ("to50", 50, 100), ("to80", 51, 100), ("to80", 80, 100), ("below100", 81, 100),
        ("below100", 10**18 - 1, 10**18), ("neutral", 100, 100), ("neutral", 150, 100),
    ],
)  # fmt: skip
def test_neutrality_band(band: str, offset: int, gross: int) -> None:
    found = neutrality_band(offset, gross, ZHEJIANG)
    assert found is not None
    assert band == found.id


def test_no_neutrality_without_gross_or_rule() -> None:
    assert neutrality_band(0, 0, ZHEJIANG) is None
    assert neutrality_band(1, 1, UK) is None


@given(positive, positive, positive, positive, positive)
def test_more_emission_is_never_a_better_grade(e: int, more: int, d: int, se: int, sd: int) -> None:
    assert grade_of(e, d, se, sd, ZHEJIANG) <= grade_of(e + more, d, se, sd, ZHEJIANG)


@given(positive, positive, positive)
def test_more_value_added_is_never_a_worse_level(e: int, d: int, more: int) -> None:
    bands = ZHEJIANG.intensity.bands
    before = bands.index(level_of(e, d, ZHEJIANG))
    assert bands.index(level_of(e, d + more, ZHEJIANG)) <= before


@given(positive, positive, st.integers(1, 10**9))
def test_level_does_not_depend_on_the_scale(e: int, d: int, factor: int) -> None:
    assert level_of(e, d, ZHEJIANG) == level_of(e * factor, d * factor, ZHEJIANG)
    assert level_of(e, d, ZHEJIANG) == level_of(e * 1000, d, ZHEJIANG, scales=(12, 6))


@given(st.integers(-(10**20), 10**20), positive)
def test_band_of_is_the_count_of_cuts_left_behind(numerator: int, denominator: int) -> None:
    cuts = [Fraction(1, 3), Fraction(2), Fraction(7, 2)]
    bands = [*(Band(str(i), "", "", cut) for i, cut in enumerate(cuts)), Band("3", "", "")]
    behind = sum(Fraction(numerator, denominator) > cut for cut in cuts)
    assert str(behind) == band_of(numerator, denominator, bands).id
