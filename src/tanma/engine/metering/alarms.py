"""Which days of which channels are over what is expected of them: hours, days, levels.

Expected is a stated limit (per hour, per local day, greatest or least level), or the median of the
channel's dated profile and so many percent. Only the (channel, day) that are asked for are looked
at, so the work is that of the days which changed.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from tanma.engine.metering.parameters import slot

RULES = ("hour_limit", "day_limit", "profile_percent", "greatest", "least")
LIMITS = pa.schema(
    [("channel", pa.int64()), ("rule", pa.string()), ("bound", pa.float64()),
     ("from_day", pa.date32()), ("to_day", pa.date32())]
)  # fmt: skip
"""`bound`: in the channel's unit with its multiplier (per hour, per day, or a level), or percent
above the median of the profile."""
COLUMNS = "channel, day, rule, value, expected, hours, at_utc"


def find(
    con: duckdb.DuckDBPyConnection, limits: pa.Table, keys: pa.Table, name: str = "metering",
    into: str = "breaches",
) -> None:  # fmt: skip
    """Table `into` in COLUMNS: one row per channel, day and rule that is broken, the worst hour.

    `keys`: (channel, day). Needs the tables of `bucket.derive` for those channels and days, and
    `days` with virtual channels where day limits of such are stated.
    """
    for table, given in (("limits", limits), ("keys", keys)):
        con.register("given", given)
        con.execute(f"CREATE OR REPLACE TEMP TABLE {into}_{table} AS FROM given")
        con.unregister("given")
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE {into}_asked AS
        SELECT l.channel, k.day, l.rule, l.bound FROM {into}_limits l JOIN {into}_keys k
        ON k.channel = l.channel AND k.day >= l.from_day AND k.day < l.to_day"""
    )
    con.execute(f"CREATE OR REPLACE TEMP TABLE {into}_hours AS {_hours(into, name)}")
    parts = (_of_hours(into, name), _of_days(into, name), _of_levels(into, name))
    query = " UNION ALL ".join(f"({part})" for part in parts)
    con.execute(f"CREATE OR REPLACE TEMP TABLE {into} AS SELECT {COLUMNS} FROM ({query})")


def _hours(into: str, name: str) -> str:
    """Amounts by local hour, an interval divided by time; what came over a gap is left out.

    Two hours that the clock shows alike have different offsets and stay apart.
    """
    low, high = "epoch_us(i.start_utc)", "epoch_us(i.end_utc)"
    shift = "epoch_us(p.shifted)"
    first = f"({low} + {shift}) // 3600000000"
    last = f"({high} - 1 + {shift}) // 3600000000"
    begin = f"hour * 3600000000 - {shift}"
    share = f"least({high}, {begin} + 3600000000) - greatest({low}, {begin})"
    return f"""
        SELECT channel, hour, shifted, CAST(make_timestamp(hour * 3600000000) AS DATE) AS day,
               sum(said * part / lasted) AS amount, sum(part)::BIGINT AS covered_us,
               any_value(profile) AS profile, any_value(multiplier_milli) AS multiplier_milli
        FROM (
            SELECT channel, hour, shifted, said, lasted, profile, multiplier_milli,
                   {share.replace("p.shifted", "shifted").replace("i.", "")} AS part
            FROM (
                SELECT i.channel, i.start_utc, i.end_utc, p.shifted, p.profile, p.multiplier_milli,
                       i.count * (p.multiplier_milli / 1e3) / power(1e1, c.scale) AS said,
                       {high} - {low} AS lasted,
                       unnest(range({first}, {last} + 1)) AS hour
                FROM intervals i JOIN {name}_params p ON p.channel = i.channel
                     AND i.start_utc >= p.from_utc AND i.start_utc < p.to_utc
                     JOIN {name}_channels c ON c.channel = i.channel
                WHERE c.kind NOT IN ('gauge', 'state') AND i.end_utc > i.start_utc
                      AND i.count IS NOT NULL AND coalesce({high} - {low} <= p.gap_us, true)
                      AND i.channel IN (SELECT channel FROM {into}_asked)))
        GROUP BY channel, hour, shifted"""


def _of_hours(into: str, name: str) -> str:
    """Hours above their limit, or above the median of their slot and so many percent."""
    begin = "make_timestamp(h.hour * 3600000000 - epoch_us(h.shifted))"
    median = "l.median * (h.multiplier_milli / 1e3) / power(1e1, c.scale)"
    expected = f"""CASE WHEN rule = 'hour_limit' THEN bound
                        ELSE {median} * (1 + bound / 100) END"""
    return f"""
        SELECT channel, day, rule, max(amount) AS value,
               arg_max(expected, amount - expected) AS expected, count(*)::INTEGER AS hours,
               arg_max(at_utc, amount - expected) AS at_utc
        FROM (
            SELECT a.channel, a.day, a.rule, h.amount, {expected} AS expected, {begin} AS at_utc
            FROM {into}_asked a JOIN {into}_hours h ON h.channel = a.channel AND h.day = a.day
                 JOIN {name}_channels c ON c.channel = a.channel
                 LEFT JOIN {name}_limits l ON l.profile = h.profile
                      AND l.slot = {slot(begin, "h.shifted")}
            WHERE a.rule IN ('hour_limit', 'profile_percent'))
        WHERE amount > expected AND expected > 0 GROUP BY channel, day, rule"""


def _of_days(into: str, name: str) -> str:
    """Days whose amount is above their limit, today's as far as it has come."""
    return f"""
        SELECT a.channel, a.day, a.rule, d.milli / 1e3 / power(1e1, c.scale) AS value,
               a.bound AS expected, NULL::INTEGER AS hours, NULL::TIMESTAMP AS at_utc
        FROM {into}_asked a JOIN days d ON d.channel = a.channel AND d.day = a.day
             JOIN {name}_channels c ON c.channel = a.channel
        WHERE a.rule = 'day_limit' AND d.milli / 1e3 / power(1e1, c.scale) > a.bound"""


def _of_levels(into: str, name: str) -> str:
    """Levels above the greatest or below the least that is allowed."""
    said = "i.count * (p.multiplier_milli / 1e3) / power(1e1, c.scale)"
    over = "(rule = 'greatest' AND said > bound OR rule = 'least' AND said < bound)"
    worst = "CASE WHEN rule = 'greatest' THEN said ELSE -said END"
    return f"""
        SELECT channel, day, rule, arg_max(said, {worst}) AS value, any_value(bound) AS expected,
               NULL::INTEGER AS hours, arg_max(start_utc, {worst}) AS at_utc
        FROM (
            SELECT a.channel, a.day, a.rule, a.bound, i.start_utc, {said} AS said
            FROM {into}_asked a JOIN intervals i ON i.channel = a.channel
                 JOIN {name}_params p ON p.channel = i.channel
                      AND i.start_utc >= p.from_utc AND i.start_utc < p.to_utc
                      AND CAST(i.start_utc + p.shifted AS DATE) = a.day
                 JOIN {name}_channels c ON c.channel = a.channel
            WHERE a.rule IN ('greatest', 'least') AND i.count IS NOT NULL)
        WHERE {over} GROUP BY channel, day, rule"""
