"""Rows of batches: whose they may be, which meters they may name, what is reported."""

import datetime as dt

import pytest

from tanma.apps.lots.door import Lot
from tanma.apps.people.door import Grant, Role, Viewer
from tanma.apps.registry import door as registry
from tests.apps.lots.conftest import FIRST, SECOND

pytestmark = [pytest.mark.db, pytest.mark.django_db]
HOUR = dt.timedelta(hours=1)


def told(batch):
    from tanma.apps.imports.door import report_lines

    return [(line["row"], line["code"]) for line in report_lines(batch, 20)]


def firm(code):
    subject = registry.Enterprise.objects.get(natural_key=f"uscc:{code}").id
    return Viewer(user_id=9, name="甲", grants=(Grant(Role.ENTERPRISE, subject=subject),))


def test_an_enterprise_hands_in_its_own_batches_and_nobody_elses(hand_in, hour):
    own = {"begin": hour, "end": hour + HOUR}
    other = own | {"firm": SECOND, "meters": "", "section": "染整"}
    batch = hand_in(own, other, viewer=firm(FIRST))
    assert (1, 1) == (batch.good, batch.bad)
    assert (3, "import_not_yours") in told(batch)
    assert 1 == Lot.objects.count()
    assert not registry.find("batch", [f"{SECOND}/B-1"])


def test_two_enterprises_may_use_the_same_number(hand_in, hour, plant):
    from tanma.apps.metering import door as metering
    from tests.apps import metered

    metering.register_meter("Z-1", SECOND, **metered.ABOUT)
    row = {"begin": hour, "end": hour + HOUR}
    assert 2 == hand_in(row, row | {"firm": SECOND, "meters": "Z-1"}).good
    assert 2 == Lot.objects.filter(number="B-1").count()


def test_meters_of_others_and_unknown_ones_are_refused(hand_in, hour):
    row = {"begin": hour, "end": hour + HOUR}
    batch = hand_in(
        row | {"meters": "T-一车间、没有这只表"}, row | {"firm": SECOND, "number": "B-2"}
    )
    assert [(2, "lots_meter_unknown"), (3, "lots_meter_unknown")] == told(batch)
    assert not Lot.objects.exists()


def test_a_row_without_meters_needs_a_line_that_has_some(hand_in, hour):
    row = {"begin": hour, "end": hour + HOUR, "meters": ""}
    batch = hand_in(row, row | {"number": "B-2", "section": "不存在"})
    assert [(2, "lots_section_unknown"), (3, "lots_section_unknown")] == told(batch)


def test_an_enterprise_that_nobody_knows_is_told(hand_in, hour):
    batch = hand_in({"begin": hour, "end": hour + HOUR, "firm": "91990103MA0DEM003P"})
    assert [(2, "import_owner_unknown")] == [t for t in told(batch) if "owner" in t[1]]
    assert 0 == batch.desk


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"begin": "2026-09-01 10:00", "end": "2026-09-01 08:00"}, "interval_wrong"),
        ({"begin": "2026-09-01 25:00", "end": "2026-09-01 08:00"}, "cell_time_unknown"),
        ({"begin": "2026-09-01", "end": "2026-09-01 08:00"}, "cell_time_unknown"),
        ({"begin": "1996-09-01 01:00", "end": "2026-09-01 08:00"}, "period_too_old"),
        ({"begin": "2026-09-01 01:00", "end": "2026-09-01 08:00", "unit": "筐"},
         "cell_unit_unknown"),
        ({"begin": "2026-09-01 01:00", "end": "2026-09-01 08:00", "output": "-1"},
         "cell_out_of_range"),
    ],
)  # fmt: skip
def test_wrong_rows_are_reported(hand_in, wrong, code):
    batch = hand_in(wrong)
    assert code in [c for _, c in told(batch)]
    assert not Lot.objects.exists()


def test_a_trial_writes_nothing(hand_in, hour):
    batch = hand_in({"begin": hour, "end": hour + HOUR}, dry_run=True)
    assert 1 == batch.good
    assert not registry.find("batch", [f"{FIRST}/B-1"])
    assert not Lot.objects.exists()
