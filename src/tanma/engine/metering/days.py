"""From intervals to local days: exact sums of counts, one row per channel and day.

An interval inside one local day belongs to it. One that crosses a midnight is split by time with
largest remainder, so that the days add up to the interval; its parts are marked `spread`. Levels
are weighted by the time that they held, states have the duration of each code in `states`.
"""

from __future__ import annotations

import datetime as dt

import duckdb

from tanma.domain import quality
from tanma.domain.messages import Problem
from tanma.engine.metering.parameters import slot
from tanma.lake.days import day_bounds

_BITS = {name: flag.mask for name, flag in quality.flags().items()}
_DAY_US = 86_400_000_000
TOLD = _BITS["rollover"] | _BITS["spread"] | _BITS["swap"] | _BITS["reset"]
"""Flags that explain an amount and do not doubt it."""


def half_even(numerator: str, denominator: str) -> str:
    """SQL: the integer nearest to a ratio of HUGEINTs, ties to even; the denominator is positive.

    Floor division by hand, because `//` rounds towards zero.
    """
    n, d = f"({numerator})", f"({denominator})"
    floor = f"({n} // {d} - CASE WHEN {n} % {d} < 0 THEN 1 ELSE 0 END)"
    rest = f"({n} - {floor} * {d})"
    return f"""({floor} + CASE WHEN {rest} * 2 > {d}
        OR ({rest} * 2 = {d} AND {floor} % 2 <> 0) THEN 1 ELSE 0 END)"""


def build(
    con: duckdb.DuckDBPyConnection, intervals: str, first_day: dt.date, end_day: dt.date,
    derived: int, name: str = "metering", into: str = "days",
) -> None:  # fmt: skip
    """Table `into` in the columns of lake.derived.DAY for days in [first_day, end_day).

    `intervals`: a relation or query in intervals.COLUMNS; `derived`: the stamp it is true to.
    Rows that did not lie in order are refused.
    """
    con.execute(f"CREATE OR REPLACE TEMP TABLE {into}_sums AS {_sums(con, intervals, name)}")
    disorder = con.execute(f"SELECT sum(disorder)::BIGINT FROM {into}_sums").fetchall()[0][0]
    if disorder:
        raise Problem("metering_order", rows=disorder)
    _all_days(con, into, name)
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE {into}_parts AS
        {_split(f"SELECT part.* FROM (SELECT unnest(crossing) AS part FROM {into}_sums)", name)}"""
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE {into} AS
        {_rows(into, name, first_day, end_day, derived)}"""
    )


def _all_days(con: duckdb.DuckDBPyConnection, into: str, name: str) -> None:
    """Table `all_days`: bounds of every day that a crossing interval touches, however long ago."""
    first, last = con.execute(
        f"""SELECT CAST(min(part.start_utc) AS DATE), CAST(max(part.end_utc) AS DATE)
            FROM (SELECT unnest(crossing) AS part FROM {into}_sums)"""
    ).fetchall()[0]
    zones = [z for (z,) in con.execute(f"SELECT DISTINCT zone FROM {name}_channels").fetchall()]
    beside = dt.timedelta(days=2)
    span = (first - beside, last + beside) if first else (dt.date(2000, 1, 1), dt.date(2000, 1, 2))
    con.register("all_days", day_bounds(zones, *span))


def _some(con: duckdb.DuckDBPyConnection, name: str, condition: str) -> bool:
    query = f"SELECT count(*) > 0 FROM {name}_params WHERE {condition}"
    return bool(con.execute(query).fetchall()[0][0])


def _sums(con: duckdb.DuckDBPyConnection, intervals: str, name: str) -> str:
    """Sums by channel and local day of start; intervals that may cross a midnight come as a list.

    Whether one crosses is known for sure from day bounds only; those that look so, or that reach
    beyond their span of parameters, are looked at again.
    """
    day = _day_number("epoch_us(i.start_utc)")
    crosses = f"(i.end_utc > p.to_utc OR {_day_number('epoch_us(i.end_utc) - 1')} > {day})"
    placed = f"""
        SELECT i.*, p.kind, p.method, p.replaced, p.profile, p.shifted,
               {day} AS day, {crosses} AS crosses
        FROM ({intervals}) i JOIN {name}_params p ON p.channel = i.channel
             AND i.start_utc >= p.from_utc AND i.start_utc < p.to_utc"""
    whole = "FILTER (NOT crosses)"
    # what no channel here has need not be added up over millions of rows
    used, taken, swapped, known = "FROM placed", "count", "NULL::BIGINT", whole
    totals = "sum(count) FILTER (NOT crosses) AS taken, NULL::HUGEINT AS swapped"
    if _some(con, name, "method <> 'none'"):
        used, taken, swapped = used_sql("placed", name), "taken", "swapped"
        totals = f"sum(taken) {whole} AS taken, sum(swapped) {whole} AS swapped"
        known = f"FILTER (NOT crosses AND NOT ({_left_out('count', 'taken')}))"
    weighted = "NULL::HUGEINT"
    if _some(con, name, "kind = 'gauge'"):
        lasted = "date_diff('second', start_utc, end_utc)"
        weighted = f"sum(CASE WHEN kind = 'gauge' THEN count::HUGEINT * {lasted} END) {whole}"
    return f"""
        WITH placed AS ({placed}), used AS ({used})
        SELECT channel, DATE '0001-01-01' + day::INTEGER AS day, any_value(kind) AS kind,
               sum(count) {whole} AS counted, {totals},
               count(*) {whole} AS n, coalesce(bit_or(flags) {whole}, 0) AS flags,
               count(*) FILTER (NOT crosses AND (flags & {~TOLD}) <> 0) AS flagged,
               min(count) {whole} AS minimum, max(count) {whole} AS maximum,
               {weighted} AS weighted,
               sum(epoch_us(end_utc) - epoch_us(start_utc)) {known} // 1000000 AS seconds,
               sum(disorder) AS disorder, max(end_utc) AS last_utc,
               arg_max(value, end_utc) AS last_value,
               list({{channel: channel, start_utc: start_utc, end_utc: end_utc, count: count,
                     taken: {taken}, swapped: {swapped}, flags: flags, kind: kind}})
                   FILTER (crosses) AS crossing
        FROM used GROUP BY channel, used.day"""


def _left_out(count: str, taken: str) -> str:
    """SQL: whether a declared method left an amount out; of its time nothing is known then."""
    return f"{taken} IS NULL AND {count} IS NOT NULL AND kind NOT IN ('gauge', 'state')"


def _day_number(us: str) -> str:
    """SQL: the local day since the year 1 of an instant in µs; quicker than dates, row by row.

    It is counted from so early because `//` rounds towards zero.
    """
    return f"(({us} + epoch_us(shifted) + {719_162 * _DAY_US}) // {_DAY_US})"


def used_sql(placed: str, name: str) -> str:
    """SQL: what counts of each interval; the amount unless a declared method says otherwise.

    `taken` enters the sums, `swapped` is how much of it was put in place of the measured.
    """
    hit = "(method <> 'none' AND (flags & replaced) <> 0)"
    stands_in = """(l.median * (epoch_us(end_utc) - epoch_us(start_utc)) / 3.6e9)::BIGINT"""
    return f"""
        SELECT i.* REPLACE (CASE WHEN {hit} THEN flags | {_BITS["substituted"]} ELSE flags END
                            AS flags),
               CASE WHEN NOT {hit} THEN count WHEN method = 'slot' THEN {stands_in} END AS taken,
               CASE WHEN {hit} AND method = 'slot' THEN {stands_in} END AS swapped
        FROM {placed} i LEFT JOIN {name}_limits l ON l.profile = i.profile AND l.slot =
             CASE WHEN {hit} AND method = 'slot' THEN {slot("i.start_utc", "i.shifted")} END"""


def _split(crossing: str, name: str) -> str:
    """Each crossing interval on its local days: floor of its share, then largest remainders."""
    return f"""
        WITH crossing AS ({crossing}),
        parts AS (
            SELECT c.*, d.day, epoch_us(least(c.end_utc, d.to_utc))
                   - epoch_us(greatest(c.start_utc, d.from_utc)) AS share,
                   epoch_us(c.end_utc) - epoch_us(c.start_utc) AS lasted
            FROM crossing c JOIN {name}_channels h USING (channel)
                 JOIN all_days d ON d.zone = h.zone AND d.from_utc < c.end_utc
                      AND d.to_utc > c.start_utc
        )
        SELECT channel, day, kind, flags, share, start_utc, count AS level,
               count(*) OVER (PARTITION BY channel, start_utc) AS pieces,
               {_portion("count")} AS count, {_portion("taken")} AS taken,
               {_portion("swapped")} AS swapped
        FROM parts"""


def _portion(column: str) -> str:
    size = f"abs({column}::HUGEINT)"
    whole, rest = f"({size} * share // lasted)", f"({size} * share % lasted)"
    window = "PARTITION BY channel, start_utc"
    return f"""CASE WHEN kind NOT IN ('gauge', 'state') THEN sign({column}) * ({whole} + CASE WHEN
        row_number() OVER ({window} ORDER BY {rest} DESC, day)
        <= {size} - sum({whole}) OVER ({window}) THEN 1 ELSE 0 END) END"""


def _rows(into: str, name: str, first_day: dt.date, end_day: dt.date, derived: int) -> str:
    mean = half_even("l.weighted::HUGEINT * multiplier_milli", "l.seconds::HUGEINT")
    spread = "kind NOT IN ('gauge', 'state') AND pieces > 1"
    return f"""
        WITH part_sums AS (
            SELECT channel, day, sum(count) AS counted, sum(taken) AS taken,
                   sum(swapped) AS swapped, count(*) FILTER (kind IN ('gauge', 'state')
                       OR pieces = 1) AS n,
                   bit_or(flags | CASE WHEN {spread} THEN {_BITS["spread"]} ELSE 0 END) AS flags,
                   count(*) FILTER ((flags & {~TOLD}) <> 0) AS flagged,
                   min(level) FILTER (kind = 'gauge') AS minimum,
                   max(level) FILTER (kind = 'gauge') AS maximum,
                   sum(level::HUGEINT * (share // 1000000)) FILTER (kind = 'gauge') AS weighted,
                   sum(share // 1000000) FILTER (NOT ({_left_out("count", "taken")})) AS seconds,
                   sum(taken) FILTER ({spread}) AS spread
            FROM {into}_parts GROUP BY channel, day
        ),
        both_sums AS (
            SELECT channel, day, counted, taken, swapped, n, flags, flagged, minimum, maximum,
                   weighted, seconds, NULL AS spread FROM {into}_sums WHERE n > 0
            UNION ALL BY NAME SELECT * FROM part_sums
        ),
        joined AS (
            SELECT channel, day, sum(counted) AS counted, sum(taken) AS taken,
                   sum(swapped) AS swapped, sum(n) AS n, bit_or(flags) AS flags,
                   sum(flagged) AS flagged, min(minimum) AS minimum, max(maximum) AS maximum,
                   sum(weighted) AS weighted, sum(seconds) AS seconds, sum(spread) AS spread
            FROM both_sums WHERE day >= DATE '{first_day}' AND day < DATE '{end_day}'
            GROUP BY channel, day
        ),
        bounded AS (
            SELECT j.*, h.item, h.kind, d.from_utc, d.to_utc, p.multiplier_milli, p.interval_s
            FROM joined j JOIN {name}_channels h USING (channel)
                 JOIN local_days d ON d.zone = h.zone AND d.day = j.day
                 JOIN {name}_params p ON p.channel = j.channel
                      AND d.from_utc >= p.from_utc AND d.from_utc < p.to_utc
        ),
        levels AS (SELECT *, kind IN ('gauge', 'state') AS level FROM bounded)
        SELECT l.channel, l.day, item,
               CASE WHEN NOT level THEN TRY_CAST(l.taken AS BIGINT) END AS count,
               CASE WHEN NOT level
                    THEN TRY_CAST(l.taken::HUGEINT * multiplier_milli AS BIGINT) END AS milli,
               l.n::INTEGER AS n,
               (date_diff('second', from_utc, to_utc) // interval_s)::INTEGER AS expected,
               l.flagged::INTEGER AS flagged, l.flags,
               coalesce(TRY_CAST(l.swapped::HUGEINT * multiplier_milli AS BIGINT), 0)
                   AS substituted_milli,
               coalesce(TRY_CAST(spread::HUGEINT * multiplier_milli AS BIGINT), 0)
                   AS spread_milli,
               coalesce(l.seconds, 0)::INTEGER AS covered_s,
               s.last_utc, s.last_value, l.minimum, l.maximum,
               CASE WHEN l.kind = 'gauge' AND l.seconds > 0 THEN {mean}::BIGINT END AS mean_milli,
               {int(derived)}::BIGINT AS derived
        FROM levels l LEFT JOIN {into}_sums s ON s.channel = l.channel AND s.day = l.day"""
