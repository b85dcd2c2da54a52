"""Published and hand-computed figures that the formulas must give."""

import pytest

from tanma.domain.methods import shared  # noqa: F401
from tanma.domain.quantities import find

BITUMINOUS = {"ncv_gj_per_unit": 19.570, "carbon_tc_per_gj": 0.02618, "oxidation_fraction": 0.93}
COAL = {"ncv_gj_per_unit": 26.7, "carbon_tc_per_gj": 0.03085, "oxidation_fraction": 0.99}
GAS = {"ncv_gj_per_unit": 389.31, "carbon_tc_per_gj": 0.0153, "oxidation_fraction": 0.99}
CLINKER = {
    "clinker_t": 1e6,
    "kiln_dust_t": 0,
    "bypass_dust_t": 0,
    "cao_fraction": 0.65,
    "cao_other_fraction": 0,
    "mgo_fraction": 0.02,
    "mgo_other_fraction": 0,
}
ANODE = {"anode_t_per_t": 0.42, "sulphur_fraction": 0.02, "ash_fraction": 0.004}
PFC = {"cf4_kg_per_t": 0.034, "cf4_gwp": 6630, "c2f6_kg_per_t": 0.0034, "c2f6_gwp": 11100}
CERAMIC = {"calcination_fraction": 0.9, "caco3_fraction": 0.05, "mgco3_fraction": 0.02}
DOLOMITE = {
    "carbonate_t": 10.5,
    "carbonate_fraction": 0.98,
    "carbonate_tco2_per_t": 0.478,
    "calcination_fraction": 1,
}
FGD = {
    "carbonate_t": 1000,
    "carbonate_fraction": 0.9,
    "carbonate_tco2_per_t": 0.44,
    "calcination_fraction": 1,
}
STEAM = {"steam_t": 1000, "steam_kj_per_kg": 2777, "reference_kj_per_kg": 83.74}
WATER = {"water_t": 1000, "water_degc": 80, "reference_degc": 20, "water_kj_per_kg_degc": 4.1868}


@pytest.mark.parametrize(
    ("expected", "decimals", "formula", "values"),
    [
        (17470.88266, 5, "fuel_co2_t", {"fuel_amount": 10_000, **BITUMINOUS}),
        (2990.01285, 5, "fuel_co2_t", {"fuel_amount": 1000, **COAL}),
        (216.21888, 5, "fuel_co2_t", {"fuel_amount": 10, **GAS}),
        (532714.2857, 4, "clinker_co2_t", CLINKER),
        (1.50304, 5, "anode_co2_t", {"aluminium_t": 1, **ANODE}),
        (0.26316, 5, "anode_effect_co2_t", {"aluminium_t": 1, **PFC}),
        (29.2286, 4, "ceramic_co2_t", {"carbonate_t": 1000, **CERAMIC}),
        (4.91862, 5, "carbonate_co2_t", DOLOMITE),
        (396, 9, "carbonate_co2_t", FGD),
        (2693.26, 9, "steam_heat_gj", STEAM),
        (251.208, 9, "hot_water_heat_gj", WATER),
        (424.48, 9, "power_co2_t", {"power_kwh": 800_000, "grid_tco2_per_mwh": 0.5306}),
        (122.9, 9, "power_calorific_tce", {"power_kwh": 1e6, "calorific_tce_per_mwh": 0.1229}),
        (7143, 9, "energy_calorific_tce", {"energy_amount": 1e4, "calorific_tce_per_unit": 0.7143}),
    ],
)
def test_arithmetic(expected, decimals, formula, values):
    assert expected == round(find(formula).number(values), decimals)


def test_steam_as_bought_heat():
    heat_gj = find("steam_heat_gj").number(STEAM)
    emission_t = find("heat_co2_t").number({"heat_gj": heat_gj, "heat_tco2_per_gj": 0.11})
    assert 296.2586 == round(emission_t, 4)


def test_dust_leaving_the_kiln_and_oxides_not_from_carbonate():
    """(1,000,000 + 100 + 50) t × [(0.65 − 0.01) × 44/56 + (0.02 − 0.005) × 44/40]."""
    values = {
        **CLINKER,
        "kiln_dust_t": 100,
        "bypass_dust_t": 50,
        "cao_other_fraction": 0.01,
        "mgo_other_fraction": 0.005,
    }
    assert 519_435.0464 == round(find("clinker_co2_t").number(values), 4)


def test_measured_carbon_gives_what_heat_times_carbon_per_heat_gives():
    by_heat = find("fuel_co2_t").number({"fuel_amount": 10_000, **BITUMINOUS})
    by_carbon = find("fuel_carbon_co2_t").number(
        {
            "fuel_amount": 10_000,
            "carbon_tc_per_unit": 19.570 * 0.02618,
            "oxidation_fraction": 0.93,
        }
    )
    assert by_heat == pytest.approx(by_carbon, rel=1e-12)


def test_the_published_enterprise_of_quzhou():
    """Energy 11,659.61 t and process 2,491.14 t add to 14,150.75 t; at 0.1032 t per t, 137,120 t.

    Source: a newspaper report on an enterprise's account of 2020.
    """
    lines_mg = [11_659_610_000_000, 2_491_140_000_000]
    account = find("emission_total_mg").number({"line_mg": lines_mg})
    assert 14_150_750_000_000 == account.value
    values = {"account_mg": account.value, "product_amount": 137_120}
    assert 0.1032 == round(find("emission_per_product").number(values), 4)


def test_the_two_examples_of_the_newspaper_and_the_two_firms_of_one_industry():
    """2.4 against 3.2 gives K = 0.75 (高碳2级), 1.5 gives 0.469 (中碳1级); A and B 0.5, 1.5."""
    ratio = find("ratio_to_average")
    for own, average, expected in ((2.4, 3.2, 0.75), (1.5, 3.2, 0.469)):
        values = {"carbon_efficiency": own, "average_tco2_per_10k_yuan": average}
        assert expected == round(ratio.number(values), 3)
    average = find("carbon_efficiency").number({"net_emission_tco2": 400, "money_10k_yuan": 200})
    assert 2.0 == average
    for emission, expected in ((100, 0.5), (300, 1.5)):
        own = {"net_emission_tco2": emission, "money_10k_yuan": 100}
        assert expected == ratio.number(own | {"average_tco2_per_10k_yuan": average})
    assert "L ÷ B" == ratio.written()


def test_self_use_is_generation_less_export():
    values = {"generated_kwh": 7_200_000, "exported_kwh": 200_000, "grid_tco2_per_mwh": 0.5}
    assert 7_000_000 == find("self_use_kwh").number(values)
    assert 3500 == find("self_use_co2_t").number(values)
    assert 3_500_000_000_000 == find("self_use_co2_t").posted(values)


def test_intensities():
    money = {"account_mg": 24 * 10**9, "account_gce": 10 * 10**6, "money_yuan": 100_000}
    assert 2.4 == find("emission_per_value").number(money)
    assert 1.0 == find("energy_per_value").number(money)
    product = {"account_gce": 10 * 10**6, "product_amount": 4}
    assert 2.5 == find("energy_per_product").number(product)
