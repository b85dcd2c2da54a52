"""Statutory divisions."""

from __future__ import annotations

from collections import Counter

import pytest

from tanma.domain.factors.tables import rows
from tanma.domain.messages import Problem
from tanma.domain.reference.regions import ancestors, region, regions


def test_31_provinces_11_cities_90_counties():
    levels = Counter(r.level for r in regions().values())
    assert {"province": 31, "city": 11, "county": 90} == dict(levels)


def test_the_way_up_from_a_county():
    assert ["安吉县", "湖州市", "浙江省"] == [r.name_zh for r in ancestors("330523")]


def test_every_division_ends_in_a_province():
    for code in regions():
        assert "province" == ancestors(code)[-1].level


def test_the_province_of_grid_factors():
    provinces = {r["region"] for r in rows("grid") if r["region"].isdecimal()}
    assert provinces <= set(regions())
    assert {"540000"} == {c for c, r in regions().items() if r.level == "province"} - provinces


def test_an_unknown_division():
    with pytest.raises(Problem) as caught:
        region("330599")
    assert "reference_region_unknown" == caught.value.code
    assert "“330599” 无法识别" in caught.value.text("zh")
    assert "six digits" in caught.value.text("en")
