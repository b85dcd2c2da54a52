"""The page of routine evaluations: set, shown with what they computed, ended."""

from datetime import date

import pytest

from tanma.apps.codes import schedules
from tanma.apps.codes.models import Schedule
from tests.apps.region import client_of

pytestmark = [pytest.mark.db, pytest.mark.django_db]
AFTER = date(2026, 7, 31)
PAGE = "/publications/schedules/"


def test_the_page_sets_shows_and_ends(published):
    client = client_of("admin")
    assert "还没有定时评价" in client.get(PAGE).content.decode()
    client.post(PAGE, {"kind": "quarter", "days_after": 30, "least_percent": 0})
    made = Schedule.objects.get()
    assert "2026-" in client.get(PAGE).content.decode()
    list(schedules.run_due(AFTER))
    page = client.get(PAGE).content.decode()
    assert f"/publications/{made.runs.get().uid}/" in page
    assert "已计算" in page
    assert 403 == client_of("county1").post(PAGE).status_code
    client.post(f"{PAGE}{made.uid}/end/")
    assert "已停止" in client.get(PAGE).content.decode()
    assert 404 == client.post(f"{PAGE}{made.uid}/end/").status_code


def test_wrong_numbers_are_told_and_nothing_is_set(published):
    answer = client_of("admin").post(PAGE, {"kind": "year", "days_after": -1, "least_percent": 101})
    assert 200 == answer.status_code
    assert 0 == Schedule.objects.count()
