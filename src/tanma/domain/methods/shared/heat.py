"""Heat bought and sold, and steam or hot water expressed as heat."""

from __future__ import annotations

from tanma.domain.methods.shared.declared import MJ_PER_GJ
from tanma.domain.quantities import quantity

SOURCE = "NDRC guidelines 2013-2015, conversion of steam and hot water"


@quantity(
    unit="tCO2",
    source="NDRC guidelines 2013-2015; GB/T 32151 parts, bought and sold heat",
    evidence="confirmed",
    symbol="E_heat",
    name_zh="热力排放",
    name_en="heat",
    quantum="mg",
)
def heat_co2_t(heat_gj: float, heat_tco2_per_gj: float) -> float:
    """Emission of heat [tCO2] = H [GJ] × EF_heat [tCO2/GJ]."""
    return heat_gj * heat_tco2_per_gj


@quantity(
    unit="GJ",
    source=SOURCE,
    evidence="recalled",
    symbol="H_st",
    name_zh="蒸汽热量",
    name_en="heat of steam",
)
def steam_heat_gj(steam_t: float, steam_kj_per_kg: float, reference_kj_per_kg: float) -> float:
    """Heat of steam [GJ] = m [t] × (h − h_0) [kJ/kg = MJ/t] ÷ 1000."""
    return steam_t * (steam_kj_per_kg - reference_kj_per_kg) / MJ_PER_GJ


@quantity(
    unit="GJ",
    source=SOURCE,
    evidence="recalled",
    symbol="H_w",
    name_zh="热水热量",
    name_en="heat of hot water",
)
def hot_water_heat_gj(
    water_t: float, water_degc: float, reference_degc: float, water_kj_per_kg_degc: float
) -> float:
    """Heat of hot water [GJ] = m [t] × (T − T_0) [°C] × c_w [kJ/(kg °C) = MJ/(t °C)] ÷ 1000."""
    return water_t * (water_degc - reference_degc) * water_kj_per_kg_degc / MJ_PER_GJ
