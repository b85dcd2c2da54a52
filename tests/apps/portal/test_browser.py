"""In Chromium, under the content policy: accessible and without sideways scroll.

With TANMA_SHOTS=folder each page is also drawn into that folder.
"""

import os

import pytest

from tests.apps.codes.test_browser import sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.db,
    pytest.mark.django_db(transaction=True, databases=["default", "work"]),
]
SIZES = [(390, 844), (1440, 900), (1920, 1080)]
PAGES = {
    "": ["/", "/?q=样例", "/rules/schemes/", "/rules/factors/fuels/", "/rules/editions/",
         "/rules/editions/zj-code-account/", "/rules/items/", "/rules/factors/", "/api/"],
    "firm_a": ["/", "/account/", "{firm}", "{firm}facts/"],
    "city": ["/", "/registry/enterprises/", "/registry/areas/"],
    "admin": ["/office/users/", "/office/users/new/", "/accounts/2fa/"],
}  # fmt: skip


def drawn(page, user, path, width):
    if folder := os.environ.get("TANMA_SHOTS"):
        name = path.strip("/").replace("/", "_").replace("?", "_") or "home"
        page.screenshot(path=f"{folder}/{user or 'anon'}-{name[-40:]}-{width}.png", full_page=True)


@pytest.mark.parametrize("user", list(PAGES))
def test_pages_are_accessible_and_fit(browser, live_server, published, axe_violations, user):
    firm = f"/registry/enterprises/{published.enterprise('A').uid}/"
    context = browser.new_context(locale="zh-CN")
    page, complaints, found = context.new_page(), [], {}
    if user:
        sign_in(page, live_server, user)
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        for path in PAGES[user]:
            answer = page.goto(live_server.url + path.format(firm=firm))
            assert (path, 200) == (path, answer.status)
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            found[path, width] = (axe_violations(page), max(wide, 0))
            drawn(page, user, path.format(firm="firm/"), width)
    context.close()
    assert {key: ([], 0) for key in found} == found
    assert [] == complaints
