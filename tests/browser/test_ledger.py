"""The purchase ledger: slips become what the books say was used, on a page of each enterprise."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, sideways
from tests.browser.test_files import KNOWN, register, upload

__all__ = ["register"]
pytestmark = pytest.mark.xdist_group("browser")
HEADER = "统一社会信用代码,日期,项目,购入数量,单位,期初库存,期末库存,供应单位,凭证号\n"
OPENING = f"{KNOWN},2026-08-01,烟煤,,t,10,,,PD-1\n"
BOUGHT = f"{KNOWN},2026-08-12,烟煤,20.5,t,,,样例煤场,FP-1\n"
CLOSING = f"{KNOWN},2026-08-31,烟煤,,t,,6,,PD-2\n"
USED = -3
"""Of the cells of a month: what the books say was used."""


def hand_in(page, site, name, *rows):
    page.goto(site.path("/imports/files/"))
    upload(page, name, (HEADER + "".join(rows)).encode())
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def used(page, site, month):
    """The cell of a month, reached from the list of ledgers."""
    page.goto(site.path("/imports/ledger/"))
    page.locator("main tbody").get_by_role("link").click()
    table = page.get_by_role("table").filter(has_text="账面消耗")
    expect(table).to_be_visible()
    row = table.get_by_role("row").filter(has_text=month)
    return row.get_by_role("cell").all_inner_texts()[USED]


def test_slips_become_a_balance_and_a_correction_changes_it(register, site):
    page = register
    hand_in(page, site, "ledger-1.csv", OPENING, BOUGHT)
    assert "—" == used(page, site, "2026-08")  # the closing is not stated yet, and is not 0
    hand_in(page, site, "ledger-2.csv", CLOSING)
    assert "24.5" == used(page, site, "2026-08")
    hand_in(page, site, "ledger-3.csv", BOUGHT.replace("20.5", "22.5"))
    assert "26.5" == used(page, site, "2026-08")
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert sideways(page) <= 0


def test_a_slip_without_a_figure_is_told_at_the_form(visit):
    page = visit("firm_b", "/imports/ledger/{uid[B]}/")
    expect(page.get_by_text("台账还没有记录")).to_be_visible()
    page.fill("input[name=purchase_date]", "2026-08-12")
    page.select_option("select[name=carrier]", label="烟煤")
    page.fill("input[name=voucher_no]", "FP-9")
    page.get_by_role("button", name="记入台账").click()
    expect(page.get_by_text("请填写购入数量，或至少一项库存。")).to_be_visible()
