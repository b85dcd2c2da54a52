"""Pages of a running month in Chromium: accessible, under the content policy, as wide as it is."""

import pytest

from tests.apps.codes.test_browser import SIZES, sign_in
from tests.apps.region import published

__all__ = ["published"]
pytestmark = [
    pytest.mark.db,
    pytest.mark.django_db(transaction=True, databases=["default", "work"]),
]
PAGES = {
    "account": ("firm_a", "/running/account/"),
    "region": ("city", "/running/account/region/?month=2026-10"),
    "energy": ("firm_a", "/running/energy/"),
    "region-energy": ("city", "/running/energy/region/"),
    "power": ("firm_a", "/running/power/"),
}


@pytest.mark.parametrize("name", list(PAGES))
def test_no_violation_no_complaint_no_sideways_scroll(
    browser, live_server, published, axe_violations, name
):
    who, path = PAGES[name]
    complaints, found, wide = [], [], []
    for width, height in SIZES:
        context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
        page = context.new_page()
        sign_in(page, live_server, who)
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.goto(live_server.url + path)
        page.wait_for_selector("html[data-charts=ready]")
        found += axe_violations(page)
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wide.append(width)
        context.close()
    assert ([], [], []) == (complaints, found, wide)
