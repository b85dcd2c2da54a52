"""The newest reading of each channel, as the lake knows it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
from django.conf import settings

from tanma.apps.registry import door as registry
from tanma.lake.held import sound
from tanma.lake.known import Span, known

LOOK_BACK = dt.timedelta(days=3)
LATE_AFTER = 2
"""Expected intervals without a reading after which a channel counts as late."""
SILENT_AFTER_S = 86_400


@dataclass(frozen=True)
class Newest:
    """A reading as a count, before the multiplier."""

    count: int
    scale: int
    at: dt.datetime
    received_us: int

    @property
    def value(self) -> str:
        """In the channel's unit, with all its digits."""
        return decimal_text(self.count, self.scale)


def state_of(channel: registry.Channel, age_s: float) -> str:
    """Whether the newest reading of a channel is as new as it should be: fresh, late or silent."""
    if age_s <= LATE_AFTER * (channel.interval_s or 1800):
        return "fresh"
    return "late" if age_s <= SILENT_AFTER_S else "silent"


def newest(
    channels: Collection[registry.Channel], since: dt.datetime | None = None
) -> dict[int, Newest]:
    """Channel → its newest reading since an instant (three days ago when None)."""
    if not channels:
        return {}
    with _readings([c.id for c in channels], since) as con:
        rows = con.execute(
            """SELECT channel, arg_max(value, start_utc), max(end_utc),
               arg_max(stamp, start_utc) FROM readings GROUP BY channel"""
        ).fetchall()
    scale = {c.id: c.scale for c in channels}
    return {
        channel: Newest(value, scale[channel], at.replace(tzinfo=dt.UTC), stamp)
        for channel, value, at, stamp in rows
    }


def heard_of(numbers: Collection[int], since: dt.datetime) -> int:
    """How many of these channels have a reading since an instant."""
    if not numbers:
        return 0
    with _readings(list(numbers), since) as con:
        query = "SELECT count(DISTINCT channel) FROM readings"
        return int(con.execute(query).fetchall()[0][0])


@contextmanager
def _readings(
    numbers: list[int], since: dt.datetime | None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A view `readings` of some channels since an instant; damaged files are gone around."""
    now, snapshot = dt.datetime.now(dt.UTC), sound(settings.TANMA.lake)
    span = Span(since or now - LOOK_BACK, now + dt.timedelta(days=1), numbers)
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        known(con, snapshot, span, snapshot.watermark, "readings")
        yield con


def decimal_text(count: int, scale: int) -> str:
    """A count as decimal text with all its digits: 1234 at scale 2 is 12.34."""
    sign, digits = "-" * (count < 0), str(abs(count)).rjust(scale + 1, "0")
    return sign + (f"{digits[:-scale]}.{digits[-scale:]}" if scale else digits)
