"""A bureau: from its first page through the cockpit down to one enterprise, lists, exports."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, WALL

pytestmark = pytest.mark.xdist_group("browser")


def test_from_home_down_to_one_enterprise(site, visit):
    page = visit("city", "/", WALL)
    page.get_by_role("link", name="驾驶舱").first.click()
    page.wait_for_selector("html[data-charts=ready]")
    page.locator(".below").get_by_role("link", name="样例一县").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("样例一县")
    page.get_by_role("link", name="样例一镇").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("样例一镇")
    page.get_by_role("link", name=site.names["A"]).first.click()
    assert site.names["A"] in page.get_by_role("heading", level=1).inner_text()


def test_a_kiosk_needs_no_login_and_shows_no_enterprise(site, visit):
    page = visit("city", "/cockpit/kiosks/")
    page.fill("input[name=label]", "一楼大厅屏")
    page.get_by_role("button", name="新建地址").click()
    address = page.locator("main a.num").inner_text()
    wall = visit("", address.removeprefix(site.url), WALL)
    wall.wait_for_selector("html[data-charts=ready]")
    text = wall.content()
    assert "样例市" in text
    assert [] == [name for name in site.names.values() if name in text]


def test_the_wall_asks_for_news_without_being_loaded_again(visit):
    page = visit("city", "/cockpit/", WALL)
    page.wait_for_selector("html[data-charts=ready]")
    page.evaluate("window.here = 1")
    with page.expect_response(lambda r: "seen=" in r.url) as told:
        page.evaluate("htmx.trigger('#pulse', 'load-now') ; htmx.ajax('GET',"
                      " document.querySelector('#pulse').getAttribute('hx-get'),"
                      " {source: '#pulse', swap: 'none', values: {seen: 'old'}})")  # fmt: skip
    assert 200 == told.value.status
    page.wait_for_selector(".wall-main .wall-col")
    page.wait_for_function("document.querySelectorAll('.canvas svg').length > 0")
    assert 1 == page.evaluate("window.here")


def test_filters_stay_in_the_address_and_reach_the_export(site, visit):
    page = visit("city", "/registry/enterprises/")
    page.locator("form.filters input[name=q]").fill("纺织")
    page.get_by_role("button", name="查询").click()
    assert "q=" in page.url
    page.reload()
    expect(page.locator("form.filters input[name=q]")).to_have_value("纺织")
    with page.expect_download() as saved:
        page.get_by_role("link", name="导出 CSV").click()
    text = Path(saved.value.path()).read_text(encoding="utf-8-sig")
    lines = list(csv.reader(io.StringIO(text)))
    assert "演示数据" in lines[0][0]
    assert site.names["A"] in text
    assert site.names["S"] not in text


def test_a_county_sees_itself_alone(site, visit):
    page = visit("county1", "/registry/enterprises/", DESK)
    text = page.locator("main").inner_text()
    assert site.names["A"] in text
    assert site.names["B"] not in text
