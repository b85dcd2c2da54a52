"""Route × role: offices see their area and below, nobody else sees anything."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tanma.apps.codes import door as codes
from tests.apps.region import CITY, COUNTY_1, COUNTY_2, TOWNS

ROUTES = {
    "wall": "/cockpit/",
    "area": f"/cockpit/area/{CITY}/",
    "rankings": "/cockpit/rankings/",
    "neutrality": "/cockpit/neutrality/",
    "attention": "/cockpit/attention/",
    "kiosks": "/cockpit/kiosks/",
}
WHOLE = ("admin", "city", "reviewer", "checker", "publisher")


@pytest.mark.parametrize("route", ROUTES)
def test_a_visitor_is_asked_to_sign_in(published, route):
    answer = published.client_of("").get(ROUTES[route])
    assert 302 == answer.status_code
    assert reverse("account_login") in answer["Location"]


@pytest.mark.parametrize("route", ROUTES)
def test_an_enterprise_is_refused(published, route):
    assert 403 == published.client_of("firm_a").get(ROUTES[route]).status_code


@pytest.mark.parametrize("user", WHOLE)
@pytest.mark.parametrize("route", ROUTES)
def test_offices_of_the_whole_region_open_every_page(published, route, user):
    assert 200 == published.client_of(user).get(ROUTES[route]).status_code


def test_a_county_official_starts_in_the_county(published):
    page = published.client_of("county1").get("/cockpit/")
    assert COUNTY_1 == page.context["area"].code
    assert "样例一县" in page.content.decode()
    assert "样例二镇" not in page.content.decode()


@pytest.mark.parametrize("code", [CITY, COUNTY_2, TOWNS[COUNTY_2], "nowhere"])
@pytest.mark.parametrize(
    "path",
    ["/cockpit/?area={}", "/cockpit/area/{}/", "/cockpit/rankings/?area={}",
     "/cockpit/neutrality/?area={}", "/cockpit/attention/?area={}"],
)  # fmt: skip
def test_a_county_official_opens_no_area_outside(published, path, code):
    assert 403 == published.client_of("county1").get(path.format(code)).status_code


@pytest.mark.parametrize("path", ["/cockpit/?period=1999Q1", "/cockpit/rankings/?period=2026Q2/r4"])
def test_only_published_periods_open(published, path):
    assert 404 == published.client_of("admin").get(path).status_code


def test_a_withdrawn_publication_leaves_the_cockpit(published):
    codes.take(published.run().id, "withdraw", published.viewer("publisher"), note="更正")
    page = published.client_of("admin").get("/cockpit/")
    assert "2025Q4/r4" == page.context["run"].period


def test_without_a_publication_every_page_says_what_to_do(published):
    codes.Run.objects.update(state=codes.State.WITHDRAWN)
    for path in ROUTES.values():
        page = published.client_of("admin").get(path)
        assert "还没有发布的评价结果" in page.content.decode()


@pytest.mark.parametrize("page", ["", "rankings/", "neutrality/", "attention/"])
def test_an_area_that_does_not_exist_is_not_found(published, page):
    assert 404 == published.client_of("admin").get(f"/cockpit/{page}?area=zzz").status_code
