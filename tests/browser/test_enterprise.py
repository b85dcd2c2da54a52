"""An enterprise: its own figures and where they come from, consent for a bank, an objection."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, sign_in

pytestmark = pytest.mark.xdist_group("browser")


def test_from_login_down_to_the_leaf_of_an_explanation(site, visit):
    page = visit("", "/accounts/login/", PHONE)
    sign_in(page, site, "firm_a")
    assert site.names["A"] in page.locator("main").inner_text()
    page.get_by_role("link", name="查看碳效码").click()
    expect(page.get_by_text("碳排放总量").first).to_be_visible()
    page.get_by_role("link", name="查看依据", exact=True).click()
    tree = page.locator(".tree").first
    while not tree.locator(".leaf").first.is_visible():
        tree.locator("details:not([open]) > summary").first.click()
    assert "来源：" in tree.locator(".leaf").first.inner_text()


def test_another_enterprise_shows_nothing(site, visit):
    page = visit("firm_a", "/c/{code[B]}")
    assert "碳排放总量" not in page.locator("main").inner_text()
    answer = page.request.get(site.path("/inventories/{uid[B]}/basis"))
    assert answer.status in (403, 404)


def test_a_consent_link_opens_the_figures_until_it_is_revoked(site, visit):
    own = visit("firm_a", "/c/{code[A]}/consents/")
    own.fill("input[name=purpose]", "某银行贷款审查")
    own.get_by_role("button", name="生成链接").click()
    link = own.locator("code").first.inner_text()
    guest = visit("", link.removeprefix(site.url), PHONE)
    assert "某银行贷款审查" in guest.locator("main").inner_text()
    guest.get_by_role("link", name="查看碳效数据").click()
    expect(guest.get_by_text("碳排放总量").first).to_be_visible()
    own.get_by_role("button", name="收回").click()
    expect(own.get_by_text("链接已收回")).to_be_visible()
    guest.reload()
    expect(guest.get_by_text("碳排放总量")).to_have_count(0)


def test_an_objection_in_the_preview_is_answered_by_the_office(site, visit):
    own = visit("firm_c", "/c/{code[C]}/preview/", PHONE)
    expect(own.get_by_text("拟发布的结果")).to_be_visible()
    own.fill("textarea[name=text]", "三月用电应为 20,011 千瓦时，见电费单。")
    own.get_by_role("button", name="提交异议").click()
    expect(own.get_by_text("等待答复")).to_be_visible()
    desk = visit("city", "/publications/{run[2026Q2/r4]}/")
    desk.get_by_label("答复").fill("已核对，按电费单更正。")
    desk.get_by_role("button", name="保存答复").click()
    own.reload()
    expect(own.get_by_text("已核对，按电费单更正。")).to_be_visible()
