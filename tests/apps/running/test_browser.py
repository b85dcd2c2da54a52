"""Pages of a running month in Chromium: accessible, under the content policy, as wide as it is."""

import pytest

from tests.apps.looked_at import looked_at
from tests.apps.region import published

__all__ = ["published"]
pytestmark = [
    pytest.mark.db,
    pytest.mark.django_db(transaction=True, databases=["default", "work"]),
]
PAGES = {
    "account": ("firm_a", "/running/account/"),
    "region": ("city", "/running/account/region/?month=2026-10"),
    "energy": ("firm_a", "/running/energy/"),
    "region-energy": ("city", "/running/energy/region/"),
    "power": ("firm_a", "/running/power/"),
}


@pytest.mark.parametrize("name", list(PAGES))
def test_no_violation_no_complaint_no_sideways_scroll(
    browser, live_server, published, axe_violations, name
):
    who, path = PAGES[name]
    found = looked_at(browser, live_server, axe_violations, who, path)
    assert ([], [], []) == found
