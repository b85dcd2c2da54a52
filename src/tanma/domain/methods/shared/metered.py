"""What meters say, turned into what accounts use: gas at standard conditions, own use of PV."""

from __future__ import annotations

from tanma.domain.methods.shared import declared  # noqa: F401  declares the inputs
from tanma.domain.quantities import quantity


@quantity(
    unit="m3",
    source="Ideal gas law with compressibility",
    evidence="confirmed",
    symbol="V_n",
    name_zh="标况气体体积",
    name_en="gas volume at standard conditions",
)
def gas_standard_m3(
    gas_working_m3: float,
    gas_kpa: float,
    gas_k: float,
    gas_standard_kpa: float,
    gas_standard_k: float,
    gas_compressibility_ratio: float,
) -> float:
    """V_n [m3] = V [m3] × p/p_n [kPa, absolute] × T_n/T [K] ÷ (Z/Z_n).

    Z/Z_n is 1 for an ideal gas; above about 1 MPa natural gas needs its own.
    """
    pressed = gas_working_m3 * gas_kpa / gas_standard_kpa
    return pressed * gas_standard_k / gas_k / gas_compressibility_ratio


@quantity(
    unit="kWh",
    source="Energy balance of a site with PV",
    evidence="confirmed",
    symbol="EL_pv",
    name_zh="光伏自用电量",
    name_en="PV electricity used on site",
)
def pv_self_used_kwh(pv_generated_kwh: float, pv_exported_kwh: float) -> float:
    """Own use [kWh] = generated [kWh] − exported [kWh]; derived, never a channel."""
    return pv_generated_kwh - pv_exported_kwh
