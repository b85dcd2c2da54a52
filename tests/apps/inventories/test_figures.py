"""Totals, scopes, sources and months of an account: sums of frozen integers that add up."""

from dataclasses import replace
from datetime import date

import pytest

from tanma.apps.inventories import account_page, energy_page
from tanma.apps.inventories.figures import account, added, frozen_grid, share
from tanma.apps.inventories.frozen import read
from tanma.apps.inventories.products import products
from tanma.domain.methods import edition
from tanma.engine.accounts import CODE, ENERGY, MEASURE_DEFS, STATUTORY
from tests.apps.inventories.conftest import CEMENT

pytestmark = [pytest.mark.db, pytest.mark.django_db]
MONTHS = [date(2026, 7, 1), date(2026, 8, 1), date(2026, 9, 1)]


@pytest.fixture
def frozen(cement):
    return read(cement.files, CEMENT)


def test_totals_are_those_of_the_frozen_result(frozen):
    checked = 0
    for column, measure in MEASURE_DEFS.items():
        if not measure.categories:
            assert frozen.result[column] == account(frozen, measure.edition).total(measure.total)
            checked += 1
    assert checked > 10


@pytest.mark.parametrize("total", list(account_page.TOTALS))
def test_scopes_sources_and_months_add_up_to_the_total(frozen, total):
    made = account(frozen, account_page.TOTALS[total])
    whole = made.total(total)
    assert whole == sum(made.by(total, lambda e: e.line.scope).values())
    assert whole == sum(source.posted for source in made.sources(total))
    assert whole == sum(made.months(total, MONTHS))
    assert sum(source.share for source in made.sources(total)) == 1


def test_the_three_totals_of_a_cement_works_have_three_names(frozen):
    rows = {row.id: row for row in account_page.overview(frozen, "zh")}
    assert len({rows[t].name for t in account_page.TOTALS}) == len(account_page.TOTALS)
    three = [rows[t].value_mg for t in ("code_net", "statutory", "carbon_market")]
    assert len(set(three)) == 3
    assert all(row.covered for row in rows.values())


def test_a_textile_works_is_outside_the_carbon_market(frozen):
    textile = replace(frozen, result=frozen.result | {"industry": "1751"})
    market = account_page.overview(textile, "en")[-1]
    assert ("carbon_market", False, None) == (market.id, market.covered, market.value_mg)
    assert "code_net" == account_page.chosen(textile, "carbon_market").total


def test_an_unknown_total_shows_the_net_of_the_code_account(frozen):
    assert "code_net" == account_page.chosen(frozen, "water").total


def test_the_trend_moves_with_the_activity_alone(frozen):
    grid = frozen_grid(edition(CODE), frozen.files.meta)
    assert ("330000", "2023", 0.4974) == (grid.region, grid.year, grid.value)
    made = account(frozen, CODE)
    # the run used the same factor, so the trend is the account itself
    assert made.months("code_net", MONTHS) == made.months_at("code_net", MONTHS, grid.value)
    bought = [e for e, _ in made.counted("code_net") if e.bound.item == "electricity.purchased"]
    assert [10_000 * 10**9 // 1000] * 3 == [e.at("grid_tco2_per_mwh", 1.0) for e in bought]
    coal = next(e for e, _ in made.counted("code_net") if e.bound.item.startswith("fuel."))
    assert coal.posted == coal.at("grid_tco2_per_mwh", 1.0)


def test_an_edition_without_a_frozen_factor_has_none():
    assert frozen_grid(edition(STATUTORY), {"grid_region": "330000"}) is None


def test_the_frozen_factor_follows_the_level_of_the_run():
    grid = frozen_grid(edition(CODE), {"grid_region": "330000", "grid_level": "region"})
    assert ("CN-EAST", "2023") == (grid.region, grid.year)


def test_the_chart_prints_year_and_region_of_the_frozen_factor(frozen):
    chart = account_page.months_chart(account_page.chosen(frozen, ""), frozen, "zh")
    assert "浙江" in chart.note
    assert "2023" in chart.note
    assert "0.4974" in chart.note
    assert 2 == len(chart.series)
    law = account_page.months_chart(account_page.chosen(frozen, "statutory"), frozen, "zh")
    assert 1 == len(law.series)


def test_a_source_says_amount_factor_evidence_and_share(frozen):
    sources = {s.first.bound.item: s for s in account(frozen, CODE).sources("code_gross")}
    coal = sources["fuel.bituminous.burnt"]
    assert 300 * 10**6 == coal.amount
    assert "recalled" == coal.evidence
    assert ["19.57"] == [used.text for used in coal.factors["ncv_gj_per_unit"]]
    assert 3 == len(coal.entries)
    assert -1 == sources["electricity.pv.exported"].weight
    assert sources["electricity.pv.exported"].posted < 0


def test_what_an_edition_leaves_out_is_named_with_its_reason(frozen):
    left = dict(account_page.left_out(frozen, edition(CODE), "zh"))
    assert "不含工业过程排放" in next(why for name, why in left.items() if "碳酸钙" in name)


def test_a_missing_line_makes_the_sum_missing():
    assert added([1, None, 2]) is None
    assert 0 == added([])
    assert share(1, 0) is None
    assert share(None, 5) is None


def test_energy_has_both_valuations_under_their_names(frozen):
    made = account(frozen, ENERGY)
    parts = energy_page.parts(made)
    whole = parts[-1]
    assert whole.whole
    assert frozen.result["energy_calorific_gce"] == whole.calorific_gce
    assert whole.equivalent_gce is None
    signed = sum(p.sign * p.calorific_gce for p in parts[:-1])
    assert whole.calorific_gce == signed
    deducted = {p.name for p in parts if p.sign < 0}
    assert 3 == len(deducted)
    assert energy_page.missing_reason(made).startswith("购入热力没有可引用的等价值折标系数")


def test_fossil_and_renewable_stand_apart(frozen):
    found = energy_page.renewable_share(account(frozen, ENERGY))
    assert 3 == len(found)
    renewable = found[-1][1]
    assert 18_000 * 1229 // 10 == renewable
    assert 100 == pytest.approx(sum(float(part) for *_, part in found), abs=0.2)


def test_intensity_per_money_is_exact():
    assert "0.5" == energy_page.per_wan_yuan(500_000, 1_000_000).rstrip("0")
    assert "—" == energy_page.per_wan_yuan(None, 5)
    assert "—" == energy_page.per_wan_yuan(5, 0)


def test_per_product_only_where_every_month_reported_it(frozen, cement):
    made = {p.item.item: p for p in products(frozen, cement.facts)}
    whole, part = made["product.cement.output"], made["product.clinker.output"]
    net_mg = frozen.result["net_mg"]
    assert net_mg / 1e9 / 600 == pytest.approx(whole.per_unit(net_mg, 9))
    assert part.per_unit(net_mg, 9) is None
    assert whole.per_unit(None, 9) is None
    shown = {str(f.label): f for f in account_page.intensities(frozen, "zh", cement.facts)}
    assert 4 == len(shown)
    clinker = next(f for label, f in shown.items() if "熟料" in label)
    assert "—" == clinker.value
    assert "1" in clinker.note
    energy = energy_page.intensities(account(frozen, ENERGY), frozen, "en", cement.facts)
    assert ["tce/t", "tce/t"] == [f.unit for f in energy[2:]]
