"""Files come in: template, upload with progress, row report, rejected rows, the desk."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.xdist_group("browser")
KNOWN, UNKNOWN = "91990101MA0DEM001L", "91990103MA0DEM003P"
HEADER = "统一社会信用代码,期间,品种,流向,数量,单位,来源\n"
GOOD = f"{KNOWN},2026-09,电力,购入,1250.5,MWh,供电\n"
BAD = f"{KNOWN},2026-08,电力,购入,many,kWh,供电\n"
WAITING = f"{UNKNOWN},2026-09,电力,购入,5,kWh,供电\n"
LARGE_ROWS = 3000
"""Enough bytes that the worker takes the file instead of the page."""


def upload(page, name, content):
    page.set_input_files(
        "input[name=file]", {"name": name, "mimeType": "text/csv", "buffer": content}
    )
    page.locator("main").get_by_role("button", name="导入").click()


def tiles(page):
    """What became of the rows: label → number."""
    text = page.locator("section.tiles").first.inner_text().split()
    return dict(zip(text[::2], text[1::2]))


@pytest.fixture
def register(visit):
    """The two enterprises of the filled example are registered, by its own upload."""
    page = visit("admin", "/imports/files/templates/")
    with page.expect_download() as saved:
        page.locator("#enterprises").get_by_role("link", name="填写示例").click()
    page.goto(page.url.replace("templates/", ""))
    upload(page, "enterprises.xlsx", Path(saved.value.path()).read_bytes())
    return page


def test_a_filled_template_goes_in(register):
    expect(register.get_by_role("heading", level=1)).to_have_text("enterprises.xlsx")
    assert "2行" == tiles(register)["行数"]
    assert "0行" == tiles(register)["退回"]


def test_good_rows_stay_bad_ones_come_back_unknown_ones_wait(register, site, visit):
    page = visit("admin", "/imports/files/")
    upload(page, "energy.csv", (HEADER + GOOD + BAD + WAITING).encode())
    found = tiles(page)
    assert ["1行", "1行", "1行"] == [found["采用"], found["退回"], found["待认定"]]
    report = page.locator("#report").inner_text()
    assert "many" in report
    with page.expect_download() as saved:
        page.get_by_role("link", name="下载退回行 CSV").click()
    lines = Path(saved.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert any("many" in line for line in lines)
    assert any("原因" in line for line in lines)
    decide(page, site)


def decide(page, site):
    """The unknown code is decided to be a known enterprise, with a reason."""
    page.goto(site.path("/imports/desk/"))
    page.get_by_role("link", name=UNKNOWN).click()
    page.get_by_label("属于名录中的一家企业").check()
    page.fill("input[name=code]", KNOWN)
    page.fill("input[name=evidence]", "电话核实")
    page.locator("main").get_by_role("button", name="认定").click()
    page.goto(site.path("/imports/desk/?state=decided"))
    row = page.get_by_role("row").filter(has_text=UNKNOWN)
    expect(row).to_contain_text("电话核实")


def test_a_large_file_shows_its_progress_until_it_is_in(register, visit):
    page = visit("admin", "/imports/files/")
    rows = "".join(BAD.replace("many", f"many{n}") for n in range(LARGE_ROWS))
    upload(page, "large.csv", (HEADER + GOOD.replace("1250.5,MWh", "5.1,kWh") + rows).encode())
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_role("heading", name="逐行报告")).to_be_visible(timeout=60_000)
    assert f"{LARGE_ROWS:,}行" == tiles(page)["退回"]
