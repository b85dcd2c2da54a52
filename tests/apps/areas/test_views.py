"""Pages of areas: which ones an official opens, and what a file says of its publication."""

from __future__ import annotations

import pytest

from tests.apps.region import COUNTY_1, PARK, TOWNS


@pytest.mark.parametrize("code", [COUNTY_1, TOWNS[COUNTY_1]])
def test_a_county_official_opens_the_areas_inside(published, code):
    assert 200 == published.client_of("county1").get(f"/cockpit/area/{code}/").status_code


def test_a_city_official_opens_the_management_areas(published):
    page = published.client_of("city").get(f"/cockpit/area/{PARK}/")
    assert 200 == page.status_code
    assert "management" == page.context["hierarchy"]


def test_an_export_holds_the_visible_enterprises_only(published):
    path = "/cockpit/rankings/?level=enterprise&export=csv"
    county = b"".join(published.client_of("county1").get(path).streaming_content).decode()
    city = b"".join(published.client_of("city").get(path).streaming_content).decode()
    assert "甲纺织样例有限公司" in county
    assert "乙纺织样例有限公司" not in county
    assert "乙纺织样例有限公司" in city


@pytest.mark.parametrize(
    "path",
    [
        "/cockpit/rankings/?level=enterprise&export=csv",
        "/cockpit/area/9901/?a-export=csv",
        "/registry/enterprises/?export=csv",
        "/cockpit/neutrality/?a-export=csv",
    ],
)
def test_a_file_says_period_publication_and_edition_and_no_codes(published, path):
    answer = published.client_of("city").get(path)
    head, *rows = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    run = published.run()
    assert head.endswith("期间,发布编号,规则版本")
    assert any(row.endswith(f"{run.period},{run.number},{run.edition}") for row in rows)
    assert not any(f",{code}," in row for row in rows for code in ("mid", "low", "high"))


def test_a_page_names_them_above_its_table_alone(published):
    page = published.client_of("city").get("/cockpit/rankings/?level=enterprise")
    labels = [str(h.label) for h in page.context["table"].headers()]
    assert "规则版本" not in labels
    cells = page.context["table"].cells(page.context["table"].page)
    assert {len(labels)} == {len(row) for row in cells}
