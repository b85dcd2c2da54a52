"""Level and grade are two axes with words of their own, in both languages."""

from __future__ import annotations

from django.utils import translation

from tanma.apps.kit import words


def test_grade_words_compare_with_the_industry() -> None:
    assert ["远优于行业平均", "优于行业平均", "接近行业平均", "劣于行业平均", "远劣于行业平均"] == [
        words.grade_word(g) for g in range(1, 6)
    ]


def test_the_pair_names_both_axes() -> None:
    assert "高碳2级" == words.pair("high", 2)
    assert "暂不赋码" == words.pair("high", None)
    with translation.override("en"):
        assert "High-carbon, grade 2" == words.pair("high", 2)
        assert "Far worse" == words.grade_word(5, short=True)


def test_no_level_is_said() -> None:
    assert ("低碳", "未定级") == (words.level_word("low"), words.level_word(None))
