"""Forms that come back: the reader is led to what is wrong."""

from __future__ import annotations

import pytest

from tests.browser.conftest import PHONE

pytestmark = pytest.mark.xdist_group("browser")


def test_a_refused_declaration_leads_to_its_first_wrong_figure(visit):
    page = visit("firm_a", "/imports/declare/", PHONE)
    page.get_by_label("烟煤").fill("-3")
    page.get_by_role("button", name="提交申报").click()
    page.wait_for_selector("[aria-invalid=true]")
    assert "fuel.bituminous" == page.evaluate("document.activeElement.name")
