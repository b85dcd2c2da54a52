"""What devices do: load, utilisation, specific energy and efficiency."""

from __future__ import annotations

from tanma.domain.methods.shared import declared  # noqa: F401  declares the inputs
from tanma.domain.quantities import quantity


@quantity(
    unit="1",
    source="Present power over rated power",
    evidence="confirmed",
    symbol="β",
    name_zh="负荷率",
    name_en="load",
)
def load_fraction(load_kw: float, rated_kw: float) -> float:
    """β [1] = P [kW] ÷ P_r [kW]."""
    return load_kw / rated_kw


@quantity(
    unit="1",
    source="Tanma: time of running over known time",
    evidence="own_rule",
    symbol="U",
    name_zh="设备利用率",
    name_en="utilisation",
)
def utilisation_fraction(run_h: float, idle_h: float, stop_h: float) -> float:
    """U [1] = t_run ÷ (t_run + t_idle + t_stop) [h]; time of which nothing is known is left out."""
    return run_h / (run_h + idle_h + stop_h)


@quantity(
    unit="kWh/{unit}",
    source="Energy that goes in over what comes out",
    evidence="confirmed",
    symbol="e",
    name_zh="单位产出电耗",
    name_en="specific energy",
)
def specific_energy_kwh_per_unit(device_input_kwh: float, device_output_amount: float) -> float:
    """e [kWh per unit] = E_in [kWh] ÷ Q_out [unit]."""
    return device_input_kwh / device_output_amount


@quantity(
    unit="1",
    source="Energy that comes out over energy that goes in",
    evidence="confirmed",
    symbol="η",
    name_zh="能源效率",
    name_en="efficiency",
)
def device_efficiency_fraction(device_output_gj: float, device_input_gj: float) -> float:
    """η [1] = E_out [GJ] ÷ E_in [GJ]."""
    return device_output_gj / device_input_gj
