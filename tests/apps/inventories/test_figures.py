"""Totals, scopes, sources and months of an account: sums of frozen integers that add up."""

from datetime import date

import pytest

from tanma.apps.inventories.figures import TOTALS, account, added, frozen_grid, share
from tanma.domain.methods import edition
from tanma.engine.accounts import CODE, MEASURE_DEFS, STATUTORY

pytestmark = [pytest.mark.db, pytest.mark.django_db]
MONTHS = [date(2026, 7, 1), date(2026, 8, 1), date(2026, 9, 1)]


def test_totals_are_those_of_the_frozen_result(frozen):
    checked = 0
    for column, measure in MEASURE_DEFS.items():
        if not measure.categories:
            assert frozen.result[column] == account(frozen, measure.edition).total(measure.total)
            checked += 1
    assert checked > 10


@pytest.mark.parametrize("total", list(TOTALS))
def test_scopes_sources_and_months_add_up_to_the_total(frozen, total):
    made = account(frozen, TOTALS[total])
    whole = made.total(total)
    assert whole == sum(made.by(total, lambda e: e.line.scope).values())
    assert whole == sum(source.posted for source in made.sources(total))
    assert whole == sum(made.months(total, MONTHS))
    assert sum(source.share for source in made.sources(total)) == 1


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


def test_a_source_says_amount_factor_evidence_and_share(frozen):
    sources = {s.first.bound.item: s for s in account(frozen, CODE).sources("code_gross")}
    coal = sources["fuel.bituminous.burnt"]
    assert 300 * 10**6 == coal.amount
    assert "recalled" == coal.evidence
    assert ["19.57"] == [used.text for used in coal.factors["ncv_gj_per_unit"]]
    assert 3 == len(coal.entries)
    assert -1 == sources["electricity.pv.exported"].weight
    assert sources["electricity.pv.exported"].posted < 0


def test_a_missing_line_makes_the_sum_missing():
    assert added([1, None, 2]) is None
    assert 0 == added([])
    assert share(1, 0) is None
    assert share(None, 5) is None
