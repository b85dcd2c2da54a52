"""The figures themselves: announcements, checks of the arithmetic, and traps in public copies."""

from __future__ import annotations

import csv
import re
from decimal import Decimal
from pathlib import Path

import pytest

from tanma.domain.factors.tables import number, rows

PRODUCTS = Path(__file__).parent / "fuel_products.csv"


def fuel(set_id: str, fuel_id: str) -> dict[str, float]:
    return {
        r["parameter"]: number(r["value"])
        for r in rows("fuels")
        if (r["set_id"], r["key"]) == (set_id, fuel_id)
    }


def grid(year: int, region: str, kind: str) -> list[str]:
    return [
        r["value"]
        for r in rows("grid")
        if (r["data_year"], r["region"], r["kind"]) == (str(year), region, kind)
    ]


@pytest.mark.parametrize(
    ("expected", "year", "kind"),
    [
        ("0.5568", 2021, "average"),
        ("0.5366", 2022, "average"),
        ("0.5306", 2023, "average"),
        ("0.5942", 2021, "average_excl_market_nonfossil"),
        ("0.5856", 2022, "average_excl_market_nonfossil"),
        ("0.6096", 2023, "average_excl_market_nonfossil"),
        ("0.8426", 2021, "fossil_power"),
        ("0.8325", 2022, "fossil_power"),
        ("0.8273", 2023, "fossil_power"),
        ("0.5810", 2021, "average_reporting"),
        ("0.5703", 2022, "average_reporting"),
        ("0.6205", 2023, "carbon_footprint"),
        ("0.5777", 2024, "carbon_footprint"),
    ],
)
def test_national_electricity_values_with_their_printed_digits(expected, year, kind):
    assert [expected] == grid(year, "CN", kind)


def test_a_reporting_value_is_never_labelled_2023():
    """Public copies label 0.5810 as 2023 or as Central China 2024; it is neither."""
    labels = [
        (r["data_year"], r["region"], r["kind"]) for r in rows("grid") if r["value"] == "0.5810"
    ]
    assert [("2021", "CN", "average_reporting")] == labels


def test_reporting_values_and_statistics_never_share_a_kind():
    values = {r["value"] for r in rows("grid") if r["kind"] == "average"}
    assert not values & {"0.5810", "0.5703", "0.6101", "0.5839"}


def test_2022_has_both_the_statistic_and_the_reporting_value():
    assert (["0.5366"], ["0.5703"]) == (
        grid(2022, "CN", "average"),
        grid(2022, "CN", "average_reporting"),
    )


def test_there_is_no_average_of_2024_yet():
    assert [] == grid(2024, "CN", "average")


def test_zhejiang_and_30_provinces_a_year():
    assert (["0.5422"], ["0.5153"], ["0.4974"]) == tuple(
        grid(y, "330000", "average") for y in (2021, 2022, 2023)
    )
    for year in ("2021", "2022", "2023"):
        found = [r for r in rows("grid") if r["data_year"] == year and r["region"].isdecimal()]
        assert 30 == len(found)


def test_footprint_factors_carry_another_unit_than_report_factors():
    units = {r["unit"] for r in rows("grid") if r["kind"] == "carbon_footprint"}
    assert {"tCO2e/MWh"} == units


def test_44_over_12_stands_as_a_ratio_and_nowhere_rounded():
    ratios = [r for r in rows("constants") if r["unit"] == "tCO2/tC"]
    assert ["44/12"] == [r["value"] for r in ratios]
    rounded = re.compile(r"3\.6(6+7?|7)0*")
    for name in ("constants", "fuels", "process", "oxidation"):
        # 3.66 t per t of zinc is a product's factor that happens to have these digits
        close = [r["id"] for r in rows(name) if rounded.fullmatch(r["value"])]
        assert [i for i in close if i != "process/nonferrous_other/t1_zinc_waelz"] == []


def test_the_stoichiometric_ratios():
    ratios = {r["key"]: number(r["value"]) for r in rows("process") if "/" in r["value"]}
    assert 44 / 56 == ratios["clinker_cao"]
    assert 44 / 84 == ratios["mgco3_to_co2"]
    assert pytest.approx(0.785714, abs=1e-6) == ratios["clinker_cao"]


@pytest.mark.parametrize("product", list(csv.DictReader(PRODUCTS.open())))
def test_the_product_of_the_pair_is_what_was_transcribed_apart(product):
    """NCV × CC × OF × 44/12, transcribed on its own, catches a wrong digit in any of the three."""
    values = fuel(product["set_id"], product["fuel_id"])
    full = values["ncv"] * values["cc"] * 44 / 12
    assert pytest.approx(float(product["tco2_per_unit_at_full_oxidation"]), abs=6e-5) == full
    if product["tco2_per_unit"]:
        assert pytest.approx(float(product["tco2_per_unit"]), abs=6e-5) == full * values["of"]


@pytest.mark.parametrize(
    ("expected", "amount", "set_id", "fuel_id"),
    [
        (17_470.88266, 10_000, "NDRC-2013", "bituminous"),
        (216.21888, 10, "NDRC-2015", "natural_gas"),
    ],
)
def test_arithmetic_checks_of_combustion(expected, amount, set_id, fuel_id):
    v = fuel(set_id, fuel_id)
    emission_tco2 = amount * v["ncv"] * v["cc"] * v["of"] * 44 / 12
    assert pytest.approx(expected, abs=1e-4) == emission_tco2


def test_coal_that_a_power_plant_did_not_measure():
    c = {r["key"]: number(r["value"]) for r in rows("constants")}
    emission_tco2 = (
        1000
        * c["power_coal_ncv_punitive"]
        * c["power_coal_cc_punitive"]
        * c["power_coal_oxidation"]
        * c["c_to_co2"]
    )
    assert pytest.approx(2_990.01285, abs=1e-5) == emission_tco2


def test_default_anode_and_pfc_of_aluminium():
    p = {r["key"]: number(r["value"]) for r in rows("process") if r["kind"] == "aluminium"}
    anode = p["nc"] * (1 - p["s"] - p["ash"]) * 44 / 12
    assert pytest.approx(1.50304, abs=1e-9) == anode
    g = {r["key"]: number(r["value"]) for r in rows("gwp") if r["set_id"] == "AR5"}
    pfc = (p["cf4"] * g["CF4"] + p["c2f6"] * g["C2F6"]) / 1000
    assert pytest.approx(0.26316, abs=1e-9) == pfc


def test_lng_differs_by_edition():
    assert (0.0172, 0.0153) == (
        fuel("MEE-2022plus", "lng")["cc"],
        fuel("GBT32151.10-2023", "lng")["cc"],
    )


def test_fuel_units_are_those_of_the_items():
    """Solids and liquids in t, gases in 10^4 m3; a gas counted by mass is in t."""
    for r in rows("fuels"):
        expected = {
            "ncv": "GJ/10^4 m3" if r["kind"] == "gas" else "GJ/t",
            "cc": "tC/GJ",
            "of": "1",
        }
        assert expected[r["parameter"]] == r["unit"]


def test_standard_coal_is_the_printed_value_in_the_unit_of_the_item():
    factor = {"kgce/kg": 1, "kgce/m3": 10, "kgce/kWh": 1, "kgce/MJ": 1}
    for r in rows("standard_coal"):
        digits, unit = r["printed"].split(" ")
        assert Decimal(digits) * factor[unit] == Decimal(r["value"])


def test_standard_coal_agrees_with_the_calorific_value_in_its_note():
    for r in rows("standard_coal"):
        found = re.search(r"(\d+) kJ/", r["note"])
        if found:
            expected = Decimal(found[1]) / Decimal("29307.6")
            assert abs(expected - Decimal(r["printed"].split(" ")[0])) < Decimal("0.0002")


def test_every_row_from_a_document_that_nobody_read_is_marked():
    """GB/T 2589 and the first-batch fuels were written from memory: none may look confirmed."""
    for r in rows("standard_coal"):
        if r["key"] not in {"electricity", "methanol_fuel"}:
            assert "recalled" == r["evidence"]
        assert "recalled" == r["dates_evidence"]
    first_batch = {r["evidence"] for r in rows("fuels") if r["set_id"] == "NDRC-2013"}
    assert {"recalled"} == first_batch


def test_dates_that_no_source_gave_are_marked_recalled():
    for name in ("fuels", "oxidation", "alternative_fuels", "process", "gwp"):
        assert {"recalled"} == {r["dates_evidence"] for r in rows(name)}


def test_no_fuel_row_is_confirmed_twice_for_an_oxidation_rate():
    marks = {r["evidence"] for r in rows("fuels") if r["parameter"] == "of"}
    assert marks <= {"recalled", "confirmed_1"}


def test_each_grid_statistic_applies_to_its_data_year():
    for r in rows("grid"):
        if r["kind"] in {"average", "fossil_power", "average_excl_market_nonfossil"}:
            assert f"{r['data_year']}-01-01" == r["valid_from"]
            assert f"{int(r['data_year']) + 1}-01-01" == r["valid_to"]
            assert r["published_on"] > r["valid_to"]
