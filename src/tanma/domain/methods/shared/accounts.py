"""What is computed above the lines: totals of posted integers, and ratios of totals."""

from __future__ import annotations

from tanma.domain.methods.shared.declared import GCE_PER_TCE, MG_PER_T, YUAN_PER_10K
from tanma.domain.quantities import Total, quantity, total


@quantity(
    unit="mgCO2",
    source="Tanma: totals add posted integers",
    evidence="own_rule",
    symbol="E",
    name_zh="碳排放合计",
    name_en="total of emission lines",
)
def emission_total_mg(line_mg: Total) -> Total:
    """Sum of posted emission lines [mgCO2] with the number missing and bounds."""
    return total(line_mg)  # type: ignore[no-any-return]


@quantity(
    unit="gce",
    source="Tanma: totals add posted integers",
    evidence="own_rule",
    symbol="E",
    name_zh="能源合计",
    name_en="total of energy lines",
)
def energy_total_gce(line_gce: Total) -> Total:
    """Sum of posted energy lines [gce] with the number missing and bounds."""
    return total(line_gce)  # type: ignore[no-any-return]


@quantity(
    unit="1",
    source="Huzhou carbon-efficiency code, public description",
    evidence="confirmed",
    symbol="R_N",
    name_zh="碳中和率",
    name_en="neutrality rate",
)
def neutrality_rate(neutral_mg: float, gross_mg: float) -> float:
    """Neutrality rate [1] = neutralised amount N [mgCO2] ÷ gross emissions [mgCO2]."""
    return neutral_mg / gross_mg


@quantity(
    unit="tCO2/10^4 yuan",
    source="Tanma: intensity per value",
    evidence="own_rule",
    symbol="I_V",
    name_zh="单位产值（增加值）碳排放",
    name_en="emissions per value",
)
def emission_per_value(account_mg: float, money_yuan: float) -> float:
    """Emissions per value [tCO2/10⁴ yuan] = E [mgCO2] ÷ 10⁹ ÷ (V [yuan] ÷ 10⁴)."""
    return account_mg / MG_PER_T / (money_yuan / YUAN_PER_10K)


@quantity(
    unit="tCO2/{unit}",
    source="Tanma: intensity per product",
    evidence="own_rule",
    symbol="I_P",
    name_zh="单位产品碳排放",
    name_en="emissions per product",
)
def emission_per_product(account_mg: float, product_amount: float) -> float:
    """Emissions per product [tCO2 per item unit] = E [mgCO2] ÷ 10⁹ ÷ P [item unit]."""
    return account_mg / MG_PER_T / product_amount


@quantity(
    unit="tce/10^4 yuan",
    source="Tanma: intensity per value",
    evidence="own_rule",
    symbol="e_V",
    name_zh="单位产值（增加值）能耗",
    name_en="energy per value",
)
def energy_per_value(account_gce: float, money_yuan: float) -> float:
    """Energy per value [tce/10⁴ yuan] = E [gce] ÷ 10⁶ ÷ (V [yuan] ÷ 10⁴)."""
    return account_gce / GCE_PER_TCE / (money_yuan / YUAN_PER_10K)


@quantity(
    unit="tce/{unit}",
    source="Tanma: intensity per product",
    evidence="own_rule",
    symbol="e_P",
    name_zh="单位产品能耗",
    name_en="energy per product",
)
def energy_per_product(account_gce: float, product_amount: float) -> float:
    """Energy per product [tce per item unit] = E [gce] ÷ 10⁶ ÷ P [item unit]."""
    return account_gce / GCE_PER_TCE / product_amount


@quantity(
    unit="tCO2/10^4 yuan",
    source="规上工业企业碳效等级评价方法 (undated upload)",
    evidence="unconfirmed",
    symbol="L",
    name_zh="碳效值",
    name_en="carbon-efficiency value",
)
def carbon_efficiency(net_emission_tco2: float, money_10k_yuan: float) -> float:
    """Carbon-efficiency value L [tCO2/10⁴ yuan] = E_net [tCO2] ÷ V [10⁴ yuan].

    The same ratio of the sums of a population is its average B.
    """
    return net_emission_tco2 / money_10k_yuan


@quantity(
    unit="1",
    source="规上工业企业碳效等级评价方法 (undated upload)",
    evidence="unconfirmed",
    symbol="K",
    name_zh="与行业平均比值",
    name_en="ratio to the industry average",
)
def ratio_to_average(carbon_efficiency: float, average_tco2_per_10k_yuan: float) -> float:
    """Ratio K [1] = L [tCO2/10⁴ yuan] ÷ B [tCO2/10⁴ yuan]."""
    return carbon_efficiency / average_tco2_per_10k_yuan
