"""Forms that come back: the reader is led to what is wrong."""

from __future__ import annotations

import pytest

from tests.browser.conftest import PHONE, sideways

pytestmark = pytest.mark.xdist_group("browser")


def test_a_refused_declaration_leads_to_its_first_wrong_figure(visit):
    page = visit("firm_a", "/imports/declare/", PHONE)
    page.get_by_label("烟煤").fill("-3")
    page.get_by_role("button", name="提交申报").click()
    page.wait_for_selector("[aria-invalid=true]")
    assert "fuel.bituminous" == page.evaluate("document.activeElement.name")


def test_a_row_of_a_long_list_opens_on_a_phone_by_the_keyboard(visit, axe_violations):
    page = visit("city", "/registry/enterprises/", PHONE)
    row = page.locator("tbody tr").first
    code = row.locator("td[data-label=统一社会信用代码]")
    assert not code.is_visible()
    row.locator("summary").press("Enter")
    assert code.is_visible()
    assert not page.locator("tbody tr").nth(1).locator("td.rest").first.is_visible()
    assert [] == axe_violations(page)
    assert 0 >= sideways(page)
