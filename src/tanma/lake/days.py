"""Local days as UTC instants, by the rules of each zone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from zoneinfo import ZoneInfo

import pyarrow as pa

UTC_NAIVE = pa.timestamp("us")
DAYS = pa.schema(
    [("zone", pa.string()), ("day", pa.date32()), ("from_utc", UTC_NAIVE), ("to_utc", UTC_NAIVE)]
)


def midnight_utc(day: dt.date, zone: str) -> dt.datetime:
    """The instant at which a local day begins, as naive UTC."""
    begins = dt.datetime.combine(day, dt.time(), ZoneInfo(zone))
    return begins.astimezone(dt.UTC).replace(tzinfo=None)


def day_bounds(zones: Iterable[str], first_day: dt.date, end_day: dt.date) -> pa.Table:
    """Each local day of [first_day, end_day) with its begin and end: 23, 24 or 25 hours apart."""
    days = [first_day + dt.timedelta(days=n) for n in range((end_day - first_day).days + 1)]
    rows: list[tuple[str, dt.date, dt.datetime, dt.datetime]] = []
    for zone in sorted(set(zones)):
        edges = [midnight_utc(day, zone) for day in days]
        rows += [(zone, *row) for row in zip(days, edges, edges[1:], strict=False)]
    return pa.Table.from_pylist([dict(zip(DAYS.names, r, strict=True)) for r in rows], schema=DAYS)
