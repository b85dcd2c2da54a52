"""Fuel combustion: by heat (NCV × CC) or by carbon content per amount; never both for one line."""

from __future__ import annotations

from tanma.domain.methods.shared.declared import CO2_PER_C
from tanma.domain.quantities import quantity

SOURCE = "NDRC guidelines 2013-2015; GB/T 32151 parts, common combustion formula"


@quantity(
    unit="GJ",
    source=SOURCE,
    evidence="confirmed",
    symbol="AD",
    name_zh="燃料热量",
    name_en="heat of the fuel",
)
def fuel_heat_gj(fuel_amount: float, ncv_gj_per_unit: float) -> float:
    """Heat of the fuel burnt [GJ] = FC [item unit] × NCV [GJ per item unit]."""
    return fuel_amount * ncv_gj_per_unit


@quantity(
    unit="tCO2",
    source=SOURCE,
    evidence="confirmed",
    symbol="E_fuel",
    name_zh="燃料燃烧排放",
    name_en="fuel combustion",
    quantum="mg",
)
def fuel_co2_t(fuel_heat_gj: float, carbon_tc_per_gj: float, oxidation_fraction: float) -> float:
    """Combustion by heat [tCO2] = AD [GJ] × CC [tC/GJ] × OF [1] × 44/12."""
    return fuel_heat_gj * carbon_tc_per_gj * oxidation_fraction * CO2_PER_C


@quantity(
    unit="tCO2",
    source=SOURCE,
    evidence="confirmed",
    symbol="E_fuel",
    name_zh="燃料燃烧排放（实测含碳量）",
    name_en="fuel combustion, by carbon content",
    quantum="mg",
)
def fuel_carbon_co2_t(
    fuel_amount: float, carbon_tc_per_unit: float, oxidation_fraction: float
) -> float:
    """Combustion by carbon [tCO2] = FC [item unit] × C_ar [tC per item unit] × OF [1] × 44/12."""
    return fuel_amount * carbon_tc_per_unit * oxidation_fraction * CO2_PER_C
