"""Process emissions: activity × factor, carbonates, clinker, anodes and anode effects."""

from __future__ import annotations

from tanma.domain.methods.shared.declared import CO2_PER_C, KG_PER_T
from tanma.domain.quantities import Ratio, quantity

CO2_PER_CAO = Ratio(44, 56, unit="tCO2/t")
CO2_PER_MGO = Ratio(44, 40, unit="tCO2/t")
CO2_PER_CACO3 = Ratio(44, 100, unit="tCO2/t")
CO2_PER_MGCO3 = Ratio(44, 84, unit="tCO2/t")


@quantity(
    unit="tCO2",
    source="NDRC guidelines 2013-2015, activity × factor",
    evidence="confirmed",
    symbol="E_proc",
    name_zh="工业过程排放",
    name_en="process emission",
    quantum="mg",
)
def process_co2_t(process_amount: float, process_tco2_per_unit: float) -> float:
    """Process emission [tCO2] = AD [item unit] × EF [tCO2 per item unit]."""
    return process_amount * process_tco2_per_unit


@quantity(
    unit="tCO2",
    source="NDRC flat glass and power guidelines 2013; IPCC 2006 Vol. 3 for factors",
    evidence="recalled",
    symbol="E_carb",
    name_zh="碳酸盐分解排放",
    name_en="carbonate decomposition",
    quantum="mg",
)
def carbonate_co2_t(
    carbonate_t: float,
    carbonate_fraction: float,
    carbonate_tco2_per_t: float,
    calcination_fraction: float,
) -> float:
    """Carbonate decomposition [tCO2] = M [t] × w [1] × EF_c [tCO2/t] × F [1]."""
    return carbonate_t * carbonate_fraction * carbonate_tco2_per_t * calcination_fraction


@quantity(
    unit="tCO2",
    source="NDRC ceramics guideline 2013",
    evidence="recalled",
    symbol="E_clay",
    name_zh="陶瓷原料碳酸盐分解排放",
    name_en="carbonates of ceramic raw material",
    quantum="mg",
)
def ceramic_co2_t(
    carbonate_t: float, calcination_fraction: float, caco3_fraction: float, mgco3_fraction: float
) -> float:
    """Ceramic raw material [tCO2] = M [t] × F [1] × (CaCO3 × 44/100 + MgCO3 × 44/84)."""
    released_tco2_per_t = caco3_fraction * CO2_PER_CACO3 + mgco3_fraction * CO2_PER_MGCO3
    return carbonate_t * calcination_fraction * released_tco2_per_t


@quantity(
    unit="tCO2/t",
    source="GB/T 32151.8-2023; NDRC cement guideline 2013",
    evidence="recalled",
    symbol="EF_clk",
    name_zh="熟料碳酸盐分解排放因子",
    name_en="process factor of clinker",
)
def clinker_tco2_per_t(
    cao_fraction: float,
    cao_other_fraction: float,
    mgo_fraction: float,
    mgo_other_fraction: float,
) -> float:
    """Process factor of clinker [tCO2/t] = (FR1 − FR10) × 44/56 + (FR2 − FR20) × 44/40."""
    from_lime = (cao_fraction - cao_other_fraction) * CO2_PER_CAO
    return from_lime + (mgo_fraction - mgo_other_fraction) * CO2_PER_MGO


@quantity(
    unit="tCO2",
    source="GB/T 32151.8-2023; NDRC cement guideline 2013",
    evidence="recalled",
    symbol="E_clk",
    name_zh="熟料生产碳酸盐分解排放",
    name_en="carbonate decomposition in clinker",
    quantum="mg",
)
def clinker_co2_t(
    clinker_t: float, kiln_dust_t: float, bypass_dust_t: float, clinker_tco2_per_t: float
) -> float:
    """Clinker [tCO2] = (Q_clk + Q_ckd + Q_bpd) [t] × EF_clk [tCO2/t]."""
    return (clinker_t + kiln_dust_t + bypass_dust_t) * clinker_tco2_per_t


@quantity(
    unit="tCO2",
    source="GB/T 32151.8-2023; NDRC cement guideline 2013",
    evidence="recalled",
    symbol="E_raw",
    name_zh="生料非燃料碳煅烧排放",
    name_en="non-fuel carbon of raw meal",
    quantum="mg",
)
def raw_meal_co2_t(raw_meal_t: float, raw_meal_carbon_fraction: float) -> float:
    """Non-fuel carbon of raw meal [tCO2] = Q_raw [t] × FR0 [tC/t] × 44/12."""
    return raw_meal_t * raw_meal_carbon_fraction * CO2_PER_C


@quantity(
    unit="tCO2",
    source="NDRC electrolytic aluminium guideline 2013",
    evidence="recalled",
    symbol="E_anode",
    name_zh="阳极消耗排放",
    name_en="anode consumption",
    quantum="mg",
)
def anode_co2_t(
    aluminium_t: float, anode_t_per_t: float, sulphur_fraction: float, ash_fraction: float
) -> float:
    """Anode consumption [tCO2] = P [t] × NC [t/t] × (1 − S − A) × 44/12."""
    return aluminium_t * anode_t_per_t * (1 - sulphur_fraction - ash_fraction) * CO2_PER_C


@quantity(
    unit="tCO2",
    source="NDRC electrolytic aluminium guideline 2013",
    evidence="recalled",
    symbol="E_PFC",
    name_zh="阳极效应排放（二氧化碳当量）",
    name_en="anode effects, CO2 equivalent",
    quantum="mg",
)
def anode_effect_co2_t(
    aluminium_t: float,
    cf4_kg_per_t: float,
    cf4_gwp: float,
    c2f6_kg_per_t: float,
    c2f6_gwp: float,
) -> float:
    """Anode effects [tCO2e] = P [t] × (EF_CF4 × GWP_CF4 + EF_C2F6 × GWP_C2F6) [kg/t] ÷ 1000."""
    return aluminium_t * (cf4_kg_per_t * cf4_gwp + c2f6_kg_per_t * c2f6_gwp) / KG_PER_T
