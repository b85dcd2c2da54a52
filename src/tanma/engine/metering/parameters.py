"""What the checks compare with, per channel and span: multiplier, limits, offset of the zone.

A parameter is the channel's own dated fact where it has one (`channel.flag.<parameter>`), else the
default of its carrier (domain.quality). Spans are cut wherever any of them changes, at local
midnights, and where the zone changes its offset, so that an interval meets exactly one row.
"""

from __future__ import annotations

import datetime as dt

import duckdb

from tanma.domain import quality
from tanma.engine.metering import calendar

_DATED = ("multiplier", "interval_s", "digits", "rated", "profile")
METHOD_ITEM = f"{quality.PREFIX}{quality.METHOD}"
SLOTS = 48
"""Hours of a profile: 24 of working days (Monday to Friday), then 24 of weekends."""


def build(
    con: duckdb.DuckDBPyConnection, first_day: dt.date, end_day: dt.date, name: str = "metering",
    chosen: str = "true",
) -> None:  # fmt: skip
    """Tables `<name>_params` and `<name>_limits` of the channels that fulfil a condition.

    One row per channel and span of UTC; the first reaches back and the last on without end, so that
    the reading before the span and the one after it find theirs. Also `local_days`.
    """
    where = f"problem IS NULL AND formula IS NULL AND ({chosen})"
    zones = con.execute(f"SELECT DISTINCT zone FROM {name}_channels WHERE {where}").fetchall()
    calendar.register(con, [z for (z,) in zones], first_day, end_day)
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name}_pieces AS {_pieces(name, where)}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name}_limits AS {_limits(name)}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name}_params AS {_params(name)}")


def _pieces(name: str, where: str) -> str:
    """One row per channel and span of days in which none of its dated facts changes."""
    dated = f"""(item IN ({", ".join(f"'channel.{d}'" for d in _DATED)})
                 OR starts_with(item, '{quality.PREFIX}'))"""
    columns = [f"max(text) FILTER (s.item = 'channel.{d}') AS {d}_text" for d in _DATED]
    columns += [
        f"max(text) FILTER (s.item = '{quality.PREFIX}{p}') AS {p}_text"
        for p in (*quality.names(), quality.METHOD, quality.REPLACED)
    ]
    # days outside the window need no row, but the first and last span must reach past its ends
    return f"""
        WITH chosen AS (SELECT channel, kind, zone, carrier FROM {name}_channels WHERE {where}),
        said AS (
            SELECT subject AS channel, item, text, valid_from, valid_to
            FROM {name}_spans s SEMI JOIN chosen ON chosen.channel = s.subject WHERE {dated}
        ),
        window_of AS (SELECT min(day) AS first_day, max(day) AS last_day FROM local_days),
        edges AS (
            SELECT channel, DATE '0001-01-01' AS edge FROM chosen
            UNION
            SELECT channel, unnest([valid_from, valid_to]) FROM said
        ),
        inside AS (
            SELECT channel, edge FROM edges, window_of
            WHERE edge > first_day AND edge <= last_day OR edge = DATE '0001-01-01'
        ),
        pieces AS (
            SELECT channel, edge, greatest(edge, first_day) AS first_day,
                   lead(edge) OVER (PARTITION BY channel ORDER BY edge) AS until
            FROM inside, window_of
        )
        SELECT c.*, p.edge, p.until, {", ".join(columns)}
        FROM chosen c JOIN pieces p USING (channel)
             LEFT JOIN said s ON s.channel = p.channel
                  AND s.valid_from <= p.first_day AND s.valid_to > p.first_day
        GROUP BY ALL"""


def _limits(name: str) -> str:
    """(profile, slot, limit, median) in counts per hour, of the profiles that hold somewhere.

    A profile is numbered by its text, which channels share only where they are equal.
    """
    shape = '\'{"limit":["BIGINT"],"median":["BIGINT"]}\''
    return f"""
        WITH texts AS (
            SELECT DISTINCT profile_text AS text FROM {name}_pieces
            WHERE json_valid(profile_text)
        ),
        read AS (SELECT hash(text) AS profile, json_transform(text, {shape}) AS p FROM texts)
        SELECT profile, unnest(range({SLOTS}))::INTEGER AS slot, unnest(p."limit") AS most,
               unnest(p.median) AS median
        FROM read WHERE len(p."limit") = {SLOTS} AND len(p.median) = {SLOTS}"""


def number(parameter: str) -> str:
    """SQL: the channel's own whole number, else the default of its carrier."""
    by_carrier = {p.carrier: p.value for p in quality.parameters() if p.parameter == parameter}
    cases = " ".join(f"WHEN carrier = '{c}' THEN {value}" for c, value in by_carrier.items() if c)
    other = by_carrier[""]
    default = f"CASE {cases} ELSE {other} END" if cases else str(other)
    return f"coalesce(TRY_CAST({parameter}_text AS BIGINT), {default})"


def milli(text: str) -> str:
    """SQL: thousandths of a multiplier as it was said; nothing said: 1."""
    return f"coalesce((TRY_CAST({text} AS DECIMAL(18, 3)) * 1000)::BIGINT, 1000)"


def _params(name: str) -> str:
    mask = " + ".join(
        f"CASE WHEN contains('|' || replaced || '|', '|{f.flag}|') THEN {f.mask} ELSE 0 END"
        for f in quality.flags().values()
    )
    rated = "TRY_CAST(rated_text AS DOUBLE)"
    return f"""
        WITH bounded AS (
            SELECT p.*, p.zone AS zone_of,
                   coalesce(b.from_utc, TIMESTAMP '{calendar.BEGIN}') AS piece_from,
                   coalesce(e.from_utc, TIMESTAMP '{calendar.END}') AS piece_to
            FROM {name}_pieces p LEFT JOIN local_days b ON b.zone = p.zone AND b.day = p.edge
                 LEFT JOIN local_days e ON e.zone = p.zone AND e.day = p.until
        ),
        least_limit AS (SELECT profile, min(most) AS least FROM {name}_limits GROUP BY profile),
        numbered AS (
            SELECT b.channel, b.kind, b.zone,
                   greatest(piece_from, o.from_utc) AS from_utc,
                   least(piece_to, o.to_utc) AS to_utc,
                   to_seconds(offset_s) AS shifted,
                   {milli("multiplier_text")} AS multiplier_milli,
                   nullif(TRY_CAST(interval_s_text AS INTEGER), 0) AS interval_s,
                   TRY_CAST(digits_text AS INTEGER) AS digits,
                   {rated} AS rated, hash(profile_text) AS profile,
                   {number("gap_percent")} AS gap_percent,
                   {number("rollover_percent")} AS rollover_percent,
                   {number("range_percent")} AS range_percent,
                   {number("freeze_s")} AS freeze_s, {number("freeze_count")} AS freeze_count,
                   {number("shift_s")} AS shift_s, {number("clock_s")} AS clock_s,
                   {number("unit_percent")} AS unit_percent,
                   coalesce(substitution_text, 'none') AS method,
                   coalesce(substitution_flags_text, 'spike|range') AS replaced
            FROM bounded b JOIN zone_offsets o
                 ON o.zone = b.zone AND o.from_utc < piece_to AND o.to_utc > piece_from
        )
        SELECT n.channel, n.kind, n.zone, n.from_utc, n.to_utc, shifted, multiplier_milli,
               n.interval_s, clock_s, freeze_s, freeze_count, shift_s, unit_percent,
               n.interval_s * gap_percent * 10000 AS gap_us,
               CASE WHEN n.digits IS NOT NULL THEN (10::HUGEINT ** n.digits)::BIGINT END
                   AS range_count,
               CASE WHEN n.digits IS NOT NULL THEN
                   ((10::HUGEINT ** n.digits)::HUGEINT * (100 - rollover_percent) // 100)::BIGINT
               END AS wrap_at,
               -- rated is per hour in the channel's unit; counts are before the multiplier
               n.rated * range_percent / 1e2 * power(1e1, c.scale)
                   / (multiplier_milli / 1e3) AS most_per_h,
               CASE WHEN l.profile IS NOT NULL THEN n.profile END AS profile,
               least AS least_limit, method, ({mask})::INTEGER AS replaced
        FROM numbered n LEFT JOIN least_limit l USING (profile)
             JOIN {name}_channels c USING (channel)"""


def slot(start: str, shifted: str) -> str:
    """SQL: the hour of a profile in which an instant lies; weekends are 24 to 47."""
    local = f"({start} + {shifted})"
    return f"(CASE WHEN isodow({local}) > 5 THEN 24 ELSE 0 END + hour({local}))::INTEGER"
