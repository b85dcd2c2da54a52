"""Numbers of the pages are the numbers of the run's files, and parts add up to wholes."""

from __future__ import annotations

import re

import pytest

from tanma.apps.areas.figures import area_figures, children, remainder
from tanma.apps.areas.frozen import frozen
from tanma.apps.codes import door as codes
from tanma.apps.kit.door import big_tonnes, significant
from tests.apps.region import CITY, COUNTY_1, COUNTY_2, PARK, TOWNS

SUMMED = (
    "enterprises", "coded", "grade_1", "grade_2", "grade_3", "grade_4", "grade_5", "net_mg",
    "gross_mg", "deduction_mg", "index_mg", "index_output_fen", "value_added_fen",
    "energy_calorific_gce", "direct_mg",
)  # fmt: skip


@pytest.fixture
def data(published):
    return frozen(published.run())


def test_the_smallest_area_with_everybody_is_the_region(data):
    assert CITY == data.home


@pytest.mark.parametrize("field", SUMMED)
@pytest.mark.parametrize("code", [CITY, COUNTY_1, COUNTY_2])
def test_children_add_up_to_their_parent_exactly(data, code, field):
    parent = area_figures(data, "statutory", code)
    parts = children(data, "statutory", code)
    assert 0 == remainder(data, "statutory", code).enterprises
    assert getattr(parent, field) == sum(getattr(c, field) for c in parts)


def test_the_management_hierarchy_adds_up_to_the_same_region(data):
    region = area_figures(data, "management", CITY)
    parts, rest = children(data, "management", CITY), remainder(data, "management", CITY)
    assert [PARK] == [c.code for c in parts]
    assert 0 < rest.enterprises < region.enterprises
    assert region.net_mg == sum(c.net_mg for c in parts) + rest.net_mg
    assert region.enterprises == sum(c.enterprises for c in parts) + rest.enterprises


def test_enterprises_add_up_to_their_area(published, data):
    rows = codes.Result.objects.filter(run=published.run(), area_code=TOWNS[COUNTY_1])
    town = area_figures(data, "statutory", TOWNS[COUNTY_1])
    assert town.net_mg == sum(r.net_mg for r in rows if r.net_mg is not None)
    assert town.enterprises == rows.count()


def test_months_add_up_to_the_period(data):
    rows = data.rows("monthly", "statutory", CITY)
    inside = [r["net_mg"] for r in rows if r["month"] in set(data.period.months)]
    assert area_figures(data, "statutory", CITY).net_mg == sum(inside)


def test_sources_and_sectors_add_up(data):
    area = area_figures(data, "statutory", CITY)
    assert area.gross_mg == sum(r["gross_mg"] for r in data.rows("sources", "statutory", CITY))
    assert area.net_mg == sum(r["net_mg"] for r in data.rows("industries", "statutory", CITY))


def test_the_page_says_that_the_sum_is_exact(published):
    for path in (f"/cockpit/area/{CITY}/", f"/cockpit/area/{CITY}/?h=management"):
        page = published.client_of("city").get(path)
        assert page.context["check"]["exact"] is True
        assert "合计一致" in page.content.decode()


def test_a_sum_that_differs_is_not_called_exact(published, monkeypatch):
    data = frozen(published.run())
    data.areas["statutory", COUNTY_1]["net_mg"] += 1
    page = published.client_of("city").get(f"/cockpit/area/{CITY}/")
    assert page.context["check"]["exact"] is False
    assert "合计不一致" in page.content.decode()


def test_figures_of_the_wall_stand_in_the_file(published):
    files = codes.files_of(published.run()).table("areas").to_pylist()
    row = next(r for r in files if (r["hierarchy"], r["area_code"]) == ("statutory", CITY))
    text = published.client_of("city").get("/cockpit/").content.decode()
    amount = big_tonnes(row["net_mg"], "zh-hans")
    intensity = row["net_with_value_added_mg"] * 10**6 / (row["value_added_fen"] * 10**9)
    assert f"{amount.value}<small>{amount.unit}</small>" in text
    assert f"{significant(intensity)}<small>吨/万元</small>" in text
    counts = [int(n) for n in re.findall(r'class="num n"[^>]*>(\d+)<', text)]
    assert [row[f"grade_{g}"] for g in range(1, 6)] == counts


def test_the_area_page_prints_every_digit_of_the_sum(published, data):
    text = published.client_of("city").get(f"/cockpit/area/{CITY}/").content.decode()
    mg = area_figures(data, "statutory", CITY).net_mg
    assert f"{mg // 10**9:,}.{mg % 10**9:09d} 吨" in text


def test_posted_sums_and_their_relational_copy_are_equal(published, data):
    for row in codes.AreaResult.objects.filter(run=published.run()):
        frozen_row = data.areas[row.hierarchy, row.area_code]
        assert str(frozen_row["net_mg"]) == row.figures["net_mg"]
