"""Trends on the published region: the same digits as published, gaps, bases, and who sees what."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from tanma.apps.facts import door as facts
from tanma.domain.periods import parse
from tests.apps.region import (
    CITY,
    COUNTY_1,
    COUNTY_2,
    MONTHS,
    PUBLISHED,
    TOWNS,
    fact,
    publish,
)

pytestmark = [pytest.mark.db, pytest.mark.django_db]
ROLLING = "2026Q1/r4"


def page(published, user, key="A", **query):
    uid = published.enterprise(key).uid
    return published.client_of(user).get(f"/trends/enterprise/{uid}/", query)


def area(published, user, code=CITY, **query):
    return published.client_of(user).get(f"/trends/area/{code}/", query)


def values(answer):
    """period → value of the first unit."""
    made = answer.context["answer"]
    return {p.text: made.value(made.units[0], p) for p in made.periods}


def figures(answer):
    groups = answer.context["form"].fields["figure"].choices
    return {key for _label, choices in groups for key, _name in choices}


def test_a_rolling_sum_of_months_is_the_published_total_to_the_last_digit(published):
    result = published.run(ROLLING).results.get(subject=published.subject("A"))
    for figure, column, decimals in (
        ("code_net", "net_mg", 9), ("code_gross", "gross_mg", 9),
        ("consumption_calorific", "energy_calorific_gce", 6),
    ):  # fmt: skip
        found = values(page(published, "firm_a", figure=figure, grain="rolling"))
        assert Fraction(getattr(result, column), 10**decimals) == found[ROLLING]


def test_published_ratios_are_shown_as_published_beside_their_own_benchmark(published):
    result = published.run(ROLLING).results.get(subject=published.subject("A"))
    answer = page(published, "firm_a", figure="L", grain="rolling", base="benchmark")
    assert Fraction(result.intensity) == values(answer)[ROLLING]
    made = answer.context["answer"]
    assert Fraction(result.benchmark_value) == made.against.measure.of(parse(ROLLING))
    assert "比较对象：1751" in answer.content.decode()


def test_a_published_ratio_has_no_value_for_a_month(published):
    assert {None} == set(values(page(published, "firm_a", figure="K", grain="month")).values())


def test_emission_per_output_is_total_by_total(published):
    result = published.run(ROLLING).results.get(subject=published.subject("A"))
    found = values(page(published, "firm_a", figure="net/output", grain="rolling"))
    expected = Fraction(result.net_mg, 10**9) / Fraction(result.output_fen, 10**6)
    assert expected == found[ROLLING]


def test_months_that_were_not_reported_are_gaps(published):
    found = values(page(published, "firm_g", "G", figure="code_net", grain="month",
                        start="2025-04", end="2025-08"))  # fmt: skip
    assert ["2025-04", "2025-05"] == [p for p, v in found.items() if v is not None]
    answer = page(published, "firm_g", "G", figure="code_net", grain="month", start="2025-04")
    assert "图中断开，不按 0 计" in answer.content.decode()


def test_the_year_before_is_compared_where_both_were_reported(published):
    answer = page(published, "firm_a", figure="code_net", grain="quarter", base="before")
    made = answer.context["answer"]
    assert Fraction(0) == made.pair(parse("2026Q1")).change
    assert made.pair(parse("2025Q2")) is None
    assert ["本期", "上年同期", "同比"] != [c.label for c in made.table({}).columns]
    assert "0.0" in answer.content.decode()


def test_a_base_year_is_100(published):
    answer = page(published, "firm_a", figure="code_net", grain="quarter", base="year", year="2025")
    made = answer.context["answer"]
    shown = {p.text: made.shown(made.units[0], p) for p in made.periods}
    assert {Fraction(100)} == set(shown.values())
    assert "2025 年 = 100" in answer.content.decode()


def test_the_frozen_grid_factor_is_named(published):
    answer = page(published, "firm_a", figure="code_net", base="grid")
    assert "固定电网因子：" in answer.content.decode()
    assert answer.context["answer"].against is not None


def test_a_base_that_a_figure_does_not_have_is_told(published):
    answer = page(published, "firm_a", figure="electricity.purchased", base="benchmark")
    assert "这一指标没有所选的比较基准" in answer.content.decode()


def test_water_green_power_and_products_are_drawn_where_they_were_reported(published):
    assert not {"water.total", "product.cloth.output"} & figures(page(published, "firm_a"))
    rows = [
        fact(published.subject("A"), item, kind="amount", valid_from=m, source="declared",
             valid_to=date(m.year + m.month // 12, m.month % 12 + 1, 1), value=value)
        for m in parse(ROLLING).months
        for item, value in (("water.total", 1_500_000), ("product.cloth.output", 20_000),
                            ("electricity.green.contract", 2_000_000))
    ]  # fmt: skip
    facts.append(facts.table(rows), author="test")
    publish(PUBLISHED[-1])
    found = figures(page(published, "firm_a"))
    assert {"water.total", "water/output", "net/product.cloth.output", "green.share"} <= found
    water = values(page(published, "firm_a", figure="water.total", grain="quarter"))
    assert Fraction(4500) == water["2026Q1"]
    share = values(page(published, "firm_a", figure="green.share", grain="quarter"))
    assert Fraction(100 * 2000, 21_377) == share["2026Q1"]


def test_the_file_has_the_numbers_of_the_page(published):
    answer = page(
        published, "firm_a", figure="electricity.purchased", grain="quarter", export="csv"
    )
    text = b"".join(answer.streaming_content).decode()
    assert "购入电力 (kWh)" in text
    assert "2026Q1,64131.0" in text


def test_an_end_before_the_start_is_told(published):
    answer = page(published, "firm_a", start="2026-02", end="2025-03")
    assert "截止月份早于起始月份" in answer.content.decode()
    assert "answer" not in answer.context


# --- who sees what


def test_another_enterprise_is_not_found(published):
    assert 404 == page(published, "firm_b").status_code
    assert 404 == page(published, "county2").status_code
    assert 200 == page(published, "county1").status_code


def test_an_enterprise_cannot_draw_another_beside_itself(published):
    answer = page(published, "firm_a", units=str(published.enterprise("B")))
    assert "units" not in answer.context["form"].fields
    assert 1 == len(answer.context["answer"].units)


def test_an_official_draws_enterprises_of_the_own_area_beside_each_other(published):
    names = f"{published.enterprise('C')}，{published.enterprise('B')}"
    answer = page(published, "county1", units=names, grain="quarter")
    assert ["A", "C"] == [
        key for key in "ABC"
        if str(published.enterprise(key)) in [u.name for u in answer.context["answer"].units]
    ]  # fmt: skip
    assert "没有找到“乙纺织样例有限公司”，或您无权查看" in answer.content.decode()


@pytest.fixture
def without_basis(published, settings):
    """A publication in which the money of C and the energy of E are for statistics alone."""
    settings.TANMA = settings.TANMA.model_copy(update={"legal_basis": ""})
    for key, item, value in (("C", "economy.value_added", 765_432_101),
                             ("E", "electricity.purchased", 777_777_000)):  # fmt: skip
        rows = [
            fact(published.subject(key), item, kind="amount", source="grid", value=value,
                 data_class="statistical_only", valid_from=a, valid_to=b)
            for a, b in zip(MONTHS, [*MONTHS[1:], date(2026, 7, 1)], strict=True)
        ]  # fmt: skip
        facts.append(facts.table(rows), author="test")
    publish(ROLLING)
    return published


def test_money_for_statistics_alone_has_no_trend(without_basis):
    official = page(without_basis, "county1", "C", figure="L", grain="rolling")
    assert "net/added" not in figures(official)
    assert values(official)[ROLLING] is None
    own = page(without_basis, "firm_c", "C", figure="net/added", grain="rolling")
    assert values(own)[ROLLING] is not None


def test_energy_for_statistics_alone_leaves_nothing(without_basis):
    answer = page(without_basis, "county1", "E")
    assert 404 == answer.status_code
    assert "answer" not in answer.context
    beside = page(without_basis, "county1", units=str(without_basis.enterprise("E")))
    assert 1 == len(beside.context["answer"].units)


# --- areas


def test_an_area_shows_what_the_run_froze(published):
    row = next(
        r for r in published.run(ROLLING).areas.all()
        if (r.hierarchy, r.area_code) == ("statutory", CITY)
    ).figures  # fmt: skip
    found = values(area(published, "city", figure="energy", grain="rolling"))
    assert Fraction(int(row["energy_calorific_gce"]), 10**6) == found[ROLLING]
    net = values(area(published, "city", figure="net", grain="rolling"))
    assert Fraction(int(row["net_mg"]), 10**9) == net[ROLLING]


def test_areas_are_drawn_beside_each_other(published):
    answer = area(published, "city", units="样例一县,样例二县", grain="rolling")
    assert ["样例市", "样例一县", "样例二县"] == [u.name for u in answer.context["answer"].units]


def test_an_official_sees_the_own_area_alone(published):
    assert 403 == area(published, "county1", COUNTY_2).status_code
    assert 403 == area(published, "firm_a").status_code
    assert 404 == area(published, "city", "nowhere").status_code
    answer = area(published, "county1", COUNTY_1, units="样例二县")
    assert "没有找到“样例二县”，或您无权查看" in answer.content.decode()


def test_an_area_of_few_enterprises_has_no_trend(published):
    moved = [
        fact(published.subject(key), "area.statutory", text=TOWNS[COUNTY_1], revision=1)
        for key in "DF"
    ]
    facts.append(facts.table(moved), author="test")
    for period in PUBLISHED:
        publish(period)
    answer = area(published, "city", TOWNS[COUNTY_2])
    assert "answer" not in answer.context
    assert "还没有已发布的结果" in answer.content.decode()
    assert "answer" in area(published, "city", TOWNS[COUNTY_1]).context


def test_home_leads_everybody_to_their_own(published):
    uid = published.enterprise("A").uid
    assert f"/trends/enterprise/{uid}/" == published.client_of("firm_a").get("/trends/")["Location"]
    assert f"/trends/area/{CITY}/" == published.client_of("city").get("/trends/")["Location"]
    assert published.client_of("").get("/trends/")["Location"].startswith("/accounts/login/")
