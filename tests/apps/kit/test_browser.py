"""In Chromium: accessible, under the content policy, charts drawn, menu by keyboard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tanma_vendor
from playwright.sync_api import Browser, Page

from tanma.apps.kit import nav

PAGES = {
    "desk": "/kit/styleguide/",
    "phone": "/kit/styleguide/phone/",
    "screen": "/kit/styleguide/screen/",
}
SIZES = [(1920, 1080), (720, 450), (390, 844)]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = "rules => axe.run({runOnly: rules, resultTypes: ['violations']})"
# The sample form of the styleguide holds a wrong number on purpose.
HARMLESS = "The specified value"


@pytest.fixture(autouse=True)
def _development(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DEBUG = True
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    settings.MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"
    entry = nav.Entry("monitor", 1, "kit:styleguide", "样例：企业", may=lambda r: True)
    monkeypatch.setattr(nav, "_entries", {entry.url_name: entry})


@pytest.fixture(scope="module")
def axe() -> str:
    return (Path(tanma_vendor.path()) / "testing" / "axe.min.js").read_text()


def opened(browser: Browser, address: str, width: int, height: int) -> tuple[Page, list[str]]:
    page = browser.new_context(
        viewport={"width": width, "height": height}, locale="zh-CN"
    ).new_page()
    complaints: list[str] = []
    page.on(
        "console",
        lambda m: (
            complaints.append(m.text)
            if m.type in {"error", "warning"} and HARMLESS not in m.text
            else None
        ),
    )
    page.on("pageerror", lambda e: complaints.append(str(e)))
    page.goto(address)
    page.wait_for_selector("html[data-charts=ready]")
    return page, complaints


@pytest.mark.parametrize("name", list(PAGES))
def test_no_violation_no_complaint_no_sideways_scroll(
    browser: Browser, live_server: Any, axe: str, name: str
) -> None:
    page, complaints = opened(browser, live_server.url + PAGES[name], *SIZES[0])
    page.evaluate(axe)
    found, wide = [], []
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        result = page.evaluate(RUN, RULES)
        found += [(v["id"], [n["target"] for n in v["nodes"]]) for v in result["violations"]]
        wide.append(page.evaluate("document.documentElement.scrollWidth - innerWidth"))
    page.context.close()
    assert ([], []) == (found, complaints)
    assert max(wide) <= 0


def test_charts_are_drawn_and_their_table_is_saved(browser: Browser, live_server: Any) -> None:
    page, _ = opened(browser, live_server.url + PAGES["desk"], 1440, 900)
    assert page.locator("[data-kit-chart]").count() == page.locator(".canvas svg").count() > 0
    with page.expect_download() as saved:
        page.locator("[data-kit-csv=trend]").click()
    text = Path(saved.value.path()).read_text(encoding="utf-8-sig")
    page.context.close()
    assert "5,49," in text.splitlines()


def test_the_menu_opens_and_closes_by_keyboard(browser: Browser, live_server: Any) -> None:
    page, _ = opened(browser, live_server.url + PAGES["desk"], 390, 844)
    assert not page.locator("#nav").is_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator("#nav").is_visible()
    page.keyboard.press("Tab")
    assert "样例：企业" == page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Escape")
    assert not page.locator("#nav").is_visible()
    page.context.close()


def test_targets_on_a_phone_are_large_enough(browser: Browser, live_server: Any) -> None:
    page, _ = opened(browser, live_server.url + PAGES["phone"], 390, 844)
    heights = page.evaluate(
        "[...document.querySelectorAll('a:not(.skip), button:not([hidden])')]"
        ".filter(e => e.checkVisibility() && !e.closest('.tools'))"
        ".map(e => e.getBoundingClientRect().height)"
    )
    page.context.close()
    assert min(heights) >= 44


def test_a_list_is_a_table_on_a_desk_and_stacked_on_a_phone(
    browser: Browser, live_server: Any
) -> None:
    page, _ = opened(browser, live_server.url + PAGES["desk"], 1440, 900)
    cell = page.locator(".stacks tbody td[data-label]").first
    assert "table-cell" == cell.evaluate("e => getComputedStyle(e).display")
    page.set_viewport_size({"width": 390, "height": 844})
    assert "block" == cell.evaluate("e => getComputedStyle(e).display")
    said = cell.evaluate("e => getComputedStyle(e, '::before').content")
    assert cell.get_attribute("data-label") in said
    table = page.locator(".scroll:has(> .stacks)").first
    assert 0 == table.evaluate("e => e.scrollWidth - e.clientWidth")
    page.context.close()
