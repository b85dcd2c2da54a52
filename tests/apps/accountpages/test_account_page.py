"""The account page: totals under their own names, months beside the trend, what is left out."""

from dataclasses import replace

import pytest

from tanma.apps.accountpages import account_page
from tanma.apps.inventories.door import TOTALS
from tanma.domain.methods import edition
from tanma.engine.accounts import CODE

pytestmark = [pytest.mark.db, pytest.mark.django_db]


def test_the_three_totals_of_a_cement_works_have_three_names(frozen):
    rows = {row.id: row for row in account_page.overview(frozen, "zh")}
    assert len({rows[t].name for t in TOTALS}) == len(TOTALS)
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


def test_the_chart_prints_year_and_region_of_the_frozen_factor(frozen):
    chart = account_page.months_chart(account_page.chosen(frozen, ""), frozen, "zh")
    assert "浙江" in chart.note
    assert "2023" in chart.note
    assert "0.4974" in chart.note
    assert 2 == len(chart.series)
    law = account_page.months_chart(account_page.chosen(frozen, "statutory"), frozen, "zh")
    assert 1 == len(law.series)


def test_what_an_edition_leaves_out_is_named_with_its_reason(frozen):
    left = dict(account_page.left_out(frozen, edition(CODE), "zh"))
    assert "不含工业过程排放" in next(why for name, why in left.items() if "碳酸钙" in name)


def test_no_intensity_per_product_where_a_month_is_missing(frozen, cement):
    shown = {str(f.label): f for f in account_page.intensities(frozen, "zh", cement.facts)}
    assert 4 == len(shown)
    clinker = next(f for label, f in shown.items() if "熟料" in label)
    assert "—" == clinker.value
    assert "1" in clinker.note
