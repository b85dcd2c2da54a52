"""From nothing to a waiting gateway, one meter's pages, and a curve that is fetched again."""

from __future__ import annotations

import pytest

from tests.browser.conftest import DESK, PHONE, sideways

pytestmark = pytest.mark.xdist_group("browser")


def test_a_gateway_in_minutes(visit, axe_violations):
    page = visit("firm_b", "/meters/connect/", DESK)
    page.fill("input[name=name]", "一号网关")
    page.get_by_role("button", name="生成密钥").click()
    assert "tanma_gw_" in page.locator("code").first.inner_text()
    assert [] == axe_violations(page)
    page.get_by_role("link", name="下一步：登记表计").click()
    page.get_by_role("link", name="登记一只表计").click()
    page.fill("input[name=meter]", "B-100")
    page.fill("input[name=evidence]", "工单 1")
    page.get_by_role("button", name="登记", exact=True).click()
    page.get_by_role("link", name="下一步：测试读数").click()
    assert page.get_by_text("等待第一个读数").is_visible()
    assert [] == axe_violations(page)
    with page.expect_response(lambda r: r.url.endswith("/test/poll/")):
        pass
    page.get_by_text("命令行 curl").click()
    assert page.get_by_text("/v1/readings").first.is_visible()
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert sideways(page) <= 0


def test_a_meter_its_change_and_its_event(visit, axe_violations):
    page = visit("firm_a", "/meters/", DESK)
    page.get_by_role("link", name="T-总表").first.click()
    assert page.get_by_text("事实历史").is_visible()
    assert [] == axe_violations(page)
    address = page.url
    page.get_by_role("link", name="变更").click()
    page.fill("input[name=location]", "变电所二层")
    page.fill("input[name=evidence]", "工单 2")
    page.get_by_role("button", name="查看变更").click()
    assert [] == axe_violations(page)
    page.get_by_role("button", name="确认记录").click()
    assert page.url == address
    assert page.get_by_text("变电所二层").first.is_visible()
    page.get_by_role("link", name="记录事件").click()
    assert [] == axe_violations(page)


def test_a_curve_is_drawn_and_fetched_again_when_it_is_zoomed(visit, site):
    page = visit("firm_a", site.path("/live/{uid[A]}/?span=7d").removeprefix(site.url), DESK)
    page.wait_for_selector("html[data-charts=ready]")
    figure = page.locator("[data-live-curve]")
    assert int(figure.get_attribute("data-points")) > 100
    box = figure.locator("canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 2)
    with page.expect_response(lambda r: "points.json" in r.url and "from=" in r.url) as answer:
        page.mouse.wheel(0, -400)
    assert answer.value.json()["series"][0]["points"]


def test_curves_over_each_other(visit):
    page = visit("firm_a", "/live/{uid[A]}/", DESK)
    page.get_by_role("link", name="叠加 T-一车间").first.click()
    page.wait_for_selector("html[data-charts=ready]")
    assert page.locator(".live-leaf.chosen").count() == 2
    with page.expect_download() as saved:
        page.get_by_role("link", name="导出 CSV").click()
    text = saved.value.path().read_text(encoding="utf-8-sig")
    assert "T-一车间" in text
    assert text.startswith("演示数据")


def test_the_checks_of_a_channel(visit, axe_violations):
    page = visit("firm_a", "/meters/", DESK)
    page.get_by_role("link", name="T-二车间").first.click()
    page.get_by_role("link", name="质量参数与替代").first.click()
    assert [] == axe_violations(page)
    page.get_by_label("越限判据").fill("150")
    page.fill("input[name=evidence]", "工单 5")
    page.get_by_role("button", name="查看变更").click()
    assert page.get_by_text("请确认").is_visible()
    assert [] == axe_violations(page)
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert sideways(page) <= 0
