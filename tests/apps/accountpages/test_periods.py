"""The switch of periods: by kind, then by year, each in words."""

import pytest
from django.utils import translation

from tanma.apps.accountpages import periods
from tanma.domain.periods import parse

PUBLISHED = ("2026Q3/r4", "2026Q2/r4", "2026H1", "2026Q2", "2025Q4/r4", "2025")


def switch(shown):
    with translation.override("zh-hans"):
        return periods.switch(PUBLISHED, shown, lambda p: f"?period={p}")


def test_periods_are_grouped_by_kind_then_by_year_in_words():
    found = switch("2026Q3/r4")
    assert ["滚动四个季度", "单季度", "半年", "全年"] == [name for name, *_ in found.kinds]
    assert [True, False, False, False] == [current for *_, current in found.kinds]
    assert ["2025年", "2026年"] == [y.name for y in found.years]
    assert ["至二季度", "至三季度"] == [name for name, *_ in found.years[1].links]


def test_a_kind_leads_to_its_newest_period():
    assert "?period=2026Q3/r4" == switch("2025").kinds[0][1]


@pytest.mark.parametrize(
    ("text", "zh", "en"),
    [
        ("2026Q3", "三季度", "Q3"), ("2026Q3/r4", "至三季度", "to Q3"), ("2026H1", "上半年", "H1"),
        ("2026H2", "下半年", "H2"), ("2026", "全年", "full year"), ("2026-07", "7月", "month 7"),
    ],
)  # fmt: skip
def test_a_period_has_its_word_in_both_languages(text, zh, en):
    for lang, expected in (("zh-hans", zh), ("en", en)):
        with translation.override(lang):
            assert expected == periods.label(parse(text))
