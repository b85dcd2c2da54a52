"""The explanation trees from frozen files: the posted integers, the leaves, the ratios."""

from dataclasses import replace

import pytest

from tanma.apps.inventories.basis import ACCOUNTS, basis, editions_of, explained
from tanma.apps.inventories.frozen import read
from tanma.domain.messages import Problem
from tests.apps.inventories.conftest import CEMENT


@pytest.fixture
def made(cement):
    return basis(cement.files, CEMENT, "zh", facts=cement.facts)


def totals(made, account):
    return {node.id: node for tree in made.accounts[account] for node in tree.children}


def nodes(made, kind):
    return [node for tree in made.nodes for node in tree.walk() if node.kind == kind]


def test_every_total_of_the_trees_is_the_frozen_integer(made):
    result = made.result
    code, law = totals(made, "code"), totals(made, "statutory")
    energy = totals(made, "energy")
    assert result["gross_mg"] == code["code_gross"].posted
    assert result["deduction_mg"] == code["code_neutral"].posted
    assert result["net_mg"] == code["code_net"].posted
    assert result["statutory_mg"] == law["statutory"].posted
    assert result["location_mg"] == law["location_based"].posted
    assert result["market_based_mg"] == law["market_based"].posted
    assert result["carbon_market_mg"] == law["carbon_market"].posted
    assert result["energy_calorific_gce"] == energy["consumption_calorific"].posted
    assert len({n.posted for n in (code["code_net"], law["statutory"], law["carbon_market"])}) == 3


def test_every_line_is_the_frozen_line(made):
    rows = [row for row in made.frozen.lines if row["item"] == "heat.purchased"]
    posted = {f"{row['month']:%Y-%m}": row for row in rows}
    lines = [n for n in nodes(made, "line") if "heat-purchased/heat.purchased" in n.id]
    assert lines
    for node in lines:
        assert posted[node.id[-7:]]["mg_province_average"] == node.posted


def test_months_of_a_source_stand_below_one_node_that_adds_them(made):
    sources = nodes(made, "source")
    assert sources
    for node in sources:
        assert 3 == len(node.children)
        values = [child.posted for child in node.children]
        assert node.posted == (None if None in values else sum(values))


def test_a_frozen_line_that_the_formula_does_not_give_is_a_problem(cement):
    frozen = read(cement.files, CEMENT)
    for wrong in (1, None):
        first = frozen.lines[0] | {"mg_province_average": wrong}
        spoiled = replace(frozen, lines=(first, *frozen.lines[1:]))
        with pytest.raises(Problem) as caught:
            explained(spoiled, "zh", ["code"], cement.facts)
        assert "explanation_differs" == caught.value.code


def test_a_frozen_total_that_the_lines_do_not_give_is_a_problem(cement):
    frozen = read(cement.files, CEMENT)
    spoiled = replace(frozen, result=frozen.result | {"net_mg": frozen.result["net_mg"] + 1})
    with pytest.raises(Problem) as caught:
        explained(spoiled, "zh", ["code"], cement.facts)
    assert "explanation_differs" == caught.value.code
    assert "code_net" in caught.value.text("zh")


def test_leaves_say_origin_row_known_time_evidence_and_both_years(made, cement):
    leaves = nodes(made, "input")
    power = next(n for n in leaves if n.id == "power_kwh")
    fact = next(f for f in cement.facts.rows if power.source_row == f"seq:{f['seq']}")
    assert ("measured", "供电企业", fact["stamp"]) == (power.origin, power.source, power.known_at)
    grid = next(n for n in leaves if n.id == "grid_tco2_per_mwh")
    assert "grid/2023/330000/average" == grid.source_row
    assert "采用 2023 年数据，使用年份 2026" in grid.note
    assert "最新公布值" in grid.note
    assert "0.4974 kgCO2/kWh" == grid.text
    assert "default" == grid.origin
    assert "recalled" == next(n for n in leaves if n.id == "ncv_gj_per_unit").evidence
    assert made.unconfirmed
    assert any("4 MWh" == n.text for n in leaves)


def test_the_ratios_are_those_of_the_run(made):
    code = totals(made, "code")
    assert made.result["intensity"] == pytest.approx(code["intensity"].value, rel=1e-12)
    assert made.result["ratio"] == pytest.approx(code["ratio"].value, rel=1e-12)
    assert "E_net ÷ V" == code["intensity"].written
    assert "L ÷ B" == code["ratio"].written
    (benchmark,) = code["ratio"].children
    assert made.result["benchmark"] == pytest.approx(benchmark.value, rel=1e-12)
    assert "n = 7" in benchmark.note
    assert made.frozen.files.card["tables"]["results"]["merkle_root"] in benchmark.source
    expected = made.result["deduction_mg"] / made.result["gross_mg"]
    assert expected == pytest.approx(code["neutrality_rate"].value, rel=1e-12)


def test_the_months_of_value_added_stand_below_it(made):
    (value_added,) = totals(made, "code")["intensity"].children
    assert 30 == value_added.value
    assert [100_000.0] * 3 == [leaf.value for leaf in value_added.children]
    assert all(leaf.known_at for leaf in value_added.children)


def test_months_for_statistics_only_are_not_shown_to_guests(cement):
    frozen = read(cement.files, CEMENT)
    restricted = replace(frozen, result=frozen.result | {"restricted": True})
    guest = explained(restricted, "zh", ["code"], cement.facts, statistical=False)
    (value_added,) = totals(guest, "code")["intensity"].children
    assert () == value_added.children
    assert "仅供统计使用" in value_added.note


def test_a_sum_of_months_that_is_not_the_frozen_one_is_a_problem(cement):
    frozen = read(cement.files, CEMENT)
    spoiled = replace(frozen, result=frozen.result | {"value_added_fen": 1})
    with pytest.raises(Problem) as caught:
        explained(spoiled, "zh", ["code"], cement.facts)
    assert "value_added_fen" in caught.value.text("en")


def test_the_equivalent_value_names_its_coefficient_and_lacks_that_of_heat(made):
    energy = totals(made, "energy")
    assert energy["consumption_equivalent"].posted is None
    bought = energy["bought_equivalent"]
    assert {True, False} == {source.posted is None for source in bought.children}
    for source in bought.children:
        lines = [line.note for line in source.children]
        assert all("0.1229" in note for note in lines) is (source.posted is None)


def test_an_enterprise_outside_the_market_has_no_market_tree(cement):
    frozen = read(cement.files, CEMENT)
    assert ("statutory-general", "carbon-market") == editions_of(frozen, "statutory")
    textile = replace(frozen, result=frozen.result | {"industry": "1751"})
    assert ("statutory-general",) == editions_of(textile, "statutory")


def test_an_enterprise_without_grade_still_has_its_accounts(cement):
    frozen = read(cement.files, CEMENT)
    unrated = replace(frozen, result=frozen.result | {"rated_on": None})
    assert "intensity" not in totals(explained(unrated, "zh", ["code"], cement.facts), "code")


def test_an_enterprise_that_the_run_does_not_know_is_a_problem(cement):
    with pytest.raises(Problem) as caught:
        read(cement.files, 99)
    assert "99" in caught.value.text("zh")
    assert "run=cement" in caught.value.text("en")


def test_an_account_that_does_not_exist_is_a_problem(cement):
    with pytest.raises(Problem) as caught:
        editions_of(read(cement.files, CEMENT), "water")
    for lang in ("zh", "en"):
        assert ", ".join(ACCOUNTS) in caught.value.text(lang)


def test_both_languages_have_the_same_numbers(cement, made):
    english = basis(cement.files, CEMENT, "en", facts=cement.facts)
    same = [(a.kind, a.id, a.posted, a.value) for tree in made.nodes for a in tree.walk()]
    assert same == [(a.kind, a.id, a.posted, a.value) for t in english.nodes for a in t.walk()]
    assert "Code account, net" in {node.name for node in nodes(english, "total")}


def test_a_shrunk_average_is_given_without_sums_or_what_few_stand_behind(cement):
    """The pair is exact and no total of anybody; few stand behind what it was made of."""
    frozen = read(cement.files, CEMENT)
    made_of = {"shrink_weight": "0.500000", "shrink_k": "1.0000", "own_n": 1, "own_n_eff": 1.0}
    spoiled = replace(frozen, result=frozen.result | made_of)
    for lang, words in (("zh", "向上一级行业收缩"), ("en", "shrunk toward a wider one")):
        tree = explained(spoiled, lang, ["code"], cement.facts)
        average = next(n for t in tree.nodes for n in t.walk() if n.id == "benchmark")
        assert frozen.result["benchmark"] == pytest.approx(average.value, rel=1e-12)
        assert ("", "") == (average.written, average.with_values)
        assert words in average.note
        assert "0.5" not in average.note
