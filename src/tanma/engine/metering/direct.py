"""Monthly amounts straight from readings: no intervals, no flags, no days, nothing written.

Between two readings of a register the sum of differences is last − first. So most of a month is
added up while the settled files stream by, each pair of neighbours looked at once. What is not so
plain (a rollover, a hole into which a corrected reading falls, the ends of a file) is kept as a few
points per channel and put in order afterwards. A channel of which the month cannot be told so is
derived by its days. The amounts are those of the days; convention: docs/design/readings.md §3.
"""

from __future__ import annotations

import datetime as dt

import duckdb
import pyarrow as pa

from tanma.engine.metering import bucket as buckets
from tanma.engine.metering import months, parameters
from tanma.lake import known as lake
from tanma.lake.days import midnight_utc
from tanma.lake.derived import DAY

_SLICE = 1024
_FIRST, _AFTER, _BEFORE, _LAST, _NEWEST = 0, 1, 2, 3, 4
"""Points of a channel: where the stream begins, goes on after a pair that is told apart, stops
before it, ends; and a contested reading, which stands beside the stream."""


def build(
    con: duckdb.DuckDBPyConnection, snapshot: lake.Snapshot, some: buckets.Meters,
    span: buckets.Span, into: str = "metered",
) -> None:  # fmt: skip
    """Table `into` (subject, item, month, value) of one month, as `months.build` has it."""
    some.install(con)
    parameters.build(con, span.first, span.end)
    con.execute(f"CREATE OR REPLACE TEMP TABLE summed ({months.SUMMED})")
    for (zone,) in con.execute("SELECT DISTINCT zone FROM metering_params").fetchall():
        edges = midnight_utc(span.first, zone), midnight_utc(span.end, zone)
        _zone(con, snapshot, span.known_at, zone, *(e.replace(tzinfo=dt.UTC) for e in edges))
    left = months.lacking(con, span.first)
    con.register("days_left", _days(snapshot, some, span, left))
    months.of_sums(con, span.first, "days_left", into=into)


def _days(
    snapshot: lake.Snapshot, some: buckets.Meters, span: buckets.Span, left: list[int]
) -> pa.Table:
    tables = [DAY.empty_table().select(["channel", "day", "milli"])]
    for start in range(0, len(left), _SLICE):
        with buckets.connection() as con:
            few = some.only(left[start : start + _SLICE])
            buckets.derive(con, snapshot, few, span, checks=False)
            tables.append(con.sql("SELECT channel, day, milli FROM days").to_arrow_table())
    return pa.concat_tables(tables)


def _zone(
    con: duckdb.DuckDBPyConnection, snapshot: lake.Snapshot, known_at: int, zone: str,
    begin: dt.datetime, end: dt.datetime,
) -> None:  # fmt: skip
    """Add the channels of a zone to `summed`."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE direct_channels AS {_registers(zone)}")
    lengths = con.execute("SELECT list(DISTINCT interval_s), min(wrap_at) FROM direct_channels")
    regular, wrap_at = lengths.fetchall()[0]
    span = lake.Span(begin - buckets.MARGIN, end + buckets.MARGIN)
    lies, contested = lake.apart(con, snapshot, span, known_at, "direct")
    from_us, to_us = (int(edge.timestamp()) * 1_000_000 for edge in (begin, end))
    usual = ", ".join(str(s * 1_000_000) for s in regular or [] if s) or "NULL"
    streamed = _streamed(from_us, to_us, usual, wrap_at) if lies else _NO_STREAM
    con.execute(f"CREATE OR REPLACE TEMP TABLE direct_stream AS {streamed}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE direct_points AS {_points(contested)}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE direct_sums AS {_sums(from_us, to_us)}")
    _reached(con, snapshot, known_at, "begins", lake.Span(buckets.LONG_AGO, span.start_utc))
    _reached(con, snapshot, known_at, "ends", lake.Span(span.end_utc, buckets.FAR_AHEAD))
    con.execute("INSERT INTO summed SELECT channel, total, whole FROM direct_sums")


def _reached(
    con: duckdb.DuckDBPyConnection, snapshot: lake.Snapshot, known_at: int, near: str,
    far: lake.Span,
) -> None:  # fmt: skip
    """A channel without a reading beside the month, but with one further off, is not whole."""
    lacking = con.execute(
        f"""SELECT channel FROM direct_channels
            WHERE channel NOT IN (SELECT channel FROM direct_sums WHERE {near})"""
    ).fetchall()
    if lacking:
        span = lake.Span(far.start_utc, far.end_utc, [c for (c,) in lacking])
        lake.known(con, snapshot, span, known_at, "far_readings", stamps=False)
        con.execute(
            """UPDATE direct_sums SET whole = false
               WHERE channel IN (SELECT channel FROM far_readings)"""
        )


def _registers(zone: str) -> str:
    """SQL: registers whose digits stay the same and to which nothing happened."""
    return f"""
        SELECT channel, any_value(wrap_at) AS wrap_at, any_value(range_count) AS range_count,
               any_value(interval_s) AS interval_s
        FROM metering_params WHERE channel NOT IN (SELECT channel FROM metering_events)
        GROUP BY channel
        HAVING bool_and(kind = 'register' AND zone = '{zone}')
               AND count(DISTINCT coalesce(range_count, -1)) = 1
               AND count(DISTINCT coalesce(wrap_at, -1)) = 1"""


_NO_STREAM = """SELECT 0::BIGINT AS channel, 0::HUGEINT AS total, NULL::STRUCT(at_us BIGINT,
    value BIGINT, before_us BIGINT, "before" BIGINT, follows BOOLEAN, lasts BOOLEAN,
    plain BOOLEAN)[] AS apart
    WHERE false"""


def _streamed(from_us: int, to_us: int, usual: str, wrap_at: int | None) -> str:
    """SQL: per channel what plain pairs add up to inside the month, and the other pairs.

    The windows have no partition, so DuckDB streams them over the files as they lie.
    """
    plain = f"""follows AND before_us < at_us AND step IS NOT NULL
        AND (at_us - before_us IN ({usual}))
        AND NOT (before_us < {from_us} AND at_us > {from_us})
        AND NOT (before_us < {to_us} AND at_us > {to_us})"""
    if wrap_at is not None:
        plain += f" AND step BETWEEN {-wrap_at} AND {wrap_at}"
    inside = f"before_us >= {from_us} AND at_us <= {to_us}"
    return f"""
        WITH pairs AS (
            SELECT channel, at_us, value, lag(at_us) OVER () AS before_us,
                   lag(value) OVER () AS "before",
                   coalesce(lag(channel) OVER () = channel, false) AS follows,
                   coalesce(lead(channel) OVER () <> channel, true) AS lasts
            FROM direct_lying
        ),
        steps AS (SELECT *, TRY(value - "before") AS step FROM pairs),
        looked AS (SELECT *, {plain} AS plain FROM steps)
        SELECT channel, sum(step) FILTER (plain AND {inside}) AS total,
               list({{at_us: at_us, value: value, before_us: before_us, "before": "before",
                     follows: follows, lasts: lasts, plain: plain}})
                   FILTER (lasts OR NOT plain) AS apart
        FROM looked GROUP BY channel"""


def _points(contested: bool) -> str:
    """SQL: where the stream of a channel is entered and left, and the contested readings."""
    pairs = "follows AND NOT plain"
    newest = f"""UNION ALL SELECT channel, at_us, value, {_NEWEST}
                 FROM direct_newest SEMI JOIN direct_channels USING (channel)"""
    return f"""
        WITH apart AS (
            SELECT channel, unnest(apart, recursive := true)
            FROM direct_stream SEMI JOIN direct_channels USING (channel)
        )
        SELECT channel, at_us, value, {_FIRST} AS place FROM apart WHERE NOT follows
        UNION ALL SELECT channel, at_us, value, {_LAST} FROM apart WHERE lasts
        UNION ALL SELECT channel, at_us, value, {_AFTER} FROM apart WHERE {pairs}
        UNION ALL SELECT channel, before_us, "before", {_BEFORE} FROM apart WHERE {pairs}
        {newest if contested else ""}"""


def _sums(from_us: int, to_us: int) -> str:
    """SQL: both together; a channel is whole where the points fit the stream.

    Between two points lies the stream, or nothing: then their difference is added. Where a reading
    falls into the stream, or an interval over an end of the month, the channel is not whole.
    """
    edges = " OR ".join(f"(before_us < {us} AND at_us > {us})" for us in (from_us, to_us))
    return f"""
        WITH chain AS (
            SELECT *, lag(at_us) OVER w AS before_us, lag(value) OVER w AS "before",
                   coalesce(lag(place) OVER w IN ({_FIRST}, {_AFTER}), false) AS streams
            FROM direct_points WINDOW w AS (PARTITION BY channel ORDER BY at_us, place)
        ),
        steps AS (SELECT *, TRY(value - "before") AS step FROM chain),
        told AS (
            SELECT channel, at_us, NOT streams AND before_us >= {from_us} AND at_us <= {to_us}
                   AS counts, NOT streams AND coalesce({edges}, false) AS over_edge,
                   streams <> (place IN ({_BEFORE}, {_LAST})) AS broken,
                   CASE WHEN step < -wrap_at THEN step + range_count
                        WHEN step > wrap_at THEN step - range_count ELSE step END AS step
            FROM steps JOIN direct_channels USING (channel)
        ),
        chained AS (
            SELECT channel, sum(step) FILTER (counts) AS total,
                   bool_or(broken OR over_edge) AS apart, min(at_us) < {from_us} AS begins,
                   max(at_us) >= {to_us} AS ends
            FROM told GROUP BY channel
        ),
        added AS (
            SELECT c.* EXCLUDE (total), CASE WHEN s.total IS NULL THEN c.total
                   ELSE s.total + coalesce(c.total, 0) END AS total
            FROM chained c LEFT JOIN direct_stream s USING (channel)
        )
        SELECT channel, total, NOT apart AND total IS NOT NULL AS whole, begins, ends FROM added"""
