"""One factor on one day: inside a validity, outside it, by the one rule around it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from tanma.domain.factors.lookup import Query, equivalent_coal, grid_place, lookup
from tanma.domain.messages import Problem

TODAY = date(2026, 11, 20)
ZHEJIANG = Query("grid", "electricity", "ef", date(2023, 6, 1), region="330000", kind="average")


def test_inside_a_validity():
    factor = lookup(ZHEJIANG, known_on=TODAY)
    assert ("grid/2023/330000/average", "0.4974", "tCO2/MWh") == (
        factor.row_id,
        factor.value_text,
        factor.unit,
    )


def test_the_end_of_a_validity_is_excluded():
    last = lookup(replace(ZHEJIANG, on=date(2022, 12, 31)), known_on=TODAY)
    first = lookup(replace(ZHEJIANG, on=date(2023, 1, 1)), known_on=TODAY)
    assert (2022, 2023) == (last.data_year, first.data_year)


def test_outside_every_validity_is_an_error_that_names_the_nearest_editions():
    with pytest.raises(Problem) as caught:
        lookup(replace(ZHEJIANG, on=date(2025, 3, 1)), known_on=TODAY)
    problem = caught.value
    assert "factor_outside_validity" == problem.code
    nearest = problem.params["nearest"]
    assert nearest.index("grid/2023/330000") < nearest.index("grid/2022/330000")
    assert "2025-03-01 没有有效取值" in problem.text("zh")
    assert "Nearest editions: grid/2023/330000/average = 0.4974" in problem.text("en")


def test_before_every_validity_the_oldest_is_nearest():
    with pytest.raises(Problem) as caught:
        lookup(replace(ZHEJIANG, on=date(2015, 3, 1)), known_on=TODAY)
    assert caught.value.params["nearest"].startswith("grid/2021/330000/average")


def test_latest_published_carries_both_years():
    factor = lookup(replace(ZHEJIANG, on=date(2025, 3, 1)), known_on=TODAY, rule="latest_published")
    assert (2023, 2025, "latest_published") == (factor.data_year, factor.asked_year, factor.rule)


def test_latest_published_is_not_after_the_data():
    factor = lookup(replace(ZHEJIANG, on=date(2022, 3, 1)), known_on=TODAY, rule="latest_published")
    assert 2022 == factor.data_year


@pytest.mark.parametrize(
    ("expected", "known_on"),
    [
        (2021, date(2024, 4, 12)),
        (2021, date(2024, 12, 25)),
        (2022, date(2024, 12, 26)),
        (2022, date(2025, 12, 30)),
        (2023, date(2025, 12, 31)),
    ],
)
def test_latest_published_knows_only_what_was_published(expected, known_on):
    factor = lookup(
        replace(ZHEJIANG, on=date(2025, 3, 1)), known_on=known_on, rule="latest_published"
    )
    assert expected == factor.data_year


def test_a_factor_of_the_right_year_is_unknown_before_it_is_published():
    with pytest.raises(Problem) as caught:
        lookup(ZHEJIANG, known_on=date(2025, 6, 30))
    assert "factor_outside_validity" == caught.value.code


def test_an_unknown_rule_is_refused():
    with pytest.raises(Problem) as caught:
        lookup(ZHEJIANG, known_on=TODAY, rule="newest")
    assert "factor_rule_unknown" == caught.value.code
    assert "in_force, latest_published" in caught.value.text("zh")
    assert "'newest'" in caught.value.text("en")


def test_a_province_without_published_factor_is_not_given_another():
    with pytest.raises(Problem) as caught:
        lookup(replace(ZHEJIANG, region="540000"), known_on=TODAY)
    assert "factor_unknown" == caught.value.code
    assert "540000 average" in caught.value.text("zh")
    assert "Choose another set, region or kind" in caught.value.text("en")


def test_the_reporting_value_of_2023_is_not_that_of_2021():
    national = replace(ZHEJIANG, region="CN", kind="average_reporting")
    assert "0.5703" == lookup(national, known_on=TODAY).value_text
    in_2021 = lookup(replace(national, on=date(2021, 6, 1)), known_on=TODAY)
    assert "0.5810" == in_2021.value_text


def test_a_draft_is_never_the_average():
    national = replace(ZHEJIANG, region="CN", on=date(2020, 6, 1))
    with pytest.raises(Problem):
        lookup(national, known_on=TODAY, rule="latest_published")


POWER_COAL = Query(
    "power_coal", "electricity", "tce_equivalent", date(2026, 6, 1), region="CN", kind="supply"
)


@pytest.mark.parametrize(
    ("expected", "year"), [((0.3024, 2024), 2026), ((0.3019, 2023), 2024), ((0.3055, 2020), 2023)]
)
def test_the_equivalent_coefficient_is_that_of_a_year_before(expected, year):
    asked = replace(POWER_COAL, on=date(year, 6, 1))
    found = equivalent_coal(asked, known_on=TODAY, rule="latest_before")
    assert (*expected, year) == (found.value, found.data_year, found.asked_year)
    assert "recalled" == found.evidence


def test_a_year_that_was_not_published_yet_is_not_taken():
    found = equivalent_coal(POWER_COAL, known_on=date(2025, 1, 1), rule="latest_before")
    assert 2020 == found.data_year


@pytest.mark.parametrize(
    ("key", "year", "query"),
    [
        ("electricity", 2015, replace(POWER_COAL, on=date(2015, 6, 1))),
        ("electricity", 2026, replace(POWER_COAL, region="330000")),
        ("heat", 2026, Query("standard_coal", "heat", "tce_equivalent", date(2026, 6, 1))),
    ],
)
def test_a_missing_equivalent_coefficient_is_an_error(key, year, query):
    with pytest.raises(Problem) as caught:
        equivalent_coal(query, known_on=TODAY, rule="latest_before")
    problem = caught.value
    assert "factor_equivalent_missing" == problem.code
    assert f"没有 {key} 在 {year} 年的等价值" in problem.text("zh")
    assert f"of {key} for {year}" in problem.text("en")


def test_the_calorific_coefficient_of_electricity():
    query = Query("standard_coal", "electricity", "tce", date(2025, 1, 1), set_id="GBT2589-2020")
    factor = lookup(query, known_on=TODAY)
    assert ("0.1229", "tce/MWh", "confirmed_1", "recalled") == (
        factor.value_text,
        factor.unit,
        factor.evidence,
        factor.dates_evidence,
    )


def test_the_coefficient_from_a_calorific_value_is_no_better_known_than_its_parts():
    query = Query("fuel", "gasoline", "tce_from_ncv", date(2025, 1, 1), set_id="NDRC-2015")
    factor = lookup(query, known_on=TODAY)
    assert ("43.07/29.3076", "tce/t", "recalled") == (
        factor.value_text,
        factor.unit,
        factor.evidence,
    )
    assert 43.07 / 29.3076 == factor.value


def test_a_range_has_two_ends_and_no_value():
    gas = Query("standard_coal", "natural_gas", "tce", date(2025, 1, 1), set_id="GBT2589-2020")
    with pytest.raises(Problem) as caught:
        lookup(gas, known_on=TODAY)
    assert "tce_high GBT2589-2020; tce_low GBT2589-2020" == caught.value.params["near"]
    high = lookup(replace(gas, parameter="tce_high"), known_on=TODAY)
    assert ("13.300", "tce/10^4 m3") == (high.value_text, high.unit)


@pytest.mark.parametrize(
    ("level", "year", "place"),
    [("province", 2023, "330000"), ("region", 2023, "CN-EAST"), ("region", 2000, "330000")],
)
def test_the_place_of_a_grid_factor_follows_the_level_and_the_division_of_its_day(
    level, year, place
):
    assert place == grid_place("330000", level, date(year, 12, 31))


def test_sichuan_moved_to_another_regional_grid():
    before, after = date(2011, 6, 1), date(2023, 6, 1)
    assert ("CN-CENTRAL", "CN-SOUTHWEST") == (
        grid_place("510000", "region", before),
        grid_place("510000", "region", after),
    )
