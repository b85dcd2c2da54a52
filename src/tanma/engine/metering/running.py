"""Run states of devices: how long each ran, idled, stood, and of how long nothing is known.

A device is told by the codes of a state channel, or by power against two dated limits. Time of
which no reading speaks, or that a gap covers, is unknown and never stop; the four add up.
Everything is one query over the intervals of `bucket.derive`, by local day.
"""

from __future__ import annotations

import datetime as dt

import duckdb
import pyarrow as pa

COLUMNS = "device, day, span_us, run_us, idle_us, stop_us, unknown_us"


def build(
    con: duckdb.DuckDBPyConnection, sources: pa.Table, begin: dt.datetime, end: dt.datetime,
    name: str = "metering", into: str = "running",
) -> None:  # fmt: skip
    """Table `into` in COLUMNS of the local days in [begin, end), the first and last cut to it.

    `sources`: device, from_day, to_day, channel, by_code, kw_per_unit, idle_kw, run_kw and a list
    of codes per state; the spans of a device do not overlap. Needs the tables of `bucket.derive`
    for those channels and days.
    """
    con.register("sources_given", sources)
    con.execute(f"CREATE OR REPLACE TEMP TABLE {into}_sources AS FROM sources_given")
    con.unregister("sources_given")
    spans = _spans(f"{into}_sources", begin, end, name)
    con.execute(f"CREATE OR REPLACE TEMP TABLE {into}_spans AS {spans}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE {into} AS {_sums(into, name)}")


def _naive(moment: dt.datetime) -> str:
    return f"TIMESTAMP '{moment.astimezone(dt.UTC).replace(tzinfo=None)}'"


def _spans(sources: str, begin: dt.datetime, end: dt.datetime, name: str) -> str:
    """The local days of each device with their ends, cut to the span asked for."""
    low, high = _naive(begin), _naive(end)
    return f"""
        SELECT s.*, d.day, greatest(d.from_utc, {low}) AS from_utc,
               least(d.to_utc, {high}) AS to_utc
        FROM {sources} s JOIN {name}_channels c USING (channel)
             JOIN local_days d ON d.zone = c.zone AND d.day >= s.from_day AND d.day < s.to_day
        WHERE d.to_utc > {low} AND d.from_utc < {high}"""


def _told(spans: str, name: str) -> str:
    """Intervals of the sources, each ending at the latest where the next begins, by local day.

    An interval is looked for in the days on either side too: its offset may change within.
    """
    day = "CAST({0} + p.shifted AS DATE)"
    first, last = day.format("i.start_utc"), day.format("i.end_utc")
    return f"""
        SELECT i.channel, i.start_utc, i.end_utc AS whole_to,
               i.count * (p.multiplier_milli / 1e3) / power(1e1, c.scale) AS said,
               c.kind IN ('gauge', 'state') AS level,
               epoch_us(i.end_utc) - epoch_us(i.start_utc) > p.gap_us AS over_a_gap,
               least(i.end_utc, lead(i.start_utc, 1, i.end_utc) OVER (
                   PARTITION BY i.channel ORDER BY i.start_utc, i.end_utc)) AS end_utc,
               unnest(generate_series({first} - 1, {last} + 1, INTERVAL 1 DAY))::DATE AS day
        FROM intervals i JOIN {name}_params p ON p.channel = i.channel
             AND i.start_utc >= p.from_utc AND i.start_utc < p.to_utc
             JOIN {name}_channels c ON c.channel = i.channel
        WHERE i.channel IN (SELECT channel FROM {spans}) AND i.end_utc > i.start_utc"""


_STATE = """
    CASE WHEN said IS NULL OR over_a_gap THEN 'unknown'
         WHEN by_code THEN CASE WHEN list_contains(run_codes, said::BIGINT) THEN 'run'
              WHEN list_contains(idle_codes, said::BIGINT) THEN 'idle'
              WHEN list_contains(stop_codes, said::BIGINT) THEN 'stop' ELSE 'unknown' END
         WHEN kw < 0 THEN 'unknown' WHEN kw > run_kw THEN 'run' WHEN kw > idle_kw THEN 'idle'
         ELSE 'stop' END"""
"""SQL: the state that an interval tells; power that flows backwards tells none."""


def _sums(into: str, name: str) -> str:
    lasted = "(epoch_us(whole_to) - epoch_us(start_utc))"
    kw = f"kw_per_unit * CASE WHEN level THEN said ELSE said * 3.6e9 / {lasted} END"
    overlap = "epoch_us(least(t.end_utc, s.to_utc)) - epoch_us(greatest(t.start_utc, s.from_utc))"
    parts = ", ".join(
        f"coalesce(sum(us) FILTER (state = '{state}'), 0)::BIGINT AS {state}_us"
        for state in ("run", "idle", "stop")
    )
    return f"""
        WITH told AS ({_told(f"{into}_spans", name)}),
        pieces AS (
            SELECT device, day, us, {_STATE} AS state FROM (
                SELECT s.*, t.said, t.over_a_gap, {overlap} AS us, {kw} AS kw
                FROM {into}_spans s JOIN told t ON t.channel = s.channel AND t.day = s.day)
            WHERE us > 0
        ),
        known AS (SELECT device, day, {parts} FROM pieces GROUP BY ALL),
        whole AS (
            SELECT device, day, sum(epoch_us(to_utc) - epoch_us(from_utc))::BIGINT AS span_us
            FROM {into}_spans GROUP BY ALL
        )
        SELECT device, day, span_us, coalesce(run_us, 0) AS run_us, coalesce(idle_us, 0) AS idle_us,
               coalesce(stop_us, 0) AS stop_us,
               span_us - coalesce(run_us + idle_us + stop_us, 0) AS unknown_us
        FROM whole LEFT JOIN known USING (device, day)"""
