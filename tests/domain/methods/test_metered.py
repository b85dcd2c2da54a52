"""Gas at standard conditions and the own use of PV, by numbers worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanma.domain.factors.tables import number, rows
from tanma.domain.methods.shared.metered import gas_standard_m3, pv_self_used_kwh

CONSTANTS = {r["key"]: number(r["value"]) for r in rows("constants")}
STANDARD = {
    "gas_standard_kpa": CONSTANTS["gas_standard_pressure"],
    "gas_standard_k": CONSTANTS["gas_standard_temperature"],
    "gas_compressibility_ratio": 1,
}


def test_standard_conditions_are_20_degrees_and_one_atmosphere():
    assert (101.325, 293.15) == (STANDARD["gas_standard_kpa"], STANDARD["gas_standard_k"])


@pytest.mark.parametrize(
    ("kpa", "k", "expected"),
    [
        (101.325, 293.15, 100),
        (202.65, 293.15, 200),
        (101.325, 586.3, 50),
        (405.3, 273.15, 429.2879),
    ],
)
def test_a_hundred_working_cubic_metres(kpa, k, expected):
    found = gas_standard_m3(gas_working_m3=100, gas_kpa=kpa, gas_k=k, **STANDARD)
    assert found == pytest.approx(expected, rel=1e-6)


def test_gas_that_is_denser_than_ideal_is_more():
    values = STANDARD | {"gas_compressibility_ratio": 0.8}
    found = gas_standard_m3(gas_working_m3=80, gas_kpa=101.325, gas_k=293.15, **values)
    assert found == pytest.approx(100)


def test_without_pressure_or_temperature_there_is_no_standard_volume():
    values = {"gas_working_m3": 100, "gas_kpa": None, "gas_k": 293.15, **STANDARD}
    assert gas_standard_m3.number(values) is None


@given(st.floats(1, 1e6), st.floats(90, 5000), st.floats(1, 100))
def test_more_pressure_is_more_gas(m3, kpa, more_kpa):
    low, high = (gas_standard_m3(m3, p, 290, 101.325, 293.15, 1) for p in (kpa, kpa + more_kpa))
    assert low < high


def test_own_use_of_pv_is_what_was_not_fed_in():
    assert 70 == pv_self_used_kwh(100, 30)
    assert pv_self_used_kwh.number({"pv_generated_kwh": 100, "pv_exported_kwh": None}) is None
