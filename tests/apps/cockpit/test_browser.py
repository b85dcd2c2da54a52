"""In Chromium: no violation, nothing sideways, charts drawn, refresh without reload."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from playwright.sync_api import Browser, Page

from tanma.apps.people.door import User
from tanma.apps.registry.door import Area
from tests.apps.region import CITY, COUNTY_1, COUNTY_2, TOWNS, build_or_restore

SIZES = [(1920, 1080), (1440, 900), (390, 844)]


@pytest.fixture
def city(transactional_db: None, live_server: Any, settings: Any, tmp_path: Any) -> str:
    """The address of a live server with the region, and two towns on the map."""
    changes = {"home": tmp_path, "grid_region": "330000", "legal_basis": "样例依据文件"}
    settings.TANMA = settings.TANMA.model_copy(update=changes)
    build_or_restore(settings.TANMA.lake)
    for col, county in enumerate((COUNTY_1, COUNTY_2)):
        town = Area.objects.filter(code=TOWNS[county])
        town.update(hex_col=col, hex_row=0, kind="township")
    return str(live_server.url)


def opened(browser: Browser, address: str, path: str, size: tuple[int, int]) -> tuple[Page, list]:
    client = Client()
    client.force_login(User.objects.get(username="city"))
    name = django_settings.SESSION_COOKIE_NAME
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, locale="zh-CN"
    )  # fmt: skip
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": address}])
    page, complaints = context.new_page(), []
    page.on(
        "console",
        lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None,
    )
    page.on("pageerror", lambda e: complaints.append(str(e)))
    page.goto(address + path)
    return page, complaints


@pytest.mark.parametrize("size", SIZES)
def test_pages_are_accessible_and_fit(city, browser, axe_violations, size):
    for path in ("/cockpit/", f"/cockpit/area/{CITY}/", "/cockpit/attention/", "/cockpit/kiosks/"):
        page, complaints = opened(browser, city, path, size)
        if path == "/cockpit/":
            page.wait_for_selector("html[data-charts=ready]")
        found = axe_violations(page)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        page.context.close()
        assert ([], [], True) == (found, complaints, wide <= 0), path


def test_a_refresh_replaces_figures_and_draws_charts_without_reload(city, browser):
    page, complaints = opened(browser, city, "/cockpit/", (1920, 1080))
    page.wait_for_selector("html[data-charts=ready]")
    drawn = page.locator(".canvas svg").count()
    page.evaluate("window.kept = true; document.querySelector('.tile-value').textContent = '旧'")
    page.evaluate("document.querySelector('#pulse').setAttribute('hx-vals', '{\"seen\": \"old\"}')")
    page.evaluate("htmx.ajax('GET', '/cockpit/?seen=old', {target: '#pulse', swap: 'none'})")
    page.wait_for_function("document.querySelector('.tile-value').textContent !== '旧'")
    page.wait_for_function("document.querySelectorAll('.canvas svg').length > 0")
    after = page.locator(".canvas svg").count()
    kept = page.evaluate("window.kept")
    page.context.close()
    assert (drawn, True, []) == (after, kept, complaints)
