"""Sums of meters, piece by piece: exact where all parts speak, nothing where one is silent."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from tanma.engine.metering import alarms, channels, intervals, parameters, summed, virtual
from tests.engine.metering.meters import FIRST, KNOWN, MIDNIGHT, QUARTER, Meters, known, one

HOUR = dt.timedelta(hours=1)
SUM = 3
Terms = dict[int, Fraction]


def two(kind: str = "interval", second_s: int = 900, **more: Any) -> Meters:
    """Two channels and the sum of both."""
    made = one(kind=kind, **more)
    for number, interval_s in ((2, second_s), (SUM, 900)):
        made.meter(number, 1, **({"formula": "[M1] + [M2]"} if number == SUM else {}))
        made.channel(number, kind=kind, interval_s=interval_s, **more)
    return made


def derived(meters: Meters, readings: pa.Table, terms: Terms) -> Any:
    con = meters.connection()
    con.register("readings", readings)
    channels.channels(con)
    parameters.build(con, FIRST, FIRST + dt.timedelta(days=2))
    con.execute(f"CREATE TEMP TABLE intervals AS {intervals.sql_of(con, 'readings')}")
    virtual.terms(con, {SUM: terms})
    summed.extend(con)
    return con


def pieces(con: Any) -> list[tuple[int, int, float]]:
    """(minute of begin, of end, amount in the channel's unit) of the sum."""
    rows = con.execute(
        f"SELECT start_utc, end_utc, count FROM intervals WHERE channel = {SUM} ORDER BY start_utc"
    ).fetchall()

    def minute(at: dt.datetime) -> int:
        return int((at - MIDNIGHT).total_seconds() // 60)

    return [(minute(a), minute(b), count / 100_000) for a, b, count in rows]


def said(*parts: tuple[int, dt.timedelta, list[int | None]]) -> pa.Table:
    """Counts of a hundredth of a kWh of channels, one after another from midnight."""
    tables = [
        known([(c, MIDNIGHT + n * step, v) for n, v in enumerate(values) if v is not None], step)
        for c, step, values in parts
    ]
    return pa.concat_tables(tables).cast(KNOWN)


def test_parts_of_one_grid_are_added_with_their_constants() -> None:
    readings = said((1, QUARTER, [700, 800]), (2, QUARTER, [400, 300]))
    con = derived(two(), readings, {1: Fraction(1), 2: Fraction(-1, 2)})
    assert [(0, 15, 5.0), (15, 30, 6.5)] == pieces(con)


def test_an_hour_is_divided_over_the_quarters_of_the_other_part() -> None:
    readings = said((1, QUARTER, [100, 200, 300, 400]), (2, HOUR, [800]))
    con = derived(two(second_s=3600), readings, {1: Fraction(1), 2: Fraction(1)})
    assert [(0, 15, 3.0), (15, 30, 4.0), (30, 45, 5.0), (45, 60, 6.0)] == pieces(con)


def test_a_part_that_says_nothing_leaves_a_hole_and_no_zero() -> None:
    readings = said((1, QUARTER, [100, 100, 100]), (2, QUARTER, [100, None, 100]))
    con = derived(two(), readings, {1: Fraction(1), 2: Fraction(1)})
    assert [(0, 15, 2.0), (30, 45, 2.0)] == pieces(con)


def test_what_came_over_a_gap_is_no_piece() -> None:
    """A register that was silent for four hours tells no hour in between."""
    rows = [(1, MIDNIGHT, 0), (1, MIDNIGHT + QUARTER, 100), (1, MIDNIGHT + 4 * HOUR, 1600)]
    other = [(2, MIDNIGHT + n * QUARTER, 100 * n) for n in range(17)]
    con = derived(two("register"), known(rows + other), {1: Fraction(1), 2: Fraction(1)})
    assert [(0, 15, 2.0)] == pieces(con)


def test_levels_are_added_as_they_hold() -> None:
    power = {"item": "state.power.active", "unit": "kW", "scale": 2}
    rows = [(1, MIDNIGHT, 1000), (1, MIDNIGHT + 2 * QUARTER, 3000), (2, MIDNIGHT + QUARTER, 500)]
    meters = two("gauge", **power)
    for channel in (1, 2):
        meters.tell(channel, "channel.flag.gap_percent", "400", dt.date(1900, 1, 1))
    con = derived(meters, known(rows), {1: Fraction(1), 2: Fraction(1)})
    assert (15, 30, 15.0) == pieces(con)[0]


def test_multipliers_and_units_of_the_parts_count() -> None:
    meters = one(kind="interval", multiplier="60")
    meters.meter(2, 1)
    meters.channel(2, kind="interval", unit="MWh", scale=3)
    meters.meter(SUM, 1, formula="[M1] + [M2]")
    meters.channel(SUM, kind="interval")
    con = derived(meters, said((1, QUARTER, [100]), (2, QUARTER, [2])),
                  {1: Fraction(1), 2: Fraction(1)})  # fmt: skip
    assert [(0, 15, 62.0)] == pieces(con)


def test_an_hour_of_a_sum_is_over_its_limit() -> None:
    """7 + 4 kWh a quarter-hour are 44 kWh an hour; the fifth hour has 48."""
    readings = said((1, QUARTER, [700] * 16 + [800] * 4), (2, QUARTER, [400] * 20))
    con = derived(two(), readings, {1: Fraction(1), 2: Fraction(1)})
    con.execute("CREATE TEMP TABLE days (channel BIGINT, day DATE, milli BIGINT)")
    row = {"channel": SUM, "rule": "hour_limit", "bound": 44.0, "from_day": dt.date(1900, 1, 1),
           "to_day": dt.date(9999, 1, 1)}  # fmt: skip
    keys = pa.table({"channel": pa.array([SUM], pa.int64()), "day": pa.array([FIRST])})
    alarms.find(con, pa.Table.from_pylist([row], schema=alarms.LIMITS), keys)
    found = con.execute("SELECT value, expected, hours, at_utc FROM breaches").fetchall()
    assert [(48.0, 44.0, 1, MIDNIGHT + 4 * HOUR)] == found


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 5000)), min_size=4, max_size=8))
def test_the_pieces_add_up_to_the_sum_of_what_the_parts_say(pairs: list[tuple[int, int]]) -> None:
    hours = len(pairs) // 4
    firsts, seconds = [a for a, _ in pairs[: 4 * hours]], [b for _, b in pairs[:hours]]
    readings = said((1, QUARTER, list(firsts)), (2, HOUR, list(seconds)))
    con = derived(two(second_s=3600), readings, {1: Fraction(1), 2: Fraction(1)})
    total = sum(amount for _, _, amount in pieces(con))
    assert abs(total - (sum(firsts) + sum(seconds)) / 100) < 1e-4
