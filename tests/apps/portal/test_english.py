"""Words that come from models and tables are English on English pages."""

import re

import pytest

pytestmark = [pytest.mark.db, pytest.mark.django_db]
CHINESE = re.compile(r"[\u4e00-\u9fff：，（）]+")


def english(published, user, path):
    client = published.client_of(user)
    client.cookies["django_language"] = "en"
    page = client.get(path)
    assert 200 == page.status_code
    return page.content.decode()


def test_states_in_filter_and_badges(published):
    text = english(published, "city", "/publications/")
    found = re.findall(r"<option[^>]*>([^<]*)</option>", text)
    assert [] == [t for t in found if CHINESE.search(t)]
    assert not re.search(r'class="badge[^"]*">[^<]*[\u4e00-\u9fff]', text)


@pytest.mark.parametrize("user", ["admin", "reviewer", "checker", "publisher", "firm_a"])
def test_roles_on_the_account_page(published, user):
    text = english(published, user, "/account/")
    rows = re.findall(r'<tr><th scope="row">([^<]*)</th>', text)
    assert rows
    assert [] == [t for t in rows if CHINESE.search(t)]


def test_owners_in_the_catalogue(published):
    text = english(published, "city", "/imports/catalogue/")
    for owner in ("供电企业", "统计部门", "税务部门", "市场监管部门", "企业或采集平台"):
        assert owner not in text
    assert "Statistics office" in text


def test_units_and_colons(published):
    assert "万元" not in english(published, "city", "/registry/enterprises/")
    run = published.run("2026Q1/r4").uid
    page = english(published, "publisher", f"/publications/{run}/take/withdraw/")
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", page, re.DOTALL)
    assert heading
    assert "：" not in heading.group(1)
