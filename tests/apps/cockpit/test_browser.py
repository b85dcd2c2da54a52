"""In Chromium: charts drawn, refresh without reload, warnings by keyboard."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tanma.apps.people.door import User
from tanma.apps.registry.door import Area
from tests.apps.region import COUNTY_1, COUNTY_2, TOWNS, Published

pytestmark = [
    pytest.mark.db,
    pytest.mark.django_db(transaction=True, databases=["default", "work"]),
]
PASSWORD = "sample-cockpit-2026"


@pytest.fixture
def city(live_server: Any, published: Published) -> str:
    """The address of a live server with the region, two towns on the map, and a password."""
    for col, county in enumerate((COUNTY_1, COUNTY_2)):
        town = Area.objects.filter(code=TOWNS[county])
        town.update(hex_col=col, hex_row=0, kind="township")
    user = User.objects.get(username="city")
    user.set_password(PASSWORD)
    user.save()
    return str(live_server.url)


def opened(browser: Browser, address: str, size: tuple[int, int]) -> tuple[Page, list[str]]:
    """A page signed in through the form, and what it complains about from then on."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, locale="zh-CN"
    )  # fmt: skip
    page = context.new_page()
    page.goto(address + "/accounts/login/")
    page.fill("input[name=login]", "city")
    page.fill("input[name=password]", PASSWORD)
    with page.expect_navigation():
        page.press("input[name=password]", "Enter")
    complaints: list[str] = []
    page.on(
        "console",
        lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None,
    )
    page.on("pageerror", lambda e: complaints.append(str(e)))
    return page, complaints


def test_a_minute_later_figures_are_replaced_and_charts_drawn_without_reload(city, browser):
    page, complaints = opened(browser, city, (1920, 1080))
    page.clock.install()
    page.goto(city + "/cockpit/")
    page.wait_for_selector("html[data-charts=ready]")
    drawn = page.locator(".canvas svg").count()
    page.evaluate("window.kept = true; document.querySelector('.tile-value').textContent = '旧'")
    page.evaluate("document.querySelector('#pulse').setAttribute('hx-vals', '{\"seen\": \"old\"}')")
    page.clock.fast_forward(61_000)
    expect(page.locator(".tile-value").first).not_to_have_text("旧")
    expect(page.locator(".canvas svg")).to_have_count(drawn)
    kept = page.evaluate("window.kept")
    page.context.close()
    assert (True, [], True) == (kept, complaints, drawn > 0)


def test_a_minute_later_nothing_changes_when_nothing_is_new(city, browser):
    page, complaints = opened(browser, city, (1920, 1080))
    page.clock.install()
    page.goto(city + "/cockpit/")
    page.wait_for_selector("html[data-charts=ready]")
    page.evaluate("document.querySelector('.tile-value').textContent = '旧'")
    with page.expect_response(lambda r: "seen=" in r.url) as answer:
        page.clock.fast_forward(61_000)
    text = page.locator(".tile-value").first.text_content()
    page.context.close()
    assert (204, "旧", []) == (answer.value.status, text, complaints)


def test_one_box_ticks_the_page_and_warns_by_keyboard(city, browser, axe_violations):
    page, complaints = opened(browser, city, (1440, 900))
    page.goto(city + "/cockpit/attention/")
    page.get_by_label("选择本页全部").press("Space")
    boxes = page.locator("tbody .pick input")
    assert boxes.count() == page.locator("tbody .pick input:checked").count() > 0
    page.get_by_label("给企业的说明").fill("请答复")
    page.get_by_role("button", name="向勾选的企业发出预警").press("Enter")
    expect(page.get_by_text("家企业发出预警")).to_be_visible()
    assert 0 == page.locator("tbody .pick input").count()
    page.get_by_role("link", name="待企业答复").first.click()
    expect(page.get_by_text("请答复")).to_be_visible()
    found = axe_violations(page)
    page.set_viewport_size({"width": 390, "height": 844})
    found += axe_violations(page)
    page.context.close()
    assert ([], []) == (found, complaints)
