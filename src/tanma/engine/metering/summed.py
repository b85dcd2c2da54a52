"""Intervals of virtual meters that are sums: what every part says of a piece of time.

The edges of all parts cut time into pieces. An amount is divided by time, a level holds; a piece
that a part does not cover, or covers by a gap alone, has none: missing is not zero. Whatever reads
intervals (hours and levels over limits, run states, curves) then reads those of sums like others.
"""

from __future__ import annotations

import duckdb

LEVELS = "('gauge', 'state')"


def extend(con: duckdb.DuckDBPyConnection, into: str = "intervals", name: str = "metering") -> None:
    """Add the intervals of the sums of `<name>_terms` to a table in intervals.COLUMNS.

    Counts are thousandths of the virtual channel's own, with the multiplier 0.001 that
    `<name>_params` gets for them. Needs the tables of `parameters.build`.
    """
    con.execute(
        f"""INSERT INTO {name}_params BY NAME
        SELECT v.channel, v.kind, v.zone, o.from_utc, o.to_utc,
               to_seconds(o.offset_s) AS shifted, 1 AS multiplier_milli
        FROM (SELECT DISTINCT virtual AS channel FROM {name}_terms)
             JOIN {name}_channels v USING (channel) JOIN zone_offsets o USING (zone)"""
    )
    con.execute(
        f"""INSERT INTO {into} BY NAME
        SELECT virtual AS channel, start_utc, end_utc, count, flags, count AS value, 0 AS disorder
        FROM ({pieces(into, name)})"""
    )


def _parts(into: str, name: str) -> str:
    """The intervals of each part, in thousandths of a count of its virtual channel."""
    return f"""
        SELECT t.virtual, t.channel, i.start_utc, i.end_utc, i.flags, c.kind IN {LEVELS} AS level,
               i.count::DOUBLE * p.multiplier_milli * (t.num / t.den) AS milli
        FROM {name}_terms t JOIN {into} i USING (channel)
             JOIN {name}_params p ON p.channel = i.channel
                  AND i.start_utc >= p.from_utc AND i.start_utc < p.to_utc
             JOIN {name}_channels c ON c.channel = t.channel
             JOIN {name}_channels v ON v.channel = t.virtual
        WHERE i.count IS NOT NULL AND i.end_utc > i.start_utc
              AND (c.kind IN {LEVELS}) = (v.kind IN {LEVELS})
              AND (c.kind IN {LEVELS} OR coalesce(
                   epoch_us(i.end_utc) - epoch_us(i.start_utc) <= p.gap_us, true))"""


def pieces(into: str, name: str = "metering") -> str:
    """SQL of (virtual, start_utc, end_utc, flags, count): the sums over a table of intervals."""
    lasted = "(epoch_us({0}.end_utc) - epoch_us({0}.start_utc))"
    share = f"{lasted.format('s')} / {lasted.format('p')}"
    return f"""
        WITH parts AS MATERIALIZED ({_parts(into, name)}),
        edges AS (
            SELECT virtual, start_utc AS at_utc FROM parts
            UNION SELECT virtual, end_utc FROM parts
        ),
        pieces AS (
            SELECT virtual, at_utc AS start_utc,
                   lead(at_utc) OVER (PARTITION BY virtual ORDER BY at_utc) AS end_utc FROM edges
        ),
        asked AS (
            SELECT s.virtual, s.start_utc, s.end_utc, t.channel
            FROM pieces s JOIN {name}_terms t USING (virtual) WHERE s.end_utc IS NOT NULL
        )
        SELECT s.virtual, s.start_utc, s.end_utc, bit_or(p.flags)::INTEGER AS flags,
               TRY_CAST(round(sum(CASE WHEN level THEN milli ELSE milli * {share} END)) AS BIGINT)
                   AS count
        FROM asked s ASOF JOIN parts p ON p.virtual = s.virtual AND p.channel = s.channel
             AND s.start_utc >= p.start_utc
        WHERE p.end_utc >= s.end_utc
        GROUP BY s.virtual, s.start_utc, s.end_utc
        HAVING count(*) = (SELECT count(*) FROM {name}_terms n WHERE n.virtual = s.virtual)"""
