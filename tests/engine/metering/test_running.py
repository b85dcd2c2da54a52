"""Run, idle, stop and unknown time of a device add up to the span, whatever the readings say."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanma.engine.metering import channels, intervals, parameters, running
from tests.engine.metering.meters import FIRST, MIDNIGHT, known, one

H = 3_600_000_000
"""µs of an hour"""
STEP = dt.timedelta(minutes=15)


def source(channel: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "device": 5, "from_day": FIRST, "to_day": FIRST + dt.timedelta(days=40),
        "channel": channel, "by_code": False, "kw_per_unit": 1.0, "idle_kw": 2.0, "run_kw": 20.0,
        "run_codes": [1, 3], "idle_codes": [2], "stop_codes": [0],
    } | more  # fmt: skip


def ran(meters, readings, *sources, first=FIRST, begin=MIDNIGHT, hours=24) -> list[dict[str, Any]]:
    con = meters.connection()
    con.register("readings", readings)
    channels.channels(con)
    end = begin + dt.timedelta(hours=hours)
    parameters.build(con, first, first + dt.timedelta(days=hours // 24 + 2))
    con.execute(f"CREATE TEMP TABLE intervals AS {intervals.sql_of(con, 'readings')}")
    schema = pa.schema(
        [("device", pa.int64()), ("from_day", pa.date32()), ("to_day", pa.date32()),
         ("channel", pa.int64()), ("by_code", pa.bool_()), ("kw_per_unit", pa.float64()),
         ("idle_kw", pa.float64()), ("run_kw", pa.float64()),
         *((f"{s}_codes", pa.list_(pa.int64())) for s in ("run", "idle", "stop"))]
    )  # fmt: skip
    table = pa.Table.from_pylist(list(sources), schema=schema)
    utc = (m.replace(tzinfo=dt.UTC) for m in (begin, end))
    running.build(con, table, *utc)
    return con.sql("FROM running ORDER BY device, day").to_arrow_table().to_pylist()


def hours(row: dict[str, Any]) -> tuple[float, ...]:
    return tuple(row[f"{s}_us"] / H for s in ("span", "run", "idle", "stop", "unknown"))


def power(*values_kw: float) -> list[tuple[int, dt.datetime, int]]:
    """A level each quarter-hour from midnight, in tenths of a kW."""
    return [(1, MIDNIGHT + n * STEP, round(10 * v)) for n, v in enumerate(values_kw)]


def gauge(**more: Any):
    return one(kind="gauge", item="state.power.active", unit="kW", scale=1, **more)


def test_power_is_held_against_two_limits() -> None:
    """4 quarter-hours run, 3 idle, 1 stands; the last reading holds for its own interval."""
    (row,) = ran(gauge(), known(power(30, 30, 30, 30, 2.1, 20, 2, 5)), source())
    assert (24, 1.0, 0.75, 0.25, 22.0) == hours(row)


def test_amounts_are_told_by_their_mean_power() -> None:
    meters = one(kind="interval", unit="kWh")
    rows = [(1, MIDNIGHT, 600), (1, MIDNIGHT + STEP, 100), (1, MIDNIGHT + 2 * STEP, 0)]
    (row,) = ran(meters, known(rows, STEP), source())  # 24 kW, 4 kW, 0 kW
    assert (24, 0.25, 0.25, 0.25, 23.25) == hours(row)


def test_codes_of_a_state_are_told_and_an_unheard_one_is_unknown() -> None:
    meters = one(kind="state", item="state.running", unit="1", scale=0, interval_s=None)
    codes = [1, 3, 2, 0, 9, 0]
    rows = [(1, MIDNIGHT + dt.timedelta(hours=n), c) for n, c in enumerate(codes)]
    (row,) = ran(meters, known(rows), source(by_code=True))
    assert (24, 2.0, 1.0, 1.0, 20.0) == hours(row)


def test_a_gap_is_unknown_and_never_stop() -> None:
    rows = [*power(0, 0), (1, MIDNIGHT + dt.timedelta(hours=10), 0),
            (1, MIDNIGHT + dt.timedelta(hours=10, minutes=15), 0)]  # fmt: skip
    (row,) = ran(gauge(), known(rows), source())
    assert (24, 0, 0, 1.0, 23.0) == hours(row)


def test_an_amount_after_a_hole_is_known_itself() -> None:
    rows = [(1, MIDNIGHT, 600), (1, MIDNIGHT + dt.timedelta(hours=3), 600)]
    (row,) = ran(one(kind="interval", unit="kWh"), known(rows, STEP), source())
    assert (24, 0.5, 0, 0, 23.5) == hours(row)


def test_power_that_flows_backwards_tells_nothing() -> None:
    (row,) = ran(gauge(), known(power(-5, 0, 0)), source())
    assert (24, 0, 0, 0.5, 23.5) == hours(row)


def test_limits_and_channels_change_on_their_day() -> None:
    second = FIRST + dt.timedelta(days=1)
    rows = power(*[10.0] * 193)
    before = source(to_day=second)
    after = source(from_day=second, run_kw=5.0)
    first, last = ran(gauge(), known(rows), before, after, hours=48)
    assert (24, 0, 24.0, 0, 0) == hours(first)
    assert (24, 24.0, 0, 0, 0) == hours(last)


@pytest.mark.parametrize(
    ("day", "utc", "long"),
    [(dt.date(2026, 10, 25), dt.datetime(2026, 10, 24, 22), 25),  # noqa: DTZ001
     (dt.date(2026, 3, 29), dt.datetime(2026, 3, 28, 23), 23)],  # noqa: DTZ001
)  # fmt: skip
def test_days_of_23_and_25_hours_are_whole_days(day, utc, long) -> None:
    meters = gauge(zone="Europe/Berlin")
    rows = [(1, utc + n * STEP, 300) for n in range(-4, 4 * long + 5)]
    found = ran(meters, known(rows), source(from_day=day, to_day=day + dt.timedelta(days=1)),
                first=day, begin=utc, hours=long)  # fmt: skip
    assert [(long, long, 0, 0, 0)] == [hours(r) for r in found]


def test_a_span_inside_a_day_is_cut_to_it() -> None:
    begin = MIDNIGHT + dt.timedelta(minutes=7)
    (row,) = ran(gauge(), known(power(*[30.0] * 9)), source(), begin=begin, hours=1)
    assert (1, 1, 0, 0, 0) == hours(row)


READING = st.tuples(st.integers(-10_000, 200_000), st.integers(1, 30_000), st.integers(-50, 400))


@given(
    rows=st.lists(READING, max_size=30, unique_by=lambda r: r[0]), kind=st.sampled_from(
        ["gauge", "interval", "state"]), begin=st.integers(0, 80_000), span=st.integers(1, 60),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_the_four_always_add_up_to_the_span(rows, kind, begin, span) -> None:
    """Overlapping, late, negative and missing readings alike; nothing is counted twice."""
    meters = one(kind=kind, unit="kWh" if kind == "interval" else "kW", scale=1)
    made = [
        (1, MIDNIGHT + dt.timedelta(seconds=at), value) for at, _length, value in sorted(rows)
    ]
    readings = known(made, dt.timedelta(hours=1) if kind == "interval" else dt.timedelta())
    at = MIDNIGHT + dt.timedelta(seconds=begin)
    by_code = kind == "state"
    found = ran(meters, readings, source(by_code=by_code), begin=at, hours=span)
    for row in found:
        parts = [row[f"{s}_us"] for s in ("run", "idle", "stop", "unknown")]
        assert all(p >= 0 for p in parts)
        assert row["span_us"] == sum(parts)
    assert span * H == sum(r["span_us"] for r in found)
