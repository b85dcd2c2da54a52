"""Orders of preference: read, checked against the tables, frozen for trends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tanma.domain.factors.preferences import (
    CHOICES,
    freeze_grid,
    preference_names,
    preferences,
    read_preferences,
)
from tanma.domain.messages import Problem

BROKEN = Path(__file__).parents[2] / "broken" / "factors" / "preferences"

EXPECTED = {
    "unreadable": ("preference_unreadable", ["16"], ["只能写一次"], ["only once"]),
    "top_key_unknown": ("preference_key_unknown", ["evidnce"], ["没有"], ["Known keys"]),
    "top_key_missing": ("preference_key_missing", ["evidence"], ["请补上"], ["Add it"]),
    "step_key_unknown": ("preference_key_unknown", ["step 1", "levle"], ["没有"], ["level"]),
    "step_key_missing": ("preference_key_missing", ["step 1", "take"], ["缺少"], ["lacks"]),
    "kind_missing": ("preference_key_missing", ["step 1", "kind"], ["缺少"], ["lacks"]),
    "rule_unknown": ("preference_value_unknown", ["newest"], ["in_force"], ["latest_published"]),
    "choice_unknown": ("preference_value_unknown", ["guessed"], ["可用"], ["Use one of"]),
    "parameter_no_name": ("preference_value_unknown", ["ef; DROP"], ["无法识别"], ["0-9"]),
    "finds_nothing": ("preference_finds_nothing", ["avarage"], ["核对"], ["Check the spelling"]),
    "base_unknown": ("preference_unknown", ["nowhere"], ["现有"], ["province-average"]),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_broken_order_is_refused_with_place_and_repair(name):
    code, both, zh, en = EXPECTED[name]
    with pytest.raises(Problem) as caught:
        read_preferences(BROKEN / f"{name}.toml")
    assert code == caught.value.code
    for word in [*both, *zh]:
        assert word in caught.value.text("zh")
    for word in [*both, *en]:
        assert word in caught.value.text("en")


def test_every_broken_file_is_tested():
    assert {f.stem for f in BROKEN.iterdir()} == {*EXPECTED, "good"}


def test_the_form_that_the_broken_files_deviate_from_is_read():
    order = read_preferences(BROKEN / "good.toml")
    assert ("grid_tco2_per_mwh",) == order.parameters


@pytest.mark.parametrize("name", preference_names())
def test_every_order_that_comes_with_the_package_is_whole(name):
    order = preferences(name)
    assert name == order.id
    assert {
        "ncv_gj_per_unit",
        "carbon_tc_per_gj",
        "oxidation_fraction",
        "grid_tco2_per_mwh",
        "heat_tco2_per_gj",
        "process_tco2_per_unit",
        "calorific_tce_per_unit",
        "calorific_tce_per_mwh",
        "equivalent_tce_per_unit",
        "equivalent_tce_per_mwh",
    } == set(order.parameters)


def test_measured_stands_before_supplier_before_default():
    steps = preferences("province-average").steps
    origins = [s.origin for s in steps if s.parameter == "ncv_gj_per_unit"]
    assert ["measured", "supplier", "table", "table", "table"] == origins


def test_a_list_is_written_out_in_its_order():
    steps = preferences("province-average").steps
    sets = [s.set_id for s in steps if s.parameter == "oxidation_fraction" and s.set_id]
    assert ["NDRC-2015", "MEE-2022plus", "NDRC-2013"] == sets


def test_an_order_replaces_only_the_parameters_it_mentions():
    base, other = preferences("province-average"), preferences("national-average")
    mine = [s for s in other.steps if s.parameter == "grid_tco2_per_mwh"]
    assert ["national"] == [s.level for s in mine]
    assert [s for s in base.steps if s.parameter != "grid_tco2_per_mwh"] == [
        s for s in other.steps if s.parameter != "grid_tco2_per_mwh"
    ]


def test_market_residual_takes_the_factor_without_traded_green_power():
    kinds = {s.kind for s in preferences("market-residual").steps if s.source == "grid"}
    assert {"average_excl_market_nonfossil"} == kinds


def test_no_calorific_coefficient_of_electricity_stands_in_for_the_equivalent_one():
    for name in preference_names():
        takes = {s.take for s in preferences(name).steps if s.parameter == "equivalent_tce_per_mwh"}
        assert {"tce_equivalent"} == takes


def test_freezing_keeps_one_grid_factor():
    frozen = freeze_grid(preferences("province-average"), 2022, "CN-EAST")
    (step,) = (s for s in frozen.steps if s.parameter == "grid_tco2_per_mwh")
    assert ("frozen", 2022, "CN-EAST") == (step.choice, step.data_year, step.region)


def test_freezing_a_year_without_factor_names_the_years_there_are():
    with pytest.raises(Problem) as caught:
        freeze_grid(preferences("province-average"), 2024, "330000")
    assert "factor_frozen_missing" == caught.value.code
    assert "2023 330000" in caught.value.text("zh")
    assert "2021 330000, 2022 330000, 2023 330000" in caught.value.text("en")


def test_choices_have_a_name_in_both_languages():
    for zh, en in CHOICES.values():
        assert zh.strip()
        assert en.isascii()
