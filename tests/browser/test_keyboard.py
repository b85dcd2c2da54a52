"""Without a mouse: sign in, walk the menu, sort a table."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE
from tests.browser.seed import PASSWORD

pytestmark = pytest.mark.xdist_group("browser")
FOCUSED = "document.activeElement?.innerText || document.activeElement?.name || ''"
ENOUGH = 80


def tab_to(page, wanted):
    """Press Tab until the focused element has this text or name."""
    for _press in range(ENOUGH):
        page.keyboard.press("Tab")
        if wanted == page.evaluate(FOCUSED).strip():
            return
    raise AssertionError(f"{wanted} was not reached by Tab")


def test_sign_in_and_sort_a_table(visit):
    page = visit("", "/accounts/login/", DESK)
    tab_to(page, "login")
    page.keyboard.type("city")
    tab_to(page, "password")
    page.keyboard.type(PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    tab_to(page, "企业")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("企业")
    tab_to(page, "统一社会信用代码")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("统一社会信用代码")


def test_focus_is_visible_and_the_text_can_be_jumped_to(visit):
    page = visit("city", "/", PHONE)
    page.keyboard.press("Tab")
    assert "跳到正文" == page.evaluate(FOCUSED)
    width = page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
    assert width >= 2
    page.keyboard.press("Enter")
    assert "main" == page.evaluate("document.activeElement.id")
