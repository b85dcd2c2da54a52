"""Curves for a screen: as many points as it has pixels, with the extremes of each pixel kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from tanma.apps.live import known
from tanma.apps.registry import door as registry

LEAST_PIXELS, MOST_PIXELS = 100, 4000
COMPARED = {"day": dt.timedelta(days=1), "week": dt.timedelta(days=7),
            "year": dt.timedelta(days=364)}  # fmt: skip
"""A year back is 52 weeks, so that weekdays lie over weekdays."""
LONGEST_FINE = dt.timedelta(days=62)


@dataclass(frozen=True)
class Window:
    """A span of time as an address names it."""

    begin: dt.datetime
    end: dt.datetime

    @property
    def length(self) -> dt.timedelta:
        return self.end - self.begin

    @property
    def fine(self) -> bool:
        """Whether it is drawn from readings; longer ones from days."""
        return self.length <= LONGEST_FINE

    def back(self, by: dt.timedelta) -> Window:
        return Window(self.begin - by, self.end - by)

    def days(self, zone: str) -> tuple[dt.date, dt.date]:
        """The local days [first, end) that enclose it."""
        local = ZoneInfo(zone)
        last = self.end - dt.timedelta(microseconds=1)
        return self.begin.astimezone(local).date(), last.astimezone(local).date() + dt.timedelta(1)


Points = list[list[float | None]]
_DIFFERS = "measured IS DISTINCT FROM value"


def points(
    con: duckdb.DuckDBPyConnection, channels: Sequence[registry.Channel], window: Window,
    pixels: int,
) -> dict[int, Points]:  # fmt: skip
    """Channel → [ms, value] in order of time, gaps as null; at most two points a pixel.

    Values are those that totals take: where a declared method replaces, what it puts there.
    """
    _points_table(con, channels, window)
    return {c.id: _drawn(con, c, window, pixels) for c in channels}


def measured(
    con: duckdb.DuckDBPyConnection, channels: Sequence[registry.Channel], window: Window,
    pixels: int,
) -> dict[int, Points]:  # fmt: skip
    """Of the points last drawn what the meter said, where that is not what totals take."""
    rows = con.execute(f"SELECT DISTINCT channel FROM points WHERE {_DIFFERS}").fetchall()
    some = {number for (number,) in rows}
    return {c.id: _drawn(con, c, window, pixels, "measured", _DIFFERS)
            for c in channels if c.id in some}  # fmt: skip


def _drawn(
    con: duckdb.DuckDBPyConnection, channel: registry.Channel, window: Window, pixels: int,
    column: str = "value", which: str = "true",
) -> Points:  # fmt: skip
    where = f"channel = {channel.id} AND {which}"
    count = con.execute(f"SELECT count(*) FROM points WHERE {where}").fetchall()[0][0]
    if count <= 2 * pixels:
        return list(_all(con, channel, column, where))
    width_us = max(int(window.length.total_seconds() * 1e6) // pixels, 1)
    return list(_thinned(con, int(window.begin.timestamp() * 1e6), width_us, column, where))


def _points_table(
    con: duckdb.DuckDBPyConnection, channels: Sequence[registry.Channel], window: Window
) -> None:
    zone = channels[0].zone
    if window.fine:
        known.points(con, channels, window.begin, window.end, window.days(zone))
        return
    known.keep_days(con, *window.days(zone), {c.id for c in channels})
    con.execute(f"CREATE OR REPLACE TEMP TABLE points AS {_of_days(channels, zone)}")


def _of_days(channels: Sequence[registry.Channel], zone: str) -> str:
    """Days as points: mean rate per hour, or mean level."""
    scales = ", ".join(f"({c.id}, {c.scale}, {c.kind in known.LEVELS})" for c in channels)
    # what a method replaced is not kept apart by day: the share beside the totals tells it
    at = f"epoch_us(timezone('{zone}', day::TIMESTAMP))"
    until = f"epoch_us(timezone('{zone}', (day + 1)::TIMESTAMP))"
    return f"""
        SELECT channel, {at} AS at_us, {until} AS until_us,
            CASE WHEN level THEN mean_milli / 1e3 / power(1e1, scale)
                 ELSE milli / 1e3 / power(1e1, scale) * 3.6e9 / ({until} - {at}) END AS value,
            CASE WHEN NOT level THEN milli / 1e3 / power(1e1, scale) END AS amount,
            value AS measured, amount AS measured_amount, flags
        FROM days JOIN (VALUES {scales}) AS s(channel, scale, level) USING (channel)"""


def _thinned(
    con: duckdb.DuckDBPyConnection, begin_us: int, width_us: int, column: str, where: str
) -> Iterator[list[float | None]]:
    """The least and the greatest value of each pixel, in the order in which they came."""
    rows = con.execute(
        f"""SELECT arg_min(at_us, {column}), min({column}), arg_max(at_us, {column}), max({column})
            FROM points WHERE {where} AND {column} IS NOT NULL
            GROUP BY (at_us - {begin_us}) // {width_us} ORDER BY min(at_us)"""
    ).fetchall()
    for low_at, low, high_at, high in rows:
        pair = sorted({(low_at, low), (high_at, high)})
        yield from ([at / 1000, value] for at, value in pair)


def _all(
    con: duckdb.DuckDBPyConnection, channel: registry.Channel, column: str, where: str
) -> Iterator[list[float | None]]:
    """Every point; an amount is drawn as a step over its interval, and a hole stays a hole."""
    rows = con.execute(
        f"SELECT at_us, until_us, {column} FROM points WHERE {where} ORDER BY at_us"
    ).fetchall()
    level, ended = channel.kind in known.LEVELS, None
    for at, until, value in rows:
        if ended is not None and at > ended:
            yield [ended / 1000, None]
        yield [at / 1000, value]
        if not level:
            yield [until / 1000, value]
        ended = until


def totals(
    con: duckdb.DuckDBPyConnection, channels: Sequence[registry.Channel], window: Window
) -> dict[str, Any]:
    """The table behind a curve, from the points last drawn, by hour, day or month.

    An amount over a gap, or cut by an end of the window, counts with its share of the time.
    """
    grain = "hour" if window.length <= dt.timedelta(days=2) else (
        "day" if window.fine else "month")  # fmt: skip
    zone = channels[0].zone
    own = ", ".join(str(c.id) for c in channels)
    _buckets(con, window, grain, zone)
    within = "(least(until_us, to_us) - greatest(at_us, from_us)) / (until_us - at_us)"
    rows = con.execute(
        f"""SELECT moment, channel,
                   sum(amount * CASE WHEN until_us > at_us THEN {within} ELSE 1 END),
                   coalesce(avg(value) FILTER (at_us >= from_us), avg(value)),
                   bool_or({_DIFFERS})
            FROM points JOIN buckets ON at_us < to_us AND greatest(until_us, at_us + 1) > from_us
            WHERE channel IN ({own}) GROUP BY moment, channel ORDER BY moment"""
    ).fetchall()
    by_time: dict[dt.datetime, dict[int, float | None]] = {}
    level = {c.id: c.kind in known.LEVELS for c in channels}
    for at, channel, amount, mean, _differs in rows:
        by_time.setdefault(at, {})[channel] = mean if level[channel] else amount
    return {
        "grain": grain, "replaced": replaced(con, channels), "left_out": _left_out(con),
        "marked": {(at, channel) for at, channel, _amount, _mean, differs in rows if differs},
        "rows": [(at, [values.get(c.id) for c in channels]) for at, values in by_time.items()],
        "sums": {c.id: _sum(v.get(c.id) for v in by_time.values())
                 for c in channels if not level[c.id]},
    }  # fmt: skip


def _buckets(con: duckdb.DuckDBPyConnection, window: Window, grain: str, zone: str) -> None:
    """Table `buckets` (moment, from_us, to_us): local hours, days or months within the window."""
    begin, end = (f"make_timestamptz({int(m.timestamp() * 1e6)})"
                  for m in (window.begin, window.end))  # fmt: skip
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE buckets AS
        SELECT moment, greatest(epoch_us(timezone('{zone}', moment)), epoch_us({begin})) AS from_us,
            least(epoch_us(timezone('{zone}', moment + INTERVAL 1 {grain})), epoch_us({end}))
                AS to_us
        FROM (SELECT unnest(generate_series(
            date_trunc('{grain}', timezone('{zone}', {begin})), timezone('{zone}', {end}),
            INTERVAL 1 {grain})) AS moment)
        WHERE to_us > from_us"""
    )


def _left_out(con: duckdb.DuckDBPyConnection) -> dict[int, int]:
    """Channel → intervals drawn last whose amount a declared method left out of totals."""
    query = """SELECT channel, count(*) FROM points
        WHERE value IS NULL AND measured IS NOT NULL GROUP BY channel"""
    return dict(con.execute(query).fetchall())


def replaced(
    con: duckdb.DuckDBPyConnection, channels: Sequence[registry.Channel]
) -> dict[int, float]:
    """Channel → share of its days' amount that a declared method put there, of the days drawn."""
    own = ", ".join(str(c.id) for c in channels)
    rows = con.execute(
        f"""SELECT channel, sum(substituted_milli)::DOUBLE / nullif(sum(milli), 0) FROM days
            WHERE channel IN ({own}) GROUP BY channel HAVING sum(substituted_milli) <> 0"""
    ).fetchall()
    return {channel: float(share or 0) for channel, share in rows}


def _sum(values: Iterator[float | None]) -> float | None:
    known_values = [v for v in values if v is not None]
    return sum(known_values) if known_values else None
