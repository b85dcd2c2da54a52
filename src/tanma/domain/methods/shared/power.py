"""Electricity: bought, sold and self-used, each as amount × factor; the edition gives the sign."""

from __future__ import annotations

from tanma.domain.methods.shared.declared import KWH_PER_MWH
from tanma.domain.quantities import quantity


@quantity(
    unit="tCO2",
    source="NDRC guidelines 2013-2015; GB/T 32151 parts, bought and sold electricity",
    evidence="confirmed",
    symbol="E_el",
    name_zh="电力排放",
    name_en="electricity",
    quantum="mg",
)
def power_co2_t(power_kwh: float, grid_tco2_per_mwh: float) -> float:
    """Emission of electricity [tCO2] = EL [kWh] ÷ 1000 × EF_el [tCO2/MWh]."""
    return power_kwh / KWH_PER_MWH * grid_tco2_per_mwh


@quantity(
    unit="kWh",
    source="Tanma: metered self-use of renewable electricity",
    evidence="own_rule",
    symbol="EL_self",
    name_zh="可再生能源自用电量",
    name_en="renewable electricity self-used",
)
def self_use_kwh(generated_kwh: float, exported_kwh: float) -> float:
    """Self-use [kWh] = generation [kWh] − export [kWh]."""
    return generated_kwh - exported_kwh


@quantity(
    unit="tCO2",
    source="Tanma: self-use at the grid factor of the account",
    evidence="own_rule",
    symbol="N_self",
    name_zh="自用可再生电力的碳中和量",
    name_en="neutralised by self-use",
    quantum="mg",
)
def self_use_co2_t(self_use_kwh: float, grid_tco2_per_mwh: float) -> float:
    """Neutralised by self-use [tCO2] = self-use [kWh] ÷ 1000 × EF_el [tCO2/MWh]."""
    return self_use_kwh / KWH_PER_MWH * grid_tco2_per_mwh
