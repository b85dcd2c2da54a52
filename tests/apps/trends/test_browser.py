"""The pages of trends in Chromium: accessible, under the content policy, no sideways scroll."""

import pytest

from tests.apps.codes.test_browser import sign_in
from tests.apps.looked_at import looked_at
from tests.apps.region import CITY

pytestmark = [
    pytest.mark.db,
    pytest.mark.django_db(transaction=True, databases=["default", "work"]),
]
PAGES = {
    "own": ("firm_a", "/trends/enterprise/{A}/?base=before"),
    "benchmark": ("firm_a", "/trends/enterprise/{A}/?figure=L&grain=rolling&base=benchmark"),
    "wrong": ("county1", "/trends/enterprise/{A}/?units=nobody&start=2026-02"),
    "area": ("city", f"/trends/area/{CITY}/?grain=rolling&units=990101"),
}


@pytest.mark.parametrize("name", list(PAGES))
def test_no_violation_no_complaint_no_sideways_scroll(
    browser, live_server, published, axe_violations, name
):
    who, path = PAGES[name]
    path = path.format(A=published.enterprise("A").uid)
    found = looked_at(browser, live_server, axe_violations, who, path)
    assert ([], [], []) == found


def test_a_figure_is_chosen_by_keyboard_and_stands_in_the_address(browser, live_server, published):
    page = browser.new_page(locale="zh-CN")
    sign_in(page, live_server, "firm_a")
    page.goto(f"{live_server.url}/trends/enterprise/{published.enterprise('A').uid}/")
    page.select_option("select[name=figure]", "electricity.purchased")
    page.select_option("select[name=grain]", "quarter")
    page.focus("main form.filters button")
    page.keyboard.press("Enter")
    page.wait_for_url("**figure=electricity.purchased**")
    assert "64,131.0" in page.inner_text("main table.data >> nth=-1")
    page.close()
