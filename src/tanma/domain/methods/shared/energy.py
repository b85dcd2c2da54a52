"""Energy in standard coal: 当量值 (heat content) and 等价值 (primary energy behind it), apart.

The two never stand in for each other: where no 等价 coefficient is given there is no 等价 value.
"""

from __future__ import annotations

from tanma.domain.methods.shared.declared import KWH_PER_MWH
from tanma.domain.quantities import quantity

SOURCE = "GB/T 2589-2020"


@quantity(
    unit="tce",
    source=SOURCE,
    evidence="recalled",
    symbol="E_d",
    name_zh="能源折标准煤（当量值）",
    name_en="energy in standard coal, calorific",
    quantum="gce",
)
def energy_calorific_tce(energy_amount: float, calorific_tce_per_unit: float) -> float:
    """Energy, 当量值 [tce] = E [item unit] × p_d [tce per item unit]."""
    return energy_amount * calorific_tce_per_unit


@quantity(
    unit="tce",
    source=SOURCE,
    evidence="recalled",
    symbol="E_e",
    name_zh="能源折标准煤（等价值）",
    name_en="energy in standard coal, primary-energy equivalent",
    quantum="gce",
)
def energy_equivalent_tce(energy_amount: float, equivalent_tce_per_unit: float) -> float:
    """Energy, 等价值 [tce] = E [item unit] × p_e [tce per item unit]."""
    return energy_amount * equivalent_tce_per_unit


@quantity(
    unit="tce",
    source=SOURCE,
    evidence="recalled",
    symbol="E_d",
    name_zh="电力折标准煤（当量值）",
    name_en="electricity in standard coal, calorific",
    quantum="gce",
)
def power_calorific_tce(power_kwh: float, calorific_tce_per_mwh: float) -> float:
    """Electricity, 当量值 [tce] = EL [kWh] ÷ 1000 × p_d [tce/MWh]."""
    return power_kwh / KWH_PER_MWH * calorific_tce_per_mwh


@quantity(
    unit="tce",
    source=SOURCE,
    evidence="recalled",
    symbol="E_e",
    name_zh="电力折标准煤（等价值）",
    name_en="electricity in standard coal, primary-energy equivalent",
    quantum="gce",
)
def power_equivalent_tce(power_kwh: float, equivalent_tce_per_mwh: float) -> float:
    """Electricity, 等价值 [tce] = EL [kWh] ÷ 1000 × p_e [tce/MWh]."""
    return power_kwh / KWH_PER_MWH * equivalent_tce_per_mwh
