"""The tree of an account, and the accounts of whole plants."""

import json

import pytest

from tanma.domain.messages import Problem
from tanma.domain.methods import (
    LeafValue,
    LineInput,
    activity_of,
    bind,
    edition,
    explain,
    render_tree,
)

MONTH = "2026-01"
CEMENT = {
    "fuel.bituminous.burnt": (10_000, "t"),
    "process.clinker_ef_mee.amount": (100_000, "t"),
    "electricity.purchased": (8_000_000, "kWh"),
    "electricity.sold": (500_000, "kWh"),
    "electricity.pv.generated": (1_000_000, "kWh"),
    "electricity.pv.exported": (300_000, "kWh"),
    "electricity.green.contract": (400_000, "kWh"),
    "heat.sold": (2_000, "GJ"),
}
FACTORS = {
    ("fuel", "bituminous", "ncv"): 19.57,
    ("fuel", "bituminous", "cc"): 0.0261,
    ("fuel", "bituminous", "of"): 0.93,
    ("process", "clinker_ef_mee"): 0.535,
    ("grid", "average", "330000", "{year}"): 0.4974,
    ("grid", "average", "CN", "{year}"): 0.5306,
    ("grid", "average_excl_market_nonfossil", "CN", "{year}"): 0.6096,
    ("heat", "default"): 0.11,
}
FUEL_T = 10_000 * 19.57 * 0.0261 * 0.93 * 44 / 12
PROCESS_T = 100_000 * 0.535
HEAT_T = -2_000 * 0.11


def plant(edition_id, amounts=CEMENT, factors=FACTORS, month=MONTH):
    """The lines of a plant, as the engine would hand them over."""
    units = {item: unit for item, (_, unit) in amounts.items()}
    lines = []
    for bound in bind(edition(edition_id), units, {"province": "330000"}).lines:
        leaves = {
            name: LeafValue(
                factors.get(key), "default", "table", "/".join(key), evidence="recalled"
            )
            for name, key in bound.factors.items()
        }
        amount, unit = amounts[bound.item]
        leaves[activity_of(bound.formula)] = LeafValue(
            amount, "reported", "declared", "batch:7#3", known_at=1_790_000_000_000_000
        )
        lines.append(LineInput(bound.line_id, bound.item, month, leaves, unit))
    return lines


def totals(edition_id, **changes):
    tree = explain(edition(edition_id), plant(edition_id, **changes), "en")
    return {node.id: node for node in tree.children}


def test_a_cement_plant_has_three_totals_that_are_three_quantities():
    """Code account: energy only. Statutory: with process, net power and heat. Market: direct."""
    code, law = totals("zj-code-account"), totals("statutory-general")
    market = totals("carbon-market")
    bought_sold_mwh, self_use_mwh, green_mwh = 7_500, 700, 400
    gross_t = FUEL_T + (bought_sold_mwh + self_use_mwh) * 0.4974 + HEAT_T
    neutral_t = (self_use_mwh + green_mwh) * 0.4974
    assert code["code_gross"].value == pytest.approx(gross_t, abs=1e-8)
    assert code["code_neutral"].value == pytest.approx(neutral_t, abs=1e-8)
    assert code["code_net"].value == pytest.approx(gross_t - neutral_t, abs=1e-8)
    assert code["neutrality_rate"].value == pytest.approx(neutral_t / gross_t, rel=1e-12)
    direct_t = FUEL_T + PROCESS_T
    statutory_t = direct_t + bought_sold_mwh * 0.5306 + HEAT_T
    assert law["statutory"].value == pytest.approx(statutory_t, abs=1e-8)
    assert market["carbon_market"].value == pytest.approx(direct_t, abs=1e-8)
    three = {code["code_net"].posted, law["statutory"].posted, market["carbon_market"].posted}
    assert len(three) == 3
    names = {code["code_net"].name, law["statutory"].name, market["carbon_market"].name}
    assert len(names) == 3


def test_statutory_location_and_market_based_stand_side_by_side():
    law = totals("statutory-general")
    direct_t = FUEL_T + PROCESS_T + HEAT_T
    assert law["location_based"].value == pytest.approx(direct_t + 7_500 * 0.4974, abs=1e-8)
    market_t = direct_t + (7_500 - 400) * 0.6096
    assert law["market_based"].value == pytest.approx(market_t, abs=1e-8)


def test_self_use_changes_nothing_in_the_statutory_total():
    without = {k: v for k, v in CEMENT.items() if ".pv." not in k}
    with_pv, bare = totals("statutory-general"), totals("statutory-general", amounts=without)
    assert with_pv["statutory"].posted == bare["statutory"].posted


def test_self_use_is_in_the_gross_and_leaves_the_net_exactly():
    """Counting bought power only and netting self-use again would count it twice."""
    without = {k: v for k, v in CEMENT.items() if ".pv." not in k}
    with_pv, bare = totals("zj-code-account"), totals("zj-code-account", amounts=without)
    assert with_pv["code_net"].posted == bare["code_net"].posted
    self_use_mg = with_pv["code_gross"].posted - bare["code_gross"].posted
    assert self_use_mg == with_pv["code_neutral"].posted - bare["code_neutral"].posted
    assert self_use_mg == 348_180_000_000


def test_a_plant_without_renewables_neutralises_nothing():
    bare = {"electricity.purchased": (1000, "kWh")}
    code = totals("zj-code-account", amounts=bare)
    assert code["code_neutral"].posted == 0
    assert code["neutrality_rate"].value == 0
    assert code["code_net"].posted == code["code_gross"].posted == 497_400_000


def test_totals_are_the_exact_sums_of_their_lines():
    for edition_id in ("zj-code-account", "statutory-general", "carbon-market"):
        for node in totals(edition_id).values():
            if node.kind == "total" and node.children:
                assert node.posted == sum(line.sign * line.posted for line in node.children)


def test_the_process_factor_of_fixed_carbon_is_deducted():
    factors = {**FACTORS, ("process", "out_crude_steel"): 0.0154}
    amounts = {"process.out_crude_steel.amount": (1000, "t")}
    law = totals("statutory-general", amounts=amounts, factors=factors)
    assert law["statutory"].posted == -15_400_000_000


ENERGY = {
    "fuel.coke.burnt": (100, "t"),
    "fuel.bituminous.transformed": (1000, "t"),
    "fuel.coke.produced": (700, "t"),
    "fuel.naphtha.feedstock": (50, "t"),
    "electricity.purchased": (1_000_000, "kWh"),
    "electricity.pv.generated": (100_000, "kWh"),
    "electricity.pv.exported": (40_000, "kWh"),
    "heat.sold": (100, "GJ"),
}
COEFFICIENTS = {
    ("tce", "fuel.coke.burnt", "calorific"): 0.9714,
    ("tce", "fuel.coke.produced", "calorific"): 0.9714,
    ("tce", "fuel.bituminous.transformed", "calorific"): 0.7143,
    ("tce", "fuel.naphtha.feedstock", "calorific"): 1.5,
    **{
        ("tce", item, "calorific"): 0.1229
        for item in ("electricity.purchased", "electricity.pv.generated", "electricity.pv.exported")
    },
    **{
        ("tce", item, "equivalent"): 0.3
        for item in ("electricity.purchased", "electricity.pv.generated", "electricity.pv.exported")
    },
    ("tce", "heat.sold", "calorific"): 0.03412,
    ("tce", "heat.sold", "equivalent"): 0.04,
}


def test_energy_in_both_valuations_with_output_and_feedstock_deducted_and_shown():
    made = totals("gbt-2589-2020", amounts=ENERGY, factors=COEFFICIENTS)
    fuel_tce = 100 * 0.9714 + 1000 * 0.7143 + 50 * 1.5
    assert made["fuel_calorific"].value == pytest.approx(fuel_tce)
    assert made["output_calorific"].value == pytest.approx(700 * 0.9714)
    assert made["feedstock_calorific"].value == pytest.approx(75)
    assert made["renewable_calorific"].value == pytest.approx(60 * 0.1229)
    assert made["bought_calorific"].value == pytest.approx(1000 * 0.1229)
    assert made["sold_calorific"].value == pytest.approx(3.412)
    fuel_net_tce = fuel_tce - 700 * 0.9714 - 75
    calorific_tce = fuel_net_tce + 1060 * 0.1229 - 3.412
    assert made["consumption_calorific"].value == pytest.approx(calorific_tce)
    equivalent_tce = fuel_net_tce + 1060 * 0.3 - 4
    assert made["consumption_equivalent"].value == pytest.approx(equivalent_tce)
    assert "当量值" in edition("gbt-2589-2020").totals[6].name["zh"]


def test_without_an_equivalent_coefficient_there_is_no_equivalent_value():
    only = {k: v for k, v in COEFFICIENTS.items() if k[-1] == "calorific"}
    amounts = {"electricity.purchased": (1_000_000, "kWh")}
    made = totals("gbt-2589-2020", amounts=amounts, factors=only)
    assert made["consumption_calorific"].posted == 122_900_000
    assert made["consumption_equivalent"].posted is None
    assert made["bought_equivalent"].missing == 1
    assert "0.1229" in made["bought_equivalent"].children[0].note


def test_the_tree_says_where_every_leaf_comes_from():
    tree = explain(edition("carbon-market"), plant("carbon-market"), "zh")
    nodes = {(node.kind, node.id): node for node in tree.walk()}
    fuel = nodes["line", "fuel-burnt/fuel.bituminous.burnt/2026-01"]
    assert fuel.written == "AD × CC × OF × 44/12"
    assert fuel.with_values == "195,700 × 0.0261 × 0.93 × 44/12"
    assert fuel.posted == round(FUEL_T * 1e9)
    heat = nodes["quantity", "fuel_heat_gj"]
    assert (heat.written, heat.with_values) == ("FC × NCV", "10,000 × 19.57")
    amount = nodes["input", "fuel_amount"]
    assert (amount.origin, amount.source_row) == ("reported", "batch:7#3")
    assert amount.known_at == 1_790_000_000_000_000
    assert amount.unit == "t"
    assert nodes["input", "ncv_gj_per_unit"].unit == "GJ/t"
    assert nodes["input", "ncv_gj_per_unit"].unconfirmed
    assert not amount.unconfirmed
    assert tree.unconfirmed


def test_the_tree_reads_the_same_on_the_command_line_in_both_languages():
    lines = plant("zj-code-account")
    zh = render_tree(explain(edition("zj-code-account"), lines, "zh"), "zh")
    en = render_tree(explain(edition("zj-code-account"), lines, "en"), "en")
    assert len(zh) == len(en)
    assert any("碳中和率 = 0.02" in line for line in zh)
    assert any("[申报; declared; batch:7#3]" in line for line in zh)
    assert any("Neutralised amount = 547.14 tCO2" in line for line in en)
    assert any("Electricity sold (deducted) · 2026-01 = −248.7 tCO2" in line for line in en)


def test_the_tree_goes_to_json():
    tree = explain(edition("carbon-market"), plant("carbon-market"), "en")
    data = json.loads(json.dumps(tree.as_dict()))
    assert data["id"] == "carbon-market"
    assert data["unconfirmed"] is True
    assert data["children"][0]["children"][0]["children"][0]["symbol"] == "AD"


def test_the_same_inputs_give_the_same_tree():
    lines = plant("statutory-general")
    trees = [explain(edition("statutory-general"), lines, "zh") for _ in range(2)]
    assert trees[0] == trees[1]


def test_a_missing_input_is_shown_as_missing_and_never_as_zero():
    amounts = {**CEMENT, "heat.purchased": (None, "GJ")}
    code = totals("zj-code-account", amounts=amounts)
    assert code["code_gross"].posted is None
    assert code["code_gross"].missing == 1
    assert code["neutrality_rate"].value is None
    line = next(x for x in code["code_gross"].children if "heat.purchased" in x.id)
    assert "has no activity data in 2026-01" in line.note
    assert line.with_values == "— × 0.11"


def test_a_rate_over_nothing_says_why_it_has_no_value():
    code = totals("zj-code-account", amounts={"electricity.purchased": (0, "kWh")})
    assert code["code_gross"].posted == 0
    assert code["neutrality_rate"].value is None
    assert "divides by zero" in code["neutrality_rate"].note


def test_a_frozen_value_that_the_formula_does_not_give_is_a_problem():
    line = plant("carbon-market")[0]
    good = LineInput(line.line_id, line.item, line.month, line.inputs, posted=round(FUEL_T * 1e9))
    assert explain(edition("carbon-market"), [good], "zh").children[0].posted == good.posted
    bad = LineInput(line.line_id, line.item, line.month, line.inputs, posted=1)
    with pytest.raises(Problem) as caught:
        explain(edition("carbon-market"), [bad], "zh")
    assert caught.value.code == "explanation_differs"
    assert "冻结的过账值为 1" in caught.value.text("zh")
    assert "the frozen posted value is 1" in caught.value.text("en")
