"""The codes pages in Chromium: accessible, under the content policy, nothing wider than the screen.

With TANMA_SHOTS set to a folder, each page is also saved there as a picture.
"""

import os
from pathlib import Path

import pytest

from tanma.apps.people.door import User
from tests.apps.region import PREVIEW

pytestmark = [
    pytest.mark.db,
    pytest.mark.django_db(transaction=True, databases=["default", "work"]),
]
PASSWORD = "sample-region-2026"
SIZES = [(390, 844), (1440, 900), (1920, 1080)]
PAGES = {
    "public": ("", "/c/{A}"),
    "public-en": ("", "/c/{A}?lang=en"),
    "grade5": ("", "/c/{B}"),
    "declared": ("", "/c/{S}"),
    "uncoded": ("", "/c/{G}"),
    "unknown": ("", "/c/0000-0000-00"),
    "own": ("firm_a", "/c/{A}"),
    "official": ("city", "/c/{B}"),
    "consents": ("firm_a", "/c/{A}/consents/"),
    "preview": ("firm_a", "/c/{A}/preview/"),
    "runs": ("city", "/publications/"),
    "start": ("city", "/publications/start/"),
    "run": ("publisher", "/publications/{run}/"),
    "run-preview": ("city", "/publications/{preview}/"),
    "take": ("publisher", "/publications/{run}/take/withdraw/"),
    "uncoded-list": ("city", "/publications/{run}/uncoded/"),
}


def sign_in(page, live_server, name):
    """Through the form, because nobody knows which session store the server started with."""
    user = User.objects.get(username=name)
    user.set_password(PASSWORD)
    user.save()
    page.goto(live_server.url + "/accounts/login/")
    page.fill("input[name=login]", name)
    page.fill("input[name=password]", PASSWORD)
    with page.expect_navigation():
        page.press("input[name=password]", "Enter")


def address(published, path):
    codes = {key: published.enterprise(key).public_code for key in "ABGS"}
    return path.format(**codes, run=published.run().uid, preview=published.run(PREVIEW).uid)


@pytest.mark.parametrize("name", list(PAGES))
def test_no_violation_no_complaint_no_sideways_scroll(
    browser, live_server, published, axe_violations, name
):
    who, path = PAGES[name]
    complaints, found, wide = [], [], []
    for width, height in SIZES:
        context = browser.new_context(
            viewport={"width": width, "height": height}, locale="zh-CN",
            timezone_id="Asia/Shanghai",
        )  # fmt: skip
        page = context.new_page()
        if who:
            sign_in(page, live_server, who)
        page.on("pageerror", lambda e: complaints.append(str(e)))
        page.on(
            "console", lambda m: complaints.append(m.text) if "Content Security" in m.text else None
        )
        response = page.goto(live_server.url + address(published, path))
        page.wait_for_load_state("networkidle")
        assert response.status == (404 if name == "unknown" else 200)
        found += axe_violations(page)
        wide.append(page.evaluate("document.documentElement.scrollWidth - innerWidth"))
        if place := os.environ.get("TANMA_SHOTS"):
            page.screenshot(path=Path(place) / f"{name}-{width}.png", full_page=True)
        context.close()
    assert ([], []) == (found, complaints)
    assert max(wide) <= 0
