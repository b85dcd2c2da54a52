"""Plans: one SQL per formula over all lines, equal to the numbers; and binding items to lines."""

import random

import duckdb
import pyarrow as pa
import pytest

from tanma.domain.messages import Problem
from tanma.domain.methods import (
    bind,
    edition,
    editions,
    formula_plan,
    line_formulas,
    lines_sql,
    missing_problem,
    same_unit,
)
from tanma.domain.quantities import find, inputs


def test_one_plan_per_formula_and_not_per_line():
    plans = lines_sql(edition("gbt-2589-2020"))
    assert {
        "energy_calorific_tce",
        "energy_equivalent_tce",
        "power_calorific_tce",
        "power_equivalent_tce",
    } == {plan.formula for plan in plans}
    assert len(plans) < len(edition("gbt-2589-2020").lines)


@pytest.mark.parametrize("formula", line_formulas())
def test_the_plan_posts_what_the_formula_posts(formula):
    """The engine's columns: `activity` and one per factor; missing stays NULL and says why."""
    plan, rng = formula_plan(formula), random.Random(formula)
    rows = []
    for _ in range(300):
        row = {}
        for name in (plan.activity, *plan.factors):
            low, high = inputs()[name].low, inputs()[name].high
            row[name] = None if rng.random() < 0.05 else low + (high - low) * rng.random()
        rows.append(row)
    columns = {
        ("activity" if name == plan.activity else name): pa.array(
            [row[name] for row in rows], pa.float64()
        )
        for name in (plan.activity, *plan.factors)
    }
    con = duckdb.connect()
    con.register("lines", pa.table(columns))
    answers = con.execute(f"SELECT {plan.posted_sql}, {plan.flag_sql} FROM lines").fetchall()
    assert [find(formula).posted(row) for row in rows] == [posted for posted, _ in answers]
    for posted, flag in answers:
        assert (posted is None) == (flag is not None)
    assert {flag for _, flag in answers} >= {None, "method_activity_missing"}


def test_bind_fills_item_place_and_capture_and_leaves_the_year():
    items = {"fuel.natural_gas.burnt": "10^4 m3", "electricity.purchased": "kWh"}
    gas, power = bind(edition("zj-code-account"), items, {"province": "330000"}).lines
    assert gas.factors["ncv_gj_per_unit"] == ("fuel", "natural_gas", "ncv")
    assert gas.units["ncv_gj_per_unit"] == "GJ/10^4 m3"
    assert power.factors["grid_tco2_per_mwh"] == ("grid", "average", "330000", "{year}")
    energy = bind(edition("gbt-2589-2020"), {"electricity.purchased": "kWh"}).lines
    assert energy[1].factors["equivalent_tce_per_mwh"] == (
        "tce",
        "electricity.purchased",
        "equivalent",
    )


def test_bind_tells_items_left_out_from_items_unknown():
    bound = bind(edition("zj-code-account"), {"process.soda.amount": "t", "economy.gdp": "yuan"})
    assert bound.lines == ()
    assert "不含工业过程排放" in bound.left_out["process.soda.amount"].reason["zh"]
    assert bound.unmatched == ("economy.gdp",)


@pytest.mark.parametrize(
    ("found", "expected", "same"),
    [
        ("tCO2/t clinker", "tCO2/t", True),
        ("tCO2e/t Al", "tCO2/t", True),
        ("GJ/10^4Nm3", "GJ/10^4 m3", True),
        ("tC/t", "tCO2/t", False),
        ("kg N2O/t HNO3", "tCO2/t", False),
        ("GJ/t", "GJ/10^4 m3", False),
        ("kgCO2/kWh", "tCO2/MWh", False),
    ],
)
def test_same_unit(found, expected, same):
    assert same_unit(found, expected) is same


def test_a_missing_equivalent_coefficient_is_its_own_error_and_never_the_calorific_value():
    bound = bind(edition("gbt-2589-2020"), {"electricity.purchased": "kWh"})
    line = next(x for x in bound.lines if x.line_id == "power-purchased-equivalent")
    problem = missing_problem(line, "equivalent_tce_per_mwh", "2026-01")
    assert isinstance(problem, Problem)
    assert problem.code == "method_equivalent_missing"
    assert "不会用当量值 0.1229 代替" in problem.text("zh")
    assert "never stands in" in problem.text("en")
    plan = formula_plan(line.formula)
    answer = (
        duckdb.connect()
        .execute(
            f"SELECT {plan.posted_sql}, {plan.flag_sql} "
            "FROM (SELECT 1000.0 AS activity, NULL AS equivalent_tce_per_mwh)"
        )
        .fetchone()
    )
    assert answer == (None, "method_equivalent_missing")


def test_no_edition_asks_for_a_calorific_coefficient_where_it_needs_an_equivalent_one():
    for made in editions().values():
        for line in made.lines:
            for factor, key in line.factors.items():
                assert factor.startswith("equivalent_") == (key[-1] == "equivalent")


def test_a_missing_factor_names_the_line_and_the_key():
    line = bind(edition("carbon-market"), {"fuel.lpg.burnt": "t"}).lines[0]
    problem = missing_problem(line, "ncv_gj_per_unit", "2026-01")
    assert problem.code == "method_factor_missing"
    assert "缺少因子 fuel/lpg/ncv" in problem.text("zh")
    assert "lacks factor fuel/lpg/ncv" in problem.text("en")
