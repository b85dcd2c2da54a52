"""The slots 碳配额 and 碳交易: empty until a sheet of the authority, and never for visitors."""

from datetime import date

import pytest
from django.test import Client

from tanma.apps.codepages.market import Market, market_of, slots
from tanma.apps.facts import door as facts
from tests.apps.region import fact

pytestmark = [pytest.mark.db, pytest.mark.django_db]


def state(subject, year=2025, **amounts_t):
    span = {"valid_from": date(year, 1, 1), "valid_to": date(year + 1, 1, 1)}
    rows = [
        fact(subject, f"market.{name}", kind="amount", source="government", value=t * 1000,
             reported=str(t), evidence="doc:样例〔2026〕7号", **span)
        for name, t in amounts_t.items()
    ]  # fmt: skip
    facts.append(facts.table(rows), author="test")


def page(client, region, key="A"):
    return client.get(f"/c/{region.enterprise(key).public_code}").content.decode()


def test_nothing_is_said_where_nothing_was_stated(published):
    assert market_of(published.subject("A")) is None
    assert 2 == page(published.client_of("firm_a"), published).count('<dd class="muted">暂无数据')


def test_the_newest_year_counts_with_its_document(published):
    subject = published.subject("A")
    state(subject, 2024, allocated=1, sold=2)
    state(subject, allocated=39257, surrendered=43082, bought=3825)
    assert Market(
        2025,
        {"market.allocated": 39257 * 10**9, "market.surrendered": 43082 * 10**9,
         "market.bought": 3825 * 10**9},
        ("样例〔2026〕7号",),
    ) == market_of(subject)  # fmt: skip


def test_a_correction_replaces_and_is_of_its_enterprise_alone(published):
    subject = published.subject("A")
    state(subject, sold=5)
    state(subject, sold=6)
    assert {"market.sold": 6 * 10**9} == market_of(subject).amounts_mg
    assert market_of(published.subject("B")) is None


@pytest.mark.parametrize("who", ["firm_a", "county1", "admin"])
def test_whoever_may_see_the_figures_sees_them(published, who):
    state(published.subject("A"), allocated=39257, bought=3825)
    text = page(published.client_of(who), published)
    assert '分配 <span class="num">39,257</span> tCO₂' in text
    assert '买入 <span class="num">3,825</span> tCO₂' in text
    assert "2025 年度，依据 样例〔2026〕7号" in text


def test_visitors_and_others_do_not(published):
    state(published.subject("A"), allocated=39257)
    assert "39,257" not in page(Client(), published)
    assert "39,257" not in page(published.client_of("firm_b"), published)


def test_what_was_surrendered_alone_leaves_trading_empty(published):
    state(published.subject("A"), surrendered=43082)
    text = page(published.client_of("firm_a"), published)
    assert '清缴 <span class="num">43,082</span> tCO₂' in text
    assert 1 == text.count('<dd class="muted">暂无数据')
    assert [1, 0] == [len(amounts) for _, amounts in slots(market_of(published.subject("A")))]
