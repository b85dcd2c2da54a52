"""An account in Chromium: charts are drawn, the tree opens by keyboard."""

import pytest
from django.urls import reverse

from tests.apps.looked_at import sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.db,
    pytest.mark.django_db(transaction=True, databases=["default", "work"]),
]


@pytest.fixture
def page_of(browser, live_server, published):
    """`page_of(name)`: a page of enterprise A as its own user."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN")
    page = context.new_page()
    sign_in(page, live_server, "firm_a")

    def go(name):
        uid = published.enterprise("A").uid
        page.goto(live_server.url + reverse(f"accountpages:{name}", args=[uid]))
        return page

    yield go
    context.close()


def test_the_chart_is_drawn_and_a_leaf_of_the_tree_opens_by_keyboard(page_of):
    page = page_of("account")
    page.wait_for_selector("html[data-charts=ready]")
    assert 1 == page.locator(".canvas svg").count()
    page = page_of("basis")
    closed = page.locator(".tree details:not([open]) > summary:visible").first
    closed.focus()
    page.keyboard.press("Enter")
    assert page.locator(".tree details[open] details[open]").count() >= 1
