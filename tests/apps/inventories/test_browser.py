"""In Chromium: no violation of WCAG, no complaint under the content policy, nothing sideways."""

import os

import pytest
from django.urls import reverse

from tests.apps.codes.test_browser import sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.db,
    pytest.mark.django_db(transaction=True, databases=["default", "work"]),
]
SIZES = [(1920, 1080), (1440, 900), (720, 450), (390, 844)]
"""Wall, desk, desk at 200 % zoom, phone."""


@pytest.fixture
def opened(browser, live_server, published):
    """`opened(name, size)`: a page of enterprise A as its own user, and what Chromium said."""
    contexts = []

    def go(name, size):
        width, height = size
        context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
        contexts.append(context)
        page, said = context.new_page(), []
        sign_in(page, live_server, "firm_a")
        page.on("console", lambda m: said.append(m.text) if m.type in {"error", "warning"} else 0)
        page.on("pageerror", lambda e: said.append(str(e)))
        uid = published.enterprise("A").uid
        page.goto(live_server.url + reverse(f"inventories:{name}", args=[uid]))
        page.wait_for_load_state("networkidle")
        return page, said

    yield go
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", ["account", "energy", "lines", "basis"])
def test_accessible_at_every_width_without_complaint(opened, axe_violations, name):
    for size in SIZES:
        page, said = opened(name, size)
        folder = os.environ.get("TANMA_PICTURES")
        if folder:
            page.screenshot(path=f"{folder}/{name}-{size[0]}.png", full_page=True)
        assert [] == axe_violations(page)
        assert [] == said
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_the_chart_is_drawn_and_a_leaf_of_the_tree_opens_by_keyboard(opened):
    page, _ = opened("account", (1440, 900))
    page.wait_for_selector("html[data-charts=ready]")
    assert 1 == page.locator(".canvas svg").count()
    page, _ = opened("basis", (1440, 900))
    closed = page.locator(".tree details:not([open]) > summary:visible").first
    closed.focus()
    page.keyboard.press("Enter")
    assert page.locator(".tree details[open] details[open]").count() >= 1
