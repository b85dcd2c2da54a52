"""Amounts between instants: exact, split by time where a bound cuts, missing where nobody read."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tanma.engine.metering import spans, virtual
from tanma.engine.metering.spans import Span
from tests.engine.metering.meters import (
    MIDNIGHT,
    QUARTER,
    Derived,
    Meters,
    known,
    meter_id,
    one,
    registers,
)

HOUR = 4 * QUARTER
SECOND = dt.timedelta(seconds=1)


def amounts(meters: Meters, rows: list, wanted: list[Span], length=dt.timedelta(), **more):
    made = Derived(meters, known(rows, length))
    made.con.execute("ALTER TABLE spans RENAME TO intervals")
    virtual.terms(made.con, more.get("terms", {}))
    return spans.amounts(made.con, wanted)


def span(begin: dt.timedelta, end: dt.timedelta, channel: int = 1, key: int = 0) -> Span:
    start = MIDNIGHT.replace(tzinfo=dt.UTC)
    return Span(key, channel, start + begin, start + end)


def flat(channel: int, count: int, quarters: int) -> list:
    return [(channel, MIDNIGHT + n * QUARTER, count) for n in range(quarters)]


def interval(**more) -> Meters:
    return one(kind="interval", **more)


def test_whole_intervals_are_added_with_their_multiplier() -> None:
    (found,) = amounts(interval(multiplier="60"), flat(1, 7, 8), [span(HOUR, 2 * HOUR)],
                       QUARTER).values()  # fmt: skip
    assert (28 * 60_000, 0, True) == (found.milli, found.cut, found.whole)


def test_an_interval_that_a_bound_cuts_is_split_by_time_and_told() -> None:
    """A third of 10 counts before, two thirds after: 3 and the 7 that are left."""
    five = dt.timedelta(minutes=5)
    wanted = [span(dt.timedelta(), five, key=1), span(five, QUARTER, key=2)]
    found = amounts(interval(), flat(1, 10, 1), wanted, QUARTER)
    assert [3_000, 7_000] == [found[k, 1].milli for k in (1, 2)]
    assert [1, 1] == [found[k, 1].cut for k in (1, 2)]


def test_a_register_is_told_by_its_differences() -> None:
    rows = registers(1, MIDNIGHT, [100, 110, None, 140, 141])
    (found,) = amounts(one(), rows, [span(QUARTER, 2 * QUARTER)]).values()
    assert (15_000, 1) == (found.milli, found.cut)


def test_what_nobody_read_is_missing_and_what_was_read_in_part_is_marked() -> None:
    wanted = [span(10 * HOUR, 11 * HOUR, key=1), span(HOUR, 3 * HOUR, key=2)]
    found = amounts(interval(), flat(1, 7, 8), wanted, QUARTER)
    assert (None, 0, False) == (found[1, 1].milli, found[1, 1].covered_us, found[1, 1].whole)
    assert (28_000, False) == (found[2, 1].milli, found[2, 1].whole)
    assert found[2, 1].length_us == 2 * found[2, 1].covered_us


def test_a_negative_amount_is_split_by_its_size() -> None:
    third = dt.timedelta(minutes=5)
    (found,) = amounts(interval(), flat(1, -10, 1), [span(dt.timedelta(), third)], QUARTER).values()
    assert -3_000 == found.milli


def test_a_virtual_channel_is_told_from_its_parts() -> None:
    meters = interval()
    meters.meter(2, 1)
    meters.channel(2, kind="interval")
    meters.meter(3, 1, formula="[M1] - [M2]")
    meters.channel(3, kind="interval")
    rows = flat(1, 10, 4) + flat(2, 4, 2)
    terms = {3: {1: 1, 2: -1}}
    wanted = [span(dt.timedelta(), 2 * QUARTER, 3, 1), span(2 * QUARTER, HOUR, 3, 2)]
    found = amounts(meters, rows, wanted, QUARTER, terms=terms)
    assert [12_000, None] == [found[k, 3].milli for k in (1, 2)]
    assert meter_id(3)


@settings(max_examples=8, deadline=None)
@given(
    counts=st.lists(st.integers(-50, 10_000), min_size=1, max_size=6),
    cuts=st.sets(st.integers(0, 6 * 900), min_size=2, max_size=6),
)
def test_spans_that_meet_add_up_to_the_span_around_them(counts: list[int], cuts: set[int]) -> None:
    rows = [(1, MIDNIGHT + n * QUARTER, c) for n, c in enumerate(counts)]
    edges = [s * SECOND for s in sorted(cuts)]
    parts = [span(a, b, key=n + 1) for n, (a, b) in enumerate(pairwise(edges))]
    found = amounts(interval(), rows, [span(edges[0], edges[-1]), *parts], QUARTER)
    whole = found.pop((0, 1))
    known_parts = [a.milli for a in found.values() if a.milli is not None]
    assert whole.milli == (sum(known_parts) if known_parts else None)
    assert whole.covered_us == sum(a.covered_us for a in found.values())
