"""What stands beside the grade for the entitled: boundaries, the smallest flip, the region."""

from dataclasses import replace
from fractions import Fraction

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from tanma.apps.codepages import base, figures, public
from tanma.apps.codepages.base import base_of
from tanma.apps.codepages.figures import Flip, smallest_flip
from tanma.apps.codes.runs import files_of
from tanma.domain.rating import find, grade_of
from tanma.domain.rating.scheme import Base
from tests.apps.region import INDUSTRY, PUBLISHED, publish

SCHEME = find("zhejiang-carbon-efficiency")


def test_the_nearer_boundary_is_the_smallest_flip():
    assert Flip(-100, 0.1, 2) == smallest_flip(1000, 3, 0.1, 0.3)
    assert Flip(300, 0.3, 4) == smallest_flip(1000, 3, 0.4, 0.3)
    assert Flip(300, 0.3, 2) == smallest_flip(1000, 1, None, 0.3)
    assert Flip(-400, 0.4, 4) == smallest_flip(1000, 5, 0.4, None)


@pytest.mark.parametrize("given", [(None, 3), (0, 1), (-5, 1), (1000, None)])
def test_without_a_positive_emission_and_a_grade_nothing_can_flip(given):
    assert smallest_flip(*given, 0.1, 0.1) is None


@given(st.integers(10**6, 10**15), st.integers(10**6, 10**12))
def test_the_change_told_really_flips_the_grade(net, money):
    """A little more than told lies on the other side, a little less does not."""
    total, whole = 10**12, 10**9
    grade, ratio = grade_of(net, money, total, whole, SCHEME), net * whole / (money * total)
    cuts = [float(c) for c in SCHEME.ratio.cuts]
    better = 1 - cuts[grade - 2] / ratio if grade > 1 else None
    worse = cuts[grade - 1] / ratio - 1 if grade < 5 else None
    flip = smallest_flip(net, grade, better, worse)
    assert flip is not None
    little = (net // 10**9 + 1) * (1 if flip.mg > 0 else -1)
    assert flip.grade == grade_of(net + flip.mg + little, money, total, whole, SCHEME)
    assert grade == grade_of(net + flip.mg - little, money, total, whole, SCHEME)


db = pytest.mark.django_db


@pytest.mark.db
@db
def test_the_enterprise_reads_boundaries_flip_region_and_probability(published):
    page = published.client_of("firm_a").get(f"/c/{published.enterprise('A').public_code}")
    text = page.content.decode()
    for word in ("改变等级的最小变化", "全域平均", "等级把握", "按方案假定的数据误差推算"):
        assert word in text
    region = figures.region_of(published.run())
    row = published.run().areas.get(hierarchy="statutory", area_code="9901").figures
    expected = int(row["net_with_value_added_mg"]) / int(row["value_added_fen"]) / 1000
    assert expected == pytest.approx(region.intensity)
    assert 8 == region.enterprises


@pytest.mark.db
@db
def test_a_visitor_reads_none_of_it(published):
    text = Client().get(f"/c/{published.enterprise('A').public_code}").content.decode()
    for word in ("改变等级的最小变化", "全域平均", "等级把握", "稳健参考等级", "临界"):
        assert word not in text


def test_only_grades_that_are_likely_at_all_are_listed():
    shown = figures.Figures(None, {"probabilities": [0.0, 0.004, 0.7, 0.296, 0.0]}, None, "")
    assert [(3, 0.7), (4, 0.296)] == shown.chances
    assert [] == figures.Figures(None, {"probabilities": None}, None, "").chances


BASE = replace(SCHEME, base=Base("example", "2025", Fraction("0.2")))


@pytest.mark.db
@db
def test_the_base_period_is_the_newest_publication_of_its_months(published, monkeypatch):
    """2026Q1/r4 against 2025: a quarter of a year on a path of a fifth a year."""
    restated = []
    result = published.run().results.get(subject=published.subject("A"))
    before = published.run(PUBLISHED[0])
    average = before.results.get(subject=published.subject("B")).benchmark_value
    found = base_of(result, BASE)
    assert (average, 6) == (found.ratios.base_benchmark, found.n)
    assert (INDUSTRY, "class") == (found.group, found.level)
    assert result.intensity / average == found.ratios.ratio_frozen
    assert pytest.approx(average * 0.8**0.25) == found.ratios.target_benchmark
    monkeypatch.setattr(base, "files_of", lambda run: restated.append(run) or files_of(run))
    again = publish(PUBLISHED[0])
    base_of(result, BASE)
    assert [again] == restated


@pytest.mark.db
@db
def test_without_a_base_or_a_publication_of_it_nothing_is_compared(published):
    result = published.run().results.get(subject=published.subject("A"))
    assert base_of(result, None) is None
    assert base_of(result, replace(SCHEME, base=None)) is None
    assert base_of(result, SCHEME) is None  # 2024 was never published here
    result.industry = "9999"
    assert base_of(result, BASE) is None


@pytest.mark.db
@db
def test_both_ratios_stand_beside_the_published_one_with_their_mark(published, monkeypatch):
    address = f"/c/{published.enterprise('A').public_code}"
    words = ("与基期行业平均比值", "与下降路径比值", "未扣除价格变化")
    text = published.client_of("firm_a").get(address).content.decode()
    assert not [word for word in words if word in text]
    monkeypatch.setattr(public.rules, "scheme", lambda scheme, edition: BASE)
    text = published.client_of("firm_a").get(address).content.decode()
    assert list(words) == [word for word in words if word in text]
    assert "基期 2025年 的行业平均" in text
    assert text.index("与行业平均比值") < text.index(words[0]) < text.index(words[1])
    assert "基期平均每年下降 20.0%" in text
    assert "示例" in text
    assert not [word for word in words if word in Client().get(address).content.decode()]
    frozen = replace(BASE, base=replace(BASE.base, yearly_decline=None))
    monkeypatch.setattr(public.rules, "scheme", lambda scheme, edition: frozen)
    text = published.client_of("firm_a").get(address).content.decode()
    assert [words[0], words[2]] == [word for word in words if word in text]


@pytest.mark.db
@db
def test_a_shrunk_average_is_told_in_words_and_not_by_what_few_stand_behind(published):
    result = published.run().results.get(subject=published.subject("A"))
    result.flags = ["BENCHMARK_SHRUNK"]
    shown = figures.Figures(result, {}, SCHEME, "")
    assert ["本行业企业太少，所用平均介于本行业与上一级行业之间"] == shown.flags
    assert set() == {"shrink_weight", "own_n", "own_n_eff"} & {*figures.BESIDE}
