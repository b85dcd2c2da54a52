"""The purchase ledger: an enterprise types three slips and sees what the books say was used."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, sideways

pytestmark = pytest.mark.xdist_group("browser")
COAL = "烟煤"


def enter(page, number, day, **figures):
    """Fill one slip into the form at the foot of the page."""
    page.fill("input[name=purchase_date]", day)
    page.select_option("select[name=carrier]", label=COAL)
    for name, value in figures.items():
        page.fill(f"input[name={name}]", value)
    page.fill("input[name=voucher_no]", number)
    page.get_by_role("button", name="记入台账").click()


def balance(page, month):
    """Cells of a month in the table of balances."""
    table = page.get_by_role("table").filter(has_text="账面消耗")
    return table.get_by_role("row").filter(has_text=month).get_by_role("cell").all_inner_texts()


def test_slips_become_a_balance_and_a_correction_changes_it(visit, site):
    page = visit("firm_b", "/imports/ledger/{uid[B]}/", PHONE)
    expect(page.get_by_text("台账还没有记录")).to_be_visible()
    enter(page, "PD-1", "2026-08-01", stock_day_start="10")
    enter(page, "FP-1", "2026-08-12", purchase_quantity="20.5", supplier="样例煤场")
    assert "—" in balance(page, "2026-08")[-3]  # the closing is not stated yet, and is not 0
    enter(page, "PD-2", "2026-08-31", stock_day_end="6")
    assert "24.5" in balance(page, "2026-08")[-3]
    enter(page, "FP-1", "2026-08-12", purchase_quantity="22.5", supplier="样例煤场")
    assert "26.5" in balance(page, "2026-08")[-3]
    assert sideways(page) <= 0
    office = visit("city", "/imports/ledger/")
    office.get_by_role("link", name=site.names["B"]).click()
    assert "26.5" in balance(office, "2026-08")[-3]
    assert 0 == office.get_by_role("button", name="记入台账").count()


def test_a_slip_without_a_figure_is_told_at_the_form(visit):
    page = visit("firm_b", "/imports/ledger/{uid[B]}/")
    enter(page, "FP-9", "2026-08-12")
    expect(page.get_by_text("请填写购入数量，或至少一项库存。")).to_be_visible()
