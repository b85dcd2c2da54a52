"""Days are local, exact and add up: to intervals, to months, to enterprises."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanma.engine.metering.days import half_even
from tanma.lake.days import midnight_utc
from tests.engine.metering.meters import (
    FIRST,
    MIDNIGHT,
    POWER,
    QUARTER,
    Derived,
    flag_names,
    known,
    meter_id,
    one,
    registers,
    utc,
)


def test_the_reading_of_midnight_closes_the_day_before() -> None:
    rows = registers(1, MIDNIGHT + 94 * QUARTER, [100, 110, 125, 131])
    made = Derived(one(), known(rows))
    assert {"09-01": 25_000, "09-02": 6_000} == made.days()
    assert {"09-01": 2, "09-02": 1} == made.days(column="n")
    assert {96} == set(made.days(column="expected").values())
    assert 1800 == made.days(column="covered_s")["09-01"]


def test_a_long_gap_is_split_over_its_days_by_time_and_marked() -> None:
    rows = [(1, utc("09-01 18:00"), 100), (1, utc("09-03 06:00"), 136 + 1)]
    made = Derived(one(), known(rows))
    # 6 h, 24 h, 6 h of 37 counts: 6.17, 24.67, 6.17; the largest remainder gets what is left
    assert {"09-01": 6_000, "09-02": 25_000, "09-03": 6_000} == made.days()
    assert made.days() == made.days(column="spread_milli")
    assert {0} == set(made.days(column="n").values())
    assert 86_400 == made.days(column="covered_s")["09-02"]


def test_a_negative_gap_is_split_by_its_size() -> None:
    rows = [(1, utc("09-01 18:00"), 137), (1, utc("09-03 06:00"), 100)]
    assert -37_000 == sum(Derived(one(), known(rows)).days().values())


def test_a_gap_that_begins_before_the_window_gives_the_window_its_part_only() -> None:
    rows = [(1, utc("08-31 12:00"), 0), (1, utc("09-02 12:00"), 48)]
    assert {"09-01": 24_000, "09-02": 12_000} == Derived(one(), known(rows)).days()


def test_the_multiplier_changes_on_its_day() -> None:
    meters = one(multiplier="60")
    meters.tell(1, "channel.multiplier", "1.5", dt.date(2026, 9, 2))
    rows = registers(1, MIDNIGHT, [n * 10 for n in range(193)])
    made = Derived(meters, known(rows))
    assert {"09-01": 960 * 60_000, "09-02": 960 * 1_500} == made.days()


def test_days_of_23_and_25_hours_are_whole_days() -> None:
    meters = one(zone="Europe/Berlin", interval_s=3600)
    first = dt.date(2026, 10, 24)
    start = dt.datetime(2026, 10, 23, 22)  # noqa: DTZ001 (UTC, naive columns)
    rows = [(1, start + dt.timedelta(hours=n), n * 10) for n in range(24 + 25 + 24 + 1)]
    made = Derived(meters, known(rows), first, 4)
    assert {"10-24": 24, "10-25": 25, "10-26": 24} == made.days(column="n")
    assert {"10-24": 24, "10-25": 25, "10-26": 24} == made.days(column="expected")
    spring = dt.datetime(2026, 3, 27, 23)  # noqa: DTZ001
    rows = [(1, spring + dt.timedelta(hours=n), n * 10) for n in range(24 + 23 + 1)]
    assert {"03-28": 24, "03-29": 23} == Derived(meters, known(rows), dt.date(2026, 3, 28), 3).days(
        column="n"
    )


@pytest.mark.parametrize(
    ("zone", "first", "halves"),
    [
        # China kept summer time from 1986 to 1991: 4 May 1986 has 23 hours, 14 September 25
        ("Asia/Shanghai", dt.date(1986, 5, 3), [48, 46, 48]),
        ("Asia/Shanghai", dt.date(1986, 9, 13), [48, 50, 48]),
        ("Asia/Shanghai", dt.date(1992, 5, 3), [48, 48, 48]),
        ("Asia/Kolkata", dt.date(2026, 10, 24), [48, 48, 48]),  # UTC+5:30
        ("Australia/Lord_Howe", dt.date(2026, 4, 4), [48, 49, 48]),  # turns by half an hour
        ("Australia/Lord_Howe", dt.date(2026, 10, 3), [48, 47, 48]),
        ("America/Santiago", dt.date(2026, 9, 5), [48, 46, 48]),  # turns at midnight itself
    ],
)
def test_a_local_day_has_as_many_half_hours_as_its_clock_says(
    zone: str, first: dt.date, halves: list[int]
) -> None:
    meters = one(zone=zone, interval_s=1800)
    half = dt.timedelta(minutes=30)
    start = midnight_utc(first, zone)
    rows = [(1, start + n * half, n * 10) for n in range(sum(halves) + 1)]
    made = Derived(meters, known(rows), first, len(halves))
    expected = {f"{first + dt.timedelta(days=n):%m-%d}": halves[n] for n in range(len(halves))}
    assert expected == made.days(column="n")
    assert expected == made.days(column="expected")
    assert {day: n * 1800 for day, n in expected.items()} == made.days(column="covered_s")
    assert {day: n * 10_000 for day, n in expected.items()} == made.days()
    told = set().union(*map(flag_names, made.days(column="flags").values()))
    assert not told & {"gap", "shift", "clock", "spread"}


def test_a_gauge_has_the_mean_by_time() -> None:
    rows = [
        (1, MIDNIGHT, 20),
        (1, MIDNIGHT + dt.timedelta(hours=18), 40),
        (1, utc("09-02 00:00"), 9),
    ]
    made = Derived(one(kind="gauge", interval_s=None), known(rows))
    assert 25_000 == made.days(column="mean_milli")["09-01"]
    assert (20, 40) == (made.days(column="minimum")["09-01"], made.days(column="maximum")["09-01"])
    assert None is made.days()["09-01"]


def test_a_level_that_lasts_over_midnight_counts_on_both_days() -> None:
    rows = [(1, utc("09-01 12:00"), 10), (1, utc("09-02 12:00"), 30), (1, utc("09-03 00:00"), 0)]
    made = Derived(one(kind="gauge", interval_s=None), known(rows))
    means = made.days(column="mean_milli")
    assert (10_000, 20_000) == (means["09-01"], means["09-02"])


def test_months_are_sums_of_days_rounded_once_per_enterprise() -> None:
    meters = one(scale=4)
    meters.meter(2, 1)
    meters.channel(2, scale=4)
    # 0.0025 kWh + 0.0025 kWh are 0.005 kWh: five counts of the item, not two and two
    rows = registers(1, MIDNIGHT, [0, 25]) + registers(2, MIDNIGHT, [0, 25])
    assert {(1, POWER, "2026-09"): 5} == Derived(meters, known(rows)).months()
    single = Derived(one(scale=4), known(registers(1, MIDNIGHT, [0, 25])))
    assert {(1, POWER, "2026-09"): 2} == single.months()


def test_units_of_channels_are_converted_exactly() -> None:
    meters = one(unit="MWh", scale=3)
    rows = registers(1, MIDNIGHT, [0, 7])
    assert {(1, POWER, "2026-09"): 7_000} == Derived(meters, known(rows)).months()


def test_a_meter_below_another_is_a_part_of_it_while_it_hangs_there() -> None:
    meters = one()
    meters.meter(2, 1)
    meters.tell(10_002, "meter.parent", meter_id(1), dt.date(2026, 9, 2))
    meters.channel(2)
    rows = registers(1, MIDNIGHT, [n * 10 for n in range(193)])
    rows += registers(2, MIDNIGHT, [n * 4 for n in range(193)])
    made = Derived(meters, known(rows))
    # in 10⁻³ kWh: 1,920 counts of the parent, 384 of the child on its day alone
    assert {(1, POWER, "2026-09"): (1920 + 384) * 10} == made.months()


def test_what_is_known_of_a_month_is_told_in_seconds() -> None:
    made = Derived(one(), known(registers(1, MIDNIGHT, [0, 1, 2])))
    assert {(1, POWER, "2026-09"): 1_800} == made.months("covered_s")
    assert {(1, POWER, "2026-09"): 30 * 86_400} == made.months("expected_s")


def test_flagged_intervals_are_left_out_where_somebody_declares_it() -> None:
    meters = one(kind="interval", rated="10")
    meters.own(1, "substitution", "omit")
    rows = registers(1, MIDNIGHT, [200, 900, 100])
    made = Derived(meters, known(rows, QUARTER))
    assert {"09-01": 300_000} == made.days()
    # what was left out is not known: a month with it is held back like one with a hole
    assert {"09-01": 2 * 900} == made.days(column="covered_s")
    plain = Derived(one(kind="interval", rated="10"), known(rows, QUARTER))
    assert {"09-01": 1_200_000} == plain.days()
    assert 1 == plain.days(column="flagged")["09-01"]


@settings(max_examples=60, deadline=None)
@given(st.integers(-(10**20), 10**20), st.integers(1, 10**9))
def test_half_even_is_the_nearest_integer(numerator: int, denominator: int) -> None:
    query = half_even(f"{numerator}::HUGEINT", f"{denominator}::HUGEINT")
    with duckdb.connect() as con:
        found = con.execute(f"SELECT {query}").fetchall()[0][0]
    assert round(Fraction(numerator, denominator)) == found


@settings(max_examples=25, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.integers(1, 3000), st.integers(-50, 5000)), min_size=2, max_size=12
    ),
    zone=st.sampled_from(["Asia/Shanghai", "Europe/Berlin"]),
)
def test_days_add_up_to_the_intervals(steps: list[tuple[int, int]], zone: str) -> None:
    at, value, rows = MIDNIGHT, 0, []
    for minutes, count in steps:
        at, value = at + dt.timedelta(minutes=minutes), value + count
        rows.append((1, at, value))
    made = Derived(one(zone=zone), known(rows), FIRST - dt.timedelta(days=1), 60)
    assert (rows[-1][2] - rows[0][2]) * 1000 == sum(made.days().values())
