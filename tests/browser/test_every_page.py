"""Every page: WCAG 2.2 AA, no complaint, a strict policy, no sideways scroll, marked as a demo."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.browser.conftest import DESK, PHONE, WALL, ZOOMED, sideways

pytestmark = pytest.mark.xdist_group("browser")
VISITOR = [
    "/", "/?q=纺织", "/accounts/login/", "/c/{code[A]}", "/c/{code[A]}?lang=en", "/c/{code[B]}",
    "/c/{code[G]}", "/c/{code[S]}", "/c/0000-0000-00", "/rules/schemes/", "/rules/editions/",
    "/rules/factors/", "/rules/factors/fuels/", "/rules/editions/zj-code-account/", "/rules/items/",
    "/api/",
]  # fmt: skip
OWN = [
    "/", "/c/{code[A]}", "/c/{code[A]}/preview/", "/c/{code[A]}/consents/",
    "/registry/enterprises/{uid[A]}/", "/registry/enterprises/{uid[A]}/facts/",
    "/inventories/{uid[A]}/", "/inventories/{uid[A]}/energy", "/inventories/{uid[A]}/lines",
    "/inventories/{uid[A]}/basis", "/imports/files/", "/imports/declare/", "/account/",
    "/meters/", "/meters/gateways/", "/meters/connect/", "/meters/new/{uid[A]}/", "/live/{uid[A]}/",
    "/flows/{uid[A]}/", "/flows/{uid[A]}/group/", "/batches/",
    "/imports/ledger/{uid[A]}/",
    "/live/{uid[A]}/?span=7d&compare=day", "/live/{uid[A]}/quality/",
    "/equipment/", "/equipment/new/{uid[A]}/", "/watch/{uid[A]}/", "/watch/{uid[A]}/runtime/",
    "/watch/{uid[A]}/intensity/", "/watch/{uid[A]}/limits/", "/watch/{uid[A]}/limits/0/", "/cases/",
    "/running/account/", "/running/energy/", "/running/power/",
    "/trends/enterprise/{uid[A]}/?base=before",
    "/trends/enterprise/{uid[A]}/?figure=L&grain=rolling&base=benchmark",
]  # fmt: skip
OFFICE = [
    "/", "/registry/enterprises/", "/registry/enterprises/{uid[B]}/", "/registry/areas/",
    "/c/{code[B]}", "/cockpit/area/9901/", "/cockpit/area/990101001/", "/cockpit/rankings/",
    "/cockpit/neutrality/", "/cockpit/attention/", "/cockpit/kiosks/", "/publications/",
    "/live/", "/live/region/", "/live/{uid[B]}/", "/meters/", "/flows/", "/flows/{uid[B]}/",
    "/flows/area/9901/", "/batches/", "/imports/ledger/",
    "/watch/", "/watch/alarms/", "/cases/", "/equipment/", "/running/account/region/?month=2026-10",
    "/running/energy/region/", "/trends/area/9901/?grain=rolling&units=990101",
    "/trends/enterprise/{uid[A]}/?units=nobody&start=2026-02",
    "/publications/{run[2026Q1/r4]}/", "/publications/{run[2026Q1/r4]}/uncoded/",
    "/publications/{run[2026Q2/r4]}/", "/inventories/{uid[B]}/", "/inventories/{uid[B]}/energy",
    "/inventories/{uid[B]}/basis", "/imports/files/", "/imports/files/templates/", "/imports/desk/",
    "/imports/desk/accounts/", "/imports/catalogue/", "/imports/mismatch/", "/imports/missing/",
]  # fmt: skip
PUBLISHER = ["/publications/{run[2026Q1/r4]}/take/withdraw/"]
ADMIN = [
    "/live/lake/", "/office/users/", "/office/users/new/", "/publications/start/", "/accounts/2fa/",
]  # fmt: skip
PAGES = [
    *(("", p) for p in VISITOR), *(("firm_a", p) for p in OWN), *(("city", p) for p in OFFICE),
    *(("publisher", p) for p in PUBLISHER), *(("admin", p) for p in ADMIN),
]  # fmt: skip
OFFICES = ("city", "publisher", "admin")
WITH_CHARTS = [
    ("city", "/inventories/{uid[B]}/"), ("city", "/inventories/{uid[B]}/energy"),
    ("firm_a", "/c/{code[A]}"), ("city", "/cockpit/"),
]  # fmt: skip


def faults(page, axe_violations):
    """What is wrong with the open page at its present size."""
    return [*axe_violations(page), *too_wide(page)]


def too_wide(page):
    wide = sideways(page)
    for _ in range(20):  # charts follow the size of the window a moment later
        if wide > 0:
            page.wait_for_timeout(100)
            wide = sideways(page)
    return [f"{wide} px wider than {page.viewport_size['width']}"] if wide > 0 else []


def resize(page, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})


@pytest.mark.parametrize(("user", "path"), PAGES)
def test_accessible_and_as_wide_as_the_screen_and_marked(user, path, visit, axe_violations):
    page = visit(user, path, DESK)
    found = faults(page, axe_violations)
    resize(page, PHONE)
    # the same document: looked at again where people read it on a phone
    found += too_wide(page) if user in OFFICES else faults(page, axe_violations)
    for size in (ZOOMED, WALL):
        resize(page, size)
        found += too_wide(page)
    assert [] == found
    assert "演示数据" in page.title() or "Demo" in page.title()


@pytest.mark.parametrize("path", ["/cockpit/", "/cockpit/?area=990101"])
def test_the_wall_is_accessible_and_fills_the_screen(path, visit, axe_violations):
    page = visit("city", path, WALL)
    page.wait_for_selector("html[data-charts=ready]")
    assert [] == faults(page, axe_violations)
    assert 0 == page.evaluate("document.documentElement.scrollHeight - innerHeight")
    assert page.get_by_text("演示数据").first.is_visible()
    for size in (DESK, ZOOMED, PHONE):
        resize(page, size)
        assert [] == faults(page, axe_violations)


@pytest.mark.parametrize(("user", "path"), [("", "/c/{code[A]}"), ("", "/"), ("city", "/cockpit/")])
def test_the_content_policy_is_strict(user, path, visit):
    page = visit(user, path)
    policy = page.request.get(page.url).headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy


@pytest.mark.parametrize(("user", "path"), WITH_CHARTS)
def test_every_chart_has_its_table_and_its_file(user, path, visit):
    page = visit(user, path, DESK)
    page.wait_for_selector("html[data-charts=ready]")
    charts = page.locator("figure.chart")
    assert charts.count() > 0
    assert charts.count() == page.locator("figure.chart .canvas svg").count()
    for chart in charts.all():
        assert chart.locator("table tbody tr").count() > 0
    with page.expect_download() as saved:
        charts.first.locator("[data-kit-csv]").click()
    lines = Path(saved.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert "演示数据" == lines[0]
    assert len(lines) > 2


@pytest.mark.parametrize(
    "path",
    ["/registry/enterprises/", "/publications/", "/cockpit/attention/", "/imports/catalogue/"],
)
def test_every_export_says_that_it_is_a_demo(path, visit, tmp_path):
    page = visit("city", path)
    for kind in ("CSV", "XLSX"):
        with page.expect_download() as saved:
            page.get_by_role("link", name=f"导出 {kind}").first.click()
        assert "演示数据" in text_of(Path(saved.value.path()), kind)


def text_of(file, kind):
    if kind == "CSV":
        return file.read_text(encoding="utf-8-sig")
    with zipfile.ZipFile(file) as book:
        return book.read("xl/worksheets/sheet1.xml").decode()


def test_the_certificate_says_that_it_is_a_demo(visit):
    page = visit("", "/c/{code[A]}")
    with page.expect_download() as saved:
        page.get_by_role("link", name="下载证书").click()
    assert "演示数据" in read_pdf(Path(saved.value.path())).replace(" ", "")


def read_pdf(file):
    command = ["pdftotext", "-layout", str(file), "-"]
    return subprocess.run(command, capture_output=True, check=True).stdout.decode()
