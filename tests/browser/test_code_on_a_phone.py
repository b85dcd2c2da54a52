"""A visitor scans a code: what is shown, in two languages, on paper, and what is not shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE

pytestmark = pytest.mark.xdist_group("browser")
FIGURES = ["tCO", "吨/万元", "碳排放总量", "同行排名", "参与比较"]


def test_a_scan_shows_the_grade_and_no_figure(site, visit):
    page = visit("", "/c/{code[A]}", PHONE)
    text = page.locator("main").inner_text()
    for wanted in (site.names["A"], "样例一县", "中碳1级", "未经主管部门确认", site.codes["A"]):
        assert wanted in text
    assert [] == [word for word in FIGURES if word in text]


def test_the_language_is_one_tap_away_and_comes_back(visit):
    page = visit("", "/c/{code[A]}", PHONE)
    page.get_by_role("link", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_text("Published on")).to_be_visible()
    page.get_by_role("link", name="中文").click()
    expect(page.get_by_text("发布日期")).to_be_visible()


def test_the_certificate_is_one_click(visit):
    page = visit("", "/c/{code[A]}", PHONE)
    with page.expect_download() as saved:
        page.get_by_role("link", name="下载证书").click()
    content = Path(saved.value.path()).read_bytes()
    assert b"%PDF-" == content[:5]


def test_a_mistyped_code_gets_help(site, visit):
    page = visit("", "/c/0000-0000-00", PHONE)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert "0000-0000-00" in page.locator("main").inner_text()
    # as people type it: no hyphens, small letters
    page.goto(site.path("/c/") + site.codes["A"].replace("-", "").lower())
    assert site.path("/c/{code[A]}") == page.url
