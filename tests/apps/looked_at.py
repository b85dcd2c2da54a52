"""Signing in at a live server, for tests that drive one page of a room in Chromium.

Whether pages are accessible, fit the screen and keep the policy is asked once for all of them, in
`tests/browser/test_every_page.py`.
"""

from tanma.apps.people.door import User

PASSWORD = "sample-region-2026"


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
