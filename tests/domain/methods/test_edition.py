"""Editions are data: what is shipped is whole, and what is broken is refused with a repair."""

import csv
from datetime import date
from importlib import resources
from pathlib import Path

import pytest

from tanma.domain.messages import Problem
from tanma.domain.methods import activity_of, edition, editions, line_formulas, read_edition
from tanma.domain.quantities import find, inputs

BROKEN = Path(__file__).parent / "broken"
EXPECTED = {
    "not_toml": ("edition_not_toml", "不是有效的 TOML", "is not valid TOML"),
    "key_unknown": ("edition_key_unknown", "不认识的键 “scoope”", "unknown key 'scoope'"),
    "key_missing": ("edition_key_missing", "缺少键 “category”", "key 'category' is missing"),
    "value_type": ("edition_value_wrong", "应为：date", "expected: date"),
    "value_word": ("edition_value_wrong", "应为：confirmed", "expected: confirmed"),
    "names": ("edition_value_wrong", "应为：{zh, en}", "expected: {zh, en}"),
    "twice": ("edition_twice", "“fuel-burnt” 出现两次", "'fuel-burnt' appears twice"),
    "total_unknown": ("edition_total_unknown", "合计 “market” 未定义", "total 'market'"),
    "formula_unknown": ("quantity_unknown", "没有名为 “fuel_co3_t”", "named 'fuel_co3_t'"),
    "formula_mismatch": ("edition_formula_mismatch", "oxidation_fraction", "oxidation_fraction"),
    "formula_no_line": ("edition_formula_no_line", "应恰有一项", "exactly one activity"),
    "quantum": ("edition_formula_mismatch", "版本为 gce", "the edition in gce"),
    "dates": ("edition_value_wrong", "应为：> 2024-01-01", "expected: > 2024-01-01"),
    "both_routes": ("edition_item_twice", "重复计入", "is counted twice"),
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_broken_edition_says_what_where_and_what_to_do(name):
    code, zh, en = EXPECTED[name]
    with pytest.raises(Problem) as caught:
        read_edition((BROKEN / f"{name}.toml").read_text(encoding="utf-8"), f"{name}.toml")
    assert caught.value.code == code
    assert zh in caught.value.text("zh")
    assert en in caught.value.text("en")


def test_every_broken_file_has_its_expectation():
    assert set(EXPECTED) == {file.stem for file in BROKEN.glob("*.toml")}


@pytest.mark.parametrize(
    ("name", "line"), [("key_unknown", 23), ("total_unknown", 44), ("both_routes", 55)]
)
def test_the_line_named_is_the_line_meant(name, line):
    text = (BROKEN / f"{name}.toml").read_text(encoding="utf-8")
    with pytest.raises(Problem) as caught:
        read_edition(text, f"{name}.toml")
    assert caught.value.params["line"] == line
    assert f"第 {line} 行" in caught.value.text("zh")


def test_the_shipped_editions():
    expected = {"carbon-market", "gbt-2589-2020", "statutory-general", "zj-code-account"}
    assert expected == set(editions())


@pytest.mark.parametrize("edition_id", sorted(editions()))
def test_no_edition_claims_more_than_was_read(edition_id):
    """Nothing shipped is confirmed: the documents themselves were not read."""
    assert edition(edition_id).evidence in ("recalled", "unconfirmed")


def test_the_code_account_does_not_pose_as_official():
    code = edition("zj-code-account")
    assert "未经主管部门确认" in code.title["zh"]
    assert "not confirmed" in code.title["en"]
    assert code.evidence == "unconfirmed"
    assert "DB33" not in code.document


def test_the_totals_of_all_editions_have_different_names():
    totals = [total for e in editions().values() for total in e.totals]
    assert len(totals) == len({total.id for total in totals})
    assert len(totals) == len({total.name["zh"] for total in totals})
    assert len(totals) == len({total.name["en"] for total in totals})


def test_membership_expands_sums_of_totals():
    code = {(line, total): k for line, total, k in edition("zj-code-account").membership()}
    assert code["renewable-generated", "code_gross"] == 1
    assert code["renewable-exported", "code_neutral"] == -1
    assert ("renewable-generated", "code_net") not in code  # counted and neutralised
    assert code["green-power", "code_net"] == -1
    assert code["power-sold", "code_net"] == -1
    energy = {(line, total): k for line, total, k in edition("gbt-2589-2020").membership()}
    assert energy["fuel-produced", "consumption_calorific"] == -1
    assert energy["power-sold-equivalent", "consumption_equivalent"] == -1
    assert ("fuel-feedstock", "consumption_calorific") not in energy  # in and deducted again


def test_covers_by_industry_prefix():
    assert edition("carbon-market").covers("3011")
    assert not edition("carbon-market").covers("3012")
    assert edition("zj-code-account").covers("1751")


def test_dates():
    assert edition("gbt-2589-2020").in_force_from == date(2021, 4, 1)
    assert edition("gbt-2589-2020").in_force_to is None


def test_unknown_edition_and_line_list_what_there_is():
    with pytest.raises(Problem) as caught:
        edition("nope")
    assert caught.value.code == "edition_unknown"
    assert "zj-code-account" in caught.value.text("zh")
    with pytest.raises(Problem) as caught:
        edition("carbon-market").line("nope")
    assert caught.value.code == "edition_line_unknown"
    assert "fuel-burnt" in caught.value.text("en")


def test_line_formulas_take_one_activity():
    assert "fuel_carbon_co2_t" in line_formulas()
    assert "clinker_co2_t" not in line_formulas()
    for formula in line_formulas():
        assert inputs()[activity_of(formula)].kind == "activity"
        assert find(formula).quantum in ("mg", "gce")


def energy_items():
    text = resources.files("tanma.domain.items").joinpath("items.csv").read_text(encoding="utf-8")
    groups = ("electricity", "heat", "fuel", "process")
    return {
        row["item"]: row["unit"]
        for row in csv.DictReader(text.splitlines())
        if row["group"] in groups
    }


@pytest.mark.parametrize("edition_id", sorted(editions()))
def test_every_energy_item_is_counted_or_left_out_with_a_reason(edition_id):
    from tanma.domain.methods import bind

    bound = bind(edition(edition_id), energy_items(), {"province": "330000"})
    assert bound.unmatched == ()
    assert all(set(entry.reason) == {"zh", "en"} for entry in bound.left_out.values())
    assert bound.lines


@pytest.mark.parametrize("edition_id", sorted(editions()))
def test_every_order_of_preference_exists_and_fills_what_the_lines_need(edition_id):
    from tanma.domain.factors.preferences import preferences
    from tanma.domain.methods import bind

    for line in bind(edition(edition_id), energy_items(), {"province": "330000"}).lines:
        assert set(line.factors) <= set(preferences(line.preferences).parameters)


def test_the_grid_factor_named_by_a_line_is_the_one_its_order_of_preference_takes():
    """(kind, level) of the preference step against kind and region of the line's factor key."""
    from tanma.domain.factors.preferences import preferences
    from tanma.domain.methods import bind

    for made in editions().values():
        for line in bind(made, {"electricity.purchased": "kWh"}).lines:
            key = line.factors.get("grid_tco2_per_mwh")
            if key:
                steps = [
                    step
                    for step in preferences(line.preferences).steps
                    if step.parameter == "grid_tco2_per_mwh" and step.origin == "table"
                ]
                level = "national" if key[2] == "CN" else "province"
                assert [(key[1], level)] == [(step.kind, step.level) for step in steps]
