"""Enthalpies against the verification values that the IF97 release prints for its own tables."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanma.domain.factors.tables import table
from tanma.domain.messages import Problem
from tanma.domain.steam import (
    enthalpies_kj_per_kg,
    enthalpy_kj_per_kg,
    kelvin,
    saturated_enthalpies_kj_per_kg,
    saturated_kj_per_kg,
    saturation_k,
    saturation_mpa,
)

REGION_1 = [(300, 3, 115.331273), (300, 80, 184.142828), (500, 3, 975.542239)]
REGION_2 = [(300, 0.0035, 2549.91145), (700, 0.0035, 3335.68375), (700, 30, 2631.49474)]
PRINTED = [*REGION_1, *REGION_2]


@pytest.mark.parametrize(("temperature_k", "pressure_mpa", "expected"), PRINTED)
def test_the_verification_values_of_the_release(temperature_k, pressure_mpa, expected):
    """Nine printed digits each."""
    assert f"{expected:.9g}" == f"{enthalpy_kj_per_kg(pressure_mpa, temperature_k):.9g}"


@pytest.mark.parametrize(
    ("temperature_k", "expected"),
    [(300, 0.353658941e-2), (500, 0.263889776e1), (600, 0.123443146e2)],
)
def test_saturation_pressures_of_the_release(temperature_k, expected):
    assert f"{expected:.9g}" == f"{saturation_mpa(temperature_k):.9g}"


@pytest.mark.parametrize(
    ("pressure_mpa", "expected"),
    [(0.1, 0.372755919e3), (1, 0.453035632e3), (10, 0.584149488e3)],
)
def test_saturation_temperatures_of_the_release(pressure_mpa, expected):
    assert f"{expected:.9g}" == f"{saturation_k(pressure_mpa):.9g}"


def test_the_border_of_regions_2_and_3_as_printed():
    """At 623.15 K the saturation line meets the border at 16.5291643 MPa."""
    assert "16.5291643" == f"{saturation_mpa(623.15):.9g}"
    assert 2500 < enthalpy_kj_per_kg(16.52, 623.15) < 2600
    with pytest.raises(Problem):
        enthalpy_kj_per_kg(16.7, 624)


def test_dry_saturated_steam_lies_where_the_regions_meet():
    for pressure_mpa in (0.1, 0.5, 0.9, 4, 16):
        at = saturation_k(pressure_mpa)
        steam, water = (enthalpy_kj_per_kg(pressure_mpa, at + d) for d in (1e-6, -1e-6))
        assert saturated_kj_per_kg(pressure_mpa) == pytest.approx(steam, rel=1e-6)
        assert saturated_kj_per_kg(pressure_mpa, 0) == pytest.approx(water, rel=1e-6)
        half = saturated_kj_per_kg(pressure_mpa, 0.5)
        assert half == pytest.approx((steam + water) / 2, rel=1e-6)


@given(st.floats(273.16, 647))
def test_saturation_goes_both_ways(temperature_k):
    assert saturation_k(saturation_mpa(temperature_k)) == pytest.approx(temperature_k, abs=1e-6)


@given(st.floats(0.01, 10), st.floats(460, 1000), st.floats(0.1, 50))
def test_hotter_steam_holds_more(pressure_mpa, temperature_k, warmer_k):
    low = max(temperature_k, saturation_k(pressure_mpa) + 0.01)
    assert enthalpy_kj_per_kg(pressure_mpa, low) < enthalpy_kj_per_kg(pressure_mpa, low + warmer_k)


@pytest.mark.parametrize(
    ("pressure_mpa", "temperature_k"),
    [(0, 500), (-1, 500), (101, 500), (1, 273.14), (1, 1073.2), (25, 650)],
)
def test_states_that_are_not_covered_are_refused(pressure_mpa, temperature_k):
    with pytest.raises(Problem) as caught:
        enthalpy_kj_per_kg(pressure_mpa, temperature_k)
    assert "steam_outside" == caught.value.code
    for language in ("zh", "en"):
        assert f"{temperature_k}" in caught.value.text(language)
        assert f"{pressure_mpa}" in caught.value.text(language)


@pytest.mark.parametrize(("pressure_mpa", "dryness"), [(17, 1), (1, 1.2), (1, -0.1), (0, 1)])
def test_what_is_not_saturated_steam_is_refused(pressure_mpa, dryness):
    with pytest.raises(Problem) as caught:
        saturated_kj_per_kg(pressure_mpa, dryness)
    assert "steam_not_saturated" == caught.value.code
    assert "干度" in caught.value.text("zh")
    assert "dryness" in caught.value.text("en")


def test_columns_agree_with_single_values_and_keep_what_is_missing():
    pressures = pa.array([3.0, 0.0035, None, 25.0, 3.0])
    temperatures = pa.array([300.0, 700.0, 500.0, 650.0, None])
    found = enthalpies_kj_per_kg(pressures, temperatures).to_pylist()
    singles = [enthalpy_kj_per_kg(3, 300), enthalpy_kj_per_kg(0.0035, 700)]
    assert [*singles, None, None, None] == found


def test_columns_of_saturated_steam_agree_with_single_values():
    found = saturated_enthalpies_kj_per_kg(pa.array([0.1, None, 16.0, 17.0, 0.0, -1.0])).to_pylist()
    assert [saturated_kj_per_kg(0.1), None, saturated_kj_per_kg(16), None, None, None] == found


def test_degrees_celsius_become_kelvin():
    assert 293.15 == kelvin(20)


def test_the_table_is_whole_and_says_where_it_comes_from():
    card = table("if97").card
    assert "IAPWS" in card.document
    assert card.checked_against_print is False
    parts = [row["part"] for row in table("if97").rows]
    assert (34, 9, 43, 10, 3) == tuple(
        parts.count(p) for p in ("region1", "region2_ideal", "region2", "region4", "boundary23")
    )
