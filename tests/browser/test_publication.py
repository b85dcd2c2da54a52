"""A run is computed and published by four persons, each in a browser of their own."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.browser.seed import MOVED

pytestmark = pytest.mark.xdist_group("browser")
WAY = [
    ("reviewer", "初审通过", "已初审"), ("checker", "复核通过", "已复核"),
    ("publisher", "发布", "已发布"),
]  # fmt: skip


def take(page, action):
    page.locator(".page-head").get_by_role("link", name=action).click()
    page.locator("textarea[name=text]").fill("抽查通过")
    page.get_by_role("button", name="确认").click()


def test_a_correction_becomes_a_new_grade_by_four_persons(site, visit):
    phone = visit("", f"/c/{{code[{MOVED}]}}", PHONE)
    before = phone.locator("main").inner_text()
    start = visit("admin", "/publications/start/")
    start.fill("input[name=period]", "2026Q1")
    start.get_by_role("button", name="开始计算").click()
    start.get_by_role("link", name="查看结果").click(timeout=60_000)
    run = start.url.removeprefix(site.url)
    moved = start.get_by_role("row").filter(has_text=site.names[MOVED])
    expect(moved).to_contain_text("排放量变化")
    for name, action, state in WAY:
        page = visit(name, run)
        take(page, action)
        expect(page.get_by_role("heading", level=1)).to_contain_text(state)
    # another phone: this one may show what it holds for a minute
    after = visit("", f"/c/{{code[{MOVED}]}}", PHONE).locator("main").inner_text()
    assert "碳5级" in after
    assert "碳5级" not in before
    # the publication before it stays readable
    start.goto(site.path("/publications/{run[2026Q1/r4]}/"))
    expect(start.get_by_role("heading", level=1)).to_contain_text("已发布")


def test_the_same_person_cannot_take_the_next_step(visit):
    page = visit("reviewer", "/publications/{run[2026Q2/r4]}/")
    assert 0 == page.locator(".page-head").get_by_role("link", name="发布").count()
