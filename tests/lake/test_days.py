"""Local days as instants: 24 hours in Shanghai, 23 and 25 where clocks are turned."""

import datetime as dt
from itertools import pairwise

import pytest

from tanma.lake.days import day_bounds, midnight_utc


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [("Asia/Shanghai", dt.date(2026, 3, 29), 24), ("Europe/Berlin", dt.date(2026, 3, 29), 23),
     ("Europe/Berlin", dt.date(2026, 10, 25), 25)],
)  # fmt: skip
def test_a_day_is_as_long_as_its_clocks_say(zone, day, hours):
    (row,) = day_bounds([zone], day, day + dt.timedelta(days=1)).to_pylist()
    assert (zone, day) == (row["zone"], row["day"])
    assert dt.timedelta(hours=hours) == row["to_utc"] - row["from_utc"]
    assert midnight_utc(day, zone) == row["from_utc"]


def test_days_follow_each_other_in_each_zone_once():
    zones = ["Europe/Berlin", "Asia/Shanghai", "Europe/Berlin"]
    rows = day_bounds(zones, dt.date(2026, 10, 24), dt.date(2026, 10, 27)).to_pylist()
    assert 6 == len(rows)
    assert all(a["to_utc"] == b["from_utc"] for a, b in pairwise(rows[:3]))
    assert 16 == midnight_utc(dt.date(2026, 10, 24), "Asia/Shanghai").hour
