"""Water beside the energy: amounts as reported, per output only where every month is there."""

from datetime import date

import pytest
from django.utils import translation

from tanma.apps.facts import door as facts
from tanma.domain.periods import parse
from tests.apps.region import PUBLISHED, fact

pytestmark = [pytest.mark.db, pytest.mark.django_db]


def report(published, months):
    """So many m³ of water for enterprise A in each month, before a new run."""
    from tests.apps.region import publish

    rows = [
        fact(
            published.subject("A"), "water.total", kind="amount", valid_from=month, value=1_500_000,
            valid_to=date(month.year + month.month // 12, month.month % 12 + 1, 1),
            source="stat.205-4", reported="1500",
        )
        for month in months
    ]  # fmt: skip
    facts.append(facts.table(rows), author="test")
    return publish(PUBLISHED[-1])


def water(published, user="firm_a"):
    uid = published.enterprise("A").uid
    answer = published.client_of(user).get(f"/inventories/{uid}/energy")
    return answer.context["water"], answer.content.decode()


def test_without_a_report_the_page_says_so_and_shows_no_zero(published):
    rows, text = water(published)
    assert [] == rows
    assert "本期没有报送用水数据" in text


def test_water_of_every_month_is_told_per_output(published):
    run = report(published, parse(PUBLISHED[-1]).months)
    ((row,), text) = water(published)
    assert ("18,000", "m³") == (row.amount.removesuffix(".000"), row.unit)
    output = run.results.get(subject=published.subject("A")).output_fen
    assert float(row.per_output.replace(",", "")) == pytest.approx(
        18_000 / (output / 1e6), rel=1e-3
    )
    assert "单位产值用水" in text


def test_water_of_some_months_is_an_amount_and_no_ratio(published):
    report(published, parse(PUBLISHED[-1]).months[:5])
    with translation.override("zh-hans"):
        ((row,), text) = water(published)
    assert "—" == row.per_output
    assert "只报了 5 个月，应为 12 个月" in text
