"""Hours, days and levels over what is expected are found for exactly the days asked for."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pyarrow as pa
import pytest

from tanma.engine.metering import alarms
from tests.engine.metering.meters import FIRST, MIDNIGHT, QUARTER, Derived, known, one

SECOND = FIRST + dt.timedelta(days=1)
LONG_AGO, EVER = dt.date(1900, 1, 1), dt.date(9999, 12, 31)


def limits(*rows: tuple[str, float], channel: int = 1, since=LONG_AGO, until=EVER) -> pa.Table:
    names = alarms.LIMITS.names
    made = [(channel, rule, bound, since, until) for rule, bound in rows]
    said = [dict(zip(names, r, strict=True)) for r in made]
    return pa.Table.from_pylist(said, schema=alarms.LIMITS)


def found(made: Derived, table: pa.Table, *days: dt.date) -> list[dict[str, Any]]:
    keys = pa.table({"channel": pa.array([1] * len(days), pa.int64()), "day": pa.array(days)})
    made.con.execute("CREATE OR REPLACE TEMP VIEW intervals AS FROM spans")
    alarms.find(made.con, table, keys)
    return made.con.sql("FROM breaches ORDER BY day, rule").to_arrow_table().to_pylist()


def amounts(*quarters: int, **more: Any) -> Derived:
    """Counts of a hundredth of a kWh in each quarter-hour from midnight."""
    rows = [(1, MIDNIGHT + n * QUARTER, count) for n, count in enumerate(quarters)]
    return Derived(one(kind="interval", **more), known(rows, QUARTER))


def test_an_hour_over_its_limit_names_the_worst_hour_and_how_many() -> None:
    """3.00, 8.00, 4.01 kWh: two hours are above 4."""
    made = amounts(*[75] * 4, *[200] * 4, 100, 100, 100, 101)
    (row,) = found(made, limits(("hour_limit", 4.0)), FIRST)
    assert ("hour_limit", 8.0, 4.0, 2) == (
        row["rule"], row["value"], row["expected"], row["hours"],
    )  # fmt: skip
    assert MIDNIGHT + dt.timedelta(hours=1) == row["at_utc"]
    assert [] == found(made, limits(("hour_limit", 8.0)), FIRST)


def test_a_day_over_its_limit_counts_with_the_multiplier() -> None:
    made = amounts(*[100] * 96, multiplier="3")
    (row,) = found(made, limits(("day_limit", 287.9)), FIRST)
    assert (288.0, 287.9, None) == (row["value"], row["expected"], row["hours"])
    assert [] == found(made, limits(("day_limit", 288.0)), FIRST)


def test_only_days_that_are_asked_for_and_for_which_a_limit_holds() -> None:
    made = amounts(*[100] * 192)
    both = limits(("day_limit", 1.0))
    assert [SECOND] == [r["day"] for r in found(made, both, SECOND)]
    later = limits(("day_limit", 1.0), since=SECOND)
    assert [SECOND] == [r["day"] for r in found(made, later, FIRST, SECOND)]


def test_what_came_over_a_gap_is_no_hour() -> None:
    meters = one(multiplier="1")
    rows = [(1, MIDNIGHT, 0), (1, MIDNIGHT + dt.timedelta(hours=8), 90_000)]
    made = Derived(meters, known(rows))
    assert [] == found(made, limits(("hour_limit", 1.0)), FIRST)
    assert 1 == len(found(made, limits(("day_limit", 1.0)), FIRST))


def test_an_interval_that_crosses_hours_is_divided_by_time() -> None:
    meters = one(kind="interval", interval_s=5400)
    rows = [(1, MIDNIGHT, 900)]  # 9 kWh in an hour and a half: 6, then 3
    made = Derived(meters, known(rows, dt.timedelta(minutes=90)))
    (row,) = found(made, limits(("hour_limit", 5.0)), FIRST)
    assert (6.0, 1) == (row["value"], row["hours"])


def test_the_profile_tells_what_is_expected_of_an_hour() -> None:
    """1 September 2026 is a Tuesday; its median is 400 counts an hour: 4 kWh, 20 % more is 4.8."""
    profile = json.dumps({"limit": [9000] * 48, "median": [400] * 24 + [100] * 24})
    made = amounts(*[120] * 4, *[121] * 4, profile=profile)
    (row,) = found(made, limits(("profile_percent", 20.0)), FIRST)
    assert (4.84, 4.8, 1) == (row["value"], pytest.approx(row["expected"]), row["hours"])
    assert [] == found(amounts(*[999] * 8), limits(("profile_percent", 20.0)), FIRST)


def test_levels_have_a_greatest_and_a_least() -> None:
    rows = [(1, MIDNIGHT + n * QUARTER, v) for n, v in enumerate([700, 650, 810, 820, 700])]
    meters = one(kind="gauge", item="state.pressure.gauge", unit="kPa", scale=0)
    made = Derived(meters, known(rows))
    low, high = found(made, limits(("greatest", 800), ("least", 660)), FIRST)[::-1]
    assert ("least", 650.0, 660.0) == (low["rule"], low["value"], low["expected"])
    assert ("greatest", 820.0, 800.0) == (high["rule"], high["value"], high["expected"])
    assert MIDNIGHT + 3 * QUARTER == high["at_utc"]
    assert [] == found(made, limits(("greatest", 820), ("least", 650)), FIRST)


def test_two_hours_that_the_clock_shows_alike_stay_apart() -> None:
    """On 25 October Berlin has two hours from 2 to 3: 3 kWh each, not 6."""
    day = dt.date(2026, 10, 25)
    start = dt.datetime(2026, 10, 24, 22)  # noqa: DTZ001
    rows = [(1, start + dt.timedelta(hours=n), 300) for n in range(25)]
    meters = one(kind="interval", zone="Europe/Berlin", interval_s=3600)
    made = Derived(meters, known(rows, dt.timedelta(hours=1)), day, 2)
    assert [] == found(made, limits(("hour_limit", 3.0)), day)
    (row,) = found(made, limits(("hour_limit", 2.9)), day)
    assert 25 == row["hours"]
