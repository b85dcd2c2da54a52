"""Industries of GB/T 4754-2017 and the guideline each is accounted by."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tanma.domain.messages import Problem
from tanma.domain.reference.industries import (
    ancestors,
    guideline_for,
    industries,
    industry,
)


def test_sections_b_c_d_are_whole():
    levels = Counter(i.level for i in industries().values())
    assert {"section": 3, "division": 41, "group": 207, "class": 666} == dict(levels)


def test_every_parent_exists_one_level_up():
    levels = ["section", "division", "group", "class"]
    for one in industries().values():
        if one.parent_code:
            parent = industry(one.parent_code)
            assert levels.index(one.level) == levels.index(parent.level) + 1
            assert one.section == parent.section
        else:
            assert "section" == one.level


def test_the_way_up_from_cement():
    assert ["3011", "301", "30", "C"] == [i.code for i in ancestors("3011")]
    assert "水泥制造" == industry("3011").name_zh


def test_every_industry_has_an_english_name_of_its_own():
    """A group of one class carries the name of its class; brothers never share one."""
    for one in industries().values():
        assert re.fullmatch(r"[A-Z][A-Za-z0-9 ,;()'-]*[a-z)]", one.name_en), one
    named = Counter((i.parent_code, i.name_en) for i in industries().values())
    assert [] == [key for key, count in named.items() if count > 1]


def test_chinese_and_english_names_stand_for_each_other():
    """One term has one translation, and two terms never share one."""
    pairs = {(i.name_zh, i.name_en) for i in industries().values()}
    assert len(pairs) == len({zh for zh, _ in pairs}) == len({en for _, en in pairs})


def test_a_name_follows_the_language():
    assert "水泥制造" == industry("3011").name("zh")
    assert "Manufacture of cement" == industry("3011").name("en")
    assert "Manufacture of paper" == industry("222").name("en")


def test_groups_filled_in_by_us_are_marked():
    assert industry("061").group_synthesised
    assert not industry("071").group_synthesised


def test_every_class_has_a_guideline():
    for one in industries().values():
        if one.level == "class":
            assert guideline_for(one.code).sector_id


@pytest.mark.parametrize(
    ("expected", "code"),
    [
        ("cement", "3011"),
        ("other_industry", "3012"),
        ("aluminium", "3216"),
        ("magnesium", "3217"),
        ("nonferrous_other", "3211"),
        ("coke", "2521"),
        ("chemicals", "2523"),
        ("power", "4411"),
        ("textile", "1713"),
    ],
)
def test_the_longest_prefix_wins(expected, code):
    assert expected == guideline_for(code).sector_id


def test_the_mapping_is_marked_as_recalled():
    assert "recalled" == guideline_for("3011").evidence


def test_an_unknown_industry():
    with pytest.raises(Problem) as caught:
        industry("9999")
    assert "reference_industry_unknown" == caught.value.code
    assert "“9999” 不在" in caught.value.text("zh")
    assert "two to four digits" in caught.value.text("en")


def test_an_industry_outside_the_sections_has_no_guideline():
    with pytest.raises(Problem) as caught:
        guideline_for("6510")
    assert "reference_guideline_missing" == caught.value.code
    assert "没有对应的核算指南" in caught.value.text("zh")
    assert "no accounting guideline" in caught.value.text("en")
