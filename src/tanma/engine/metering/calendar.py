"""Local days as UTC instants: day bounds and offsets of zones, those with summer time too."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from itertools import pairwise
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from tanma.lake.days import UTC_NAIVE, day_bounds

DEFAULT_ZONE = "Asia/Shanghai"
OFFSETS = pa.schema(
    [
        ("zone", pa.string()),
        ("from_utc", UTC_NAIVE),
        ("to_utc", UTC_NAIVE),
        ("offset_s", pa.int32()),
    ]
)
BEGIN, END = dt.datetime(1900, 1, 1), dt.datetime(9999, 1, 1)  # noqa: DTZ001 (UTC, naive columns)


def offsets(zones: Iterable[str], first_day: dt.date, end_day: dt.date) -> pa.Table:
    """Spans of constant offset from UTC; the first reaches back and the last on without end."""
    rows = []
    for zone in sorted(set(zones)):
        turns = _turns(ZoneInfo(zone), first_day, end_day)
        edges = [BEGIN, *turns, END]
        for start, end in pairwise(edges):
            # the offset that holds inside the span; before the first turn the one just before it
            inside = start if start > BEGIN else (turns[0] if turns else _noon(first_day))
            back = dt.timedelta(seconds=1) if start == BEGIN and turns else dt.timedelta()
            rows.append((zone, start, end, _offset_s(ZoneInfo(zone), inside - back)))
    names = OFFSETS.names
    return pa.Table.from_pylist([dict(zip(names, r, strict=True)) for r in rows], schema=OFFSETS)


def _noon(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(12))


def _offset_s(zone: ZoneInfo, at_utc: dt.datetime) -> int:
    shift = at_utc.replace(tzinfo=dt.UTC).astimezone(zone).utcoffset()
    assert shift is not None  # every zone has one
    return int(shift.total_seconds())


def _turns(zone: ZoneInfo, first_day: dt.date, end_day: dt.date) -> list[dt.datetime]:
    """The instants in the span at which the zone changes its offset, to the second."""
    found = []
    at, end = _noon(first_day) - dt.timedelta(days=1), _noon(end_day) + dt.timedelta(days=1)
    while at < end:
        following = at + dt.timedelta(days=1)
        if _offset_s(zone, at) != _offset_s(zone, following):
            found.append(_turn(zone, at, following))
        at = following
    return found


def _turn(zone: ZoneInfo, low: dt.datetime, high: dt.datetime) -> dt.datetime:
    before = _offset_s(zone, low)
    while high - low > dt.timedelta(seconds=1):
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        if _offset_s(zone, middle) == before:
            low = middle
        else:
            high = middle
    return high


def register(
    con: duckdb.DuckDBPyConnection, zones: Iterable[str], first_day: dt.date, end_day: dt.date
) -> None:
    """Tables `local_days` and `zone_offsets` of the connection for a span of days."""
    wanted = sorted({*zones}) or [DEFAULT_ZONE]
    con.register("local_days_given", day_bounds(wanted, first_day, end_day))
    con.register("zone_offsets_given", offsets(wanted, first_day, end_day))
    for name in ("local_days", "zone_offsets"):
        con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM {name}_given")
        con.unregister(f"{name}_given")
