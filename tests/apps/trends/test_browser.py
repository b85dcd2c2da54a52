"""The pages of trends in Chromium: what is chosen stands in the address."""

import pytest

from tests.apps.looked_at import sign_in

pytestmark = [
    pytest.mark.db,
    pytest.mark.django_db(transaction=True, databases=["default", "work"]),
]


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
