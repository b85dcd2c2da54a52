"""From days to monthly amounts per enterprise and item, and to sums of areas.

Days are exact; the one rounding is the last step to the item's scale, half to even, once per
enterprise, item and month. A channel below a meter that counts the same item is a part of it and
is not added again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import lcm

import duckdb
import pyarrow as pa

from tanma.engine.metering.channels import item_ratio
from tanma.engine.metering.days import half_even
from tanma.engine.metering.parameters import METHOD_ITEM, milli
from tanma.lake.days import midnight_utc
from tanma.lake.sql import scan

_FEW = 2000
"""Channels that are named one by one where their days are looked for."""
MONTH = pa.schema(
    [
        ("subject", pa.int64()),
        ("item", pa.string()),
        ("month", pa.date32()),
        ("value", pa.int64()),
        ("substituted", pa.int64()),
        ("spread", pa.int64()),
        ("channels", pa.int32()),
        ("covered_s", pa.int64()),
        ("expected_s", pa.int64()),
        ("flagged", pa.int64()),
    ]
)
"""Counts at the item's scale. `covered_s` of `expected_s`: how much of the month is known, summed
over the channels that are added; `substituted`, `spread`: how much of the value is so."""


def ratios(con: duckdb.DuckDBPyConnection, name: str = "metering") -> None:
    """Table `<name>_ratios` (channel, num, den): counts of the item per milli-count, exact.

    `den` is the same for all channels of an item, so that sums are integers until the end.
    """
    rows = con.execute(
        f"""SELECT DISTINCT unit, scale, item FROM {name}_channels
            WHERE problem IS NULL AND kind IN ('register', 'interval')"""
    ).fetchall()
    found = {shape: item_ratio(*shape) for shape in rows}
    den: dict[str, int] = {}
    for (_, _, item), ratio in found.items():
        if ratio is not None:
            den[item] = lcm(den.get(item, 1), ratio.denominator)
    kept = [(u, s, i, r * den[i], den[i]) for (u, s, i), r in found.items() if r is not None]
    table = pa.table(
        {
            "unit": pa.array([k[0] for k in kept], pa.string()),
            "scale": pa.array([k[1] for k in kept], pa.int32()),
            "item": pa.array([k[2] for k in kept], pa.string()),
            "num": pa.array([str(_whole(k[3])) for k in kept], pa.string()),
            "den": pa.array([str(k[4]) for k in kept], pa.string()),
        }
    )
    con.register(f"{name}_shapes", table)
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE {name}_ratios AS
        SELECT channel, item, num::HUGEINT AS num, den::HUGEINT AS den
        FROM {name}_channels JOIN {name}_shapes USING (unit, scale, item)
        WHERE problem IS NULL AND kind IN ('register', 'interval')"""
    )
    con.unregister(f"{name}_shapes")


def _whole(ratio: Fraction) -> int:
    assert ratio.denominator == 1
    return ratio.numerator


def added(days: str, name: str = "metering") -> str:
    """SQL: the days that enter sums, with enterprise and ratio: no part of another meter."""
    return f"""
        SELECT d.*, h.subject, h.interval_s, h.zone, r.num, r.den
        FROM {days} d JOIN {name}_channels h USING (channel) JOIN {name}_ratios r USING (channel)
        WHERE h.subject IS NOT NULL AND h.problem IS NULL AND NOT EXISTS (
            SELECT 1 FROM {name}_under u WHERE u.channel = d.channel
            AND u.valid_from <= d.day AND u.valid_to > d.day)"""


def build(
    con: duckdb.DuckDBPyConnection, days: str = "days", name: str = "metering",
    into: str = "metered",
) -> None:  # fmt: skip
    """Table `into` in the columns of MONTH, of all months that `days` speaks of.

    A channel that is added anywhere in a month is expected for the whole month: what it lacks
    shows as `covered_s` below `expected_s`.
    """
    ratios(con, name)
    _lengths(con, days, name)

    def total(column: str) -> str:
        ratio = half_even(f"sum({column}::HUGEINT * num)", "any_value(den)")
        return f"TRY_CAST({ratio} AS BIGINT)"

    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE {into} AS
        WITH given AS (
            SELECT a.*, m.month, m.month_s FROM ({added(days, name)}) a JOIN {name}_months m
                 ON m.zone = a.zone AND m.month = date_trunc('month', a.day)
        )
        SELECT subject, item, month, {total("milli")} AS value,
               coalesce({total("substituted_milli")}, 0) AS substituted,
               coalesce({total("spread_milli")}, 0) AS spread,
               count(DISTINCT channel)::INTEGER AS channels,
               sum(covered_s)::BIGINT AS covered_s,
               (count(DISTINCT channel) * any_value(month_s))::BIGINT AS expected_s,
               sum(flagged)::BIGINT AS flagged
        FROM given GROUP BY subject, item, month"""
    )


def _lengths(con: duckdb.DuckDBPyConnection, days: str, name: str) -> None:
    """Table `<name>_months` (zone, month, month_s): days of 23 hours told."""
    found = con.execute(
        f"""SELECT DISTINCT zone, CAST(date_trunc('month', day) AS DATE) FROM {days}
            JOIN {name}_channels USING (channel)"""
    ).fetchall()
    lengths = []
    for zone, month in found:
        following = (month + timedelta(days=31)).replace(day=1)
        lengths.append((midnight_utc(following, zone) - midnight_utc(month, zone)).total_seconds())
    con.register(
        f"{name}_months",
        pa.table(
            {
                "zone": pa.array([z for z, _ in found], pa.string()),
                "month": pa.array([m for _, m in found], pa.date32()),
                "month_s": pa.array([int(s) for s in lengths], pa.int64()),
            }
        ),
    )


def by_area(
    con: duckdb.DuckDBPyConnection, metered: str = "metered", into: str = "metered_areas"
) -> None:
    """Table `into` (hierarchy, area_code, item, month): exact sums over `inside` (engine.regions).

    `enterprises` speak for the item in the month, `incomplete` of them not for all of it.
    """
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE {into} AS
        SELECT hierarchy, area_code, item, month, TRY_CAST(sum(value) AS BIGINT) AS value,
               TRY_CAST(sum(substituted) AS BIGINT) AS substituted,
               TRY_CAST(sum(spread) AS BIGINT) AS spread,
               count(*) AS enterprises,
               count(*) FILTER (value IS NULL OR covered_s < expected_s) AS incomplete
        FROM {metered} JOIN inside USING (subject)
        GROUP BY hierarchy, area_code, item, month"""
    )


def of_validated(
    con: duckdb.DuckDBPyConnection, files: Mapping[str, Sequence[str]], wanted: Sequence[date],
    days: str = "days", name: str = "metering", into: str = "metered",
) -> None:  # fmt: skip
    """Table `into` (subject, item, month, value) of some months from the kept intervals: one scan.

    Files: `validated` by UTC month, of every one that the local months touch. Channels whose
    multiplier changes within a month, that substitute, or that have an interval over one of its
    ends, take their days instead, so the amounts are those of `build`.
    """
    zones = con.execute(
        f"SELECT DISTINCT zone FROM {name}_channels WHERE problem IS NULL AND formula IS NULL"
    ).fetchall()
    con.execute(f"CREATE OR REPLACE TEMP TABLE month_parts ({_PARTS})")
    for (zone,) in zones:
        some = "true" if len(zones) == 1 else (
            f"channel IN (SELECT channel FROM {name}_channels WHERE zone = '{zone}')"
        )  # fmt: skip
        for utc_month, listed in files.items():
            if listed:
                con.execute(_parts(listed, *_turn_in(utc_month, zone), some, wanted))
    for place, month in enumerate(wanted):
        con.execute(f"CREATE OR REPLACE TEMP TABLE summed AS {_of_parts(month)}")
        of_sums(con, month, days, name, f"{into}_month")
        made = f"INSERT INTO {into}" if place else f"CREATE OR REPLACE TEMP TABLE {into} AS"
        con.execute(f"{made} FROM {into}_month")


_PARTS = """channel BIGINT, begins DATE, edge TIMESTAMPTZ, next_edge TIMESTAMPTZ, before HUGEINT,
    later HUGEINT, n_before BIGINT, n_later BIGINT, crossing BIGINT, last TIMESTAMPTZ"""
"""Counts of a channel in a UTC month before and after the local midnight that begins a month."""


def _turn_in(utc_month: str, zone: str) -> tuple[date, datetime, datetime]:
    """The local month that begins within a month of UTC, when it does, and when it ends."""
    first = date.fromisoformat(f"{utc_month}-01")
    begins = first if midnight_utc(first, zone).date() >= first else _following(first)
    return begins, midnight_utc(begins, zone), midnight_utc(_following(begins), zone)


def _parts(
    listed: Sequence[str], begins: date, edge: datetime, following: datetime, some: str,
    wanted: Sequence[date],
) -> str:  # fmt: skip
    """SQL: one scan of a UTC month; where only one side of its edge is wanted, of that side.

    The rows of the later side alone are picked, those of the other are the rest.
    """
    at = _utc(edge)
    later = f"FILTER (start_utc >= {at})"
    crossing = f"count(*) FILTER (start_utc < {at} AND end_utc > {at})"
    if begins > max(wanted):
        some = f"{some} AND start_utc < {at}"
        later, crossing = "FILTER (false)", f"(max(end_utc) > {at})::BIGINT"
    elif begins == min(wanted):
        some = f"{some} AND end_utc > {at}"
    return f"""
        INSERT INTO month_parts
        SELECT channel, DATE '{begins}', {at}, {_utc(following)},
               CASE WHEN n > n_later THEN total - coalesce(later, 0) END, later, n - n_later,
               n_later, crossing, last
        FROM (SELECT channel, sum(count) AS total, sum(count) {later} AS later, count(*) AS n,
                     count(*) {later} AS n_later, {crossing} AS crossing, max(end_utc) AS last
              FROM {scan(listed)} WHERE {some} GROUP BY channel)"""


def _of_parts(month: date) -> str:
    """SQL of `summed` for a month: what lies after its begin, and before that of the next one."""
    own = f"begins = DATE '{month}'"
    return f"""
        SELECT channel, sum(CASE WHEN {own} THEN later ELSE before END)::HUGEINT AS total,
               bool_and(crossing = 0 AND coalesce(reached <= edge, true)
                        AND (NOT {own} OR last <= next_edge)) AS whole
        FROM (SELECT *, max(last) OVER (PARTITION BY channel ORDER BY begins
                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached
              FROM month_parts)
        WHERE begins IN (DATE '{month}', DATE '{_following(month)}')
        GROUP BY channel HAVING sum(CASE WHEN {own} THEN n_later ELSE n_before END) > 0"""


SUMMED = "channel BIGINT, total HUGEINT, whole BOOLEAN"
"""Counts of a channel in a month; not `whole`: something in it does not lie in the month alone."""


def of_sums(
    con: duckdb.DuckDBPyConnection, month: date, days: str = "days", name: str = "metering",
    into: str = "metered",
) -> None:  # fmt: skip
    """Table `into` (subject, item, month, value): `summed` where it holds, the days elsewhere."""
    ratios(con, name)
    left = lacking(con, month, name)
    # a list is looked for below the window that finds the newest days, a join only above it
    listed = f"channel IN ({', '.join(map(str, left)) or 'NULL'})"
    few = listed if len(left) <= _FEW else "channel NOT IN (SELECT channel FROM quick)"
    some = f"""(SELECT channel, day, milli FROM {days} WHERE {few}
                AND day >= DATE '{month}' AND day < DATE '{_following(month)}')"""
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE {into} AS
        WITH others AS (SELECT channel, milli FROM ({added(some, name)}))
        SELECT h.subject, h.item, DATE '{month}' AS month, TRY_CAST(
               {half_even("sum(a.milli * r.num)", "any_value(r.den)")} AS BIGINT) AS value
        FROM (FROM quick UNION ALL FROM others) a JOIN {name}_channels h USING (channel)
             JOIN {name}_ratios r USING (channel)
        WHERE h.subject IS NOT NULL AND h.problem IS NULL GROUP BY h.subject, h.item"""
    )


def lacking(con: duckdb.DuckDBPyConnection, month: date, name: str = "metering") -> list[int]:
    """Channels whose month does not stand in `summed`: their days are needed."""
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE quick AS
        SELECT channel, total * multiplier_milli AS milli
        FROM summed JOIN ({_plain(month, name)}) USING (channel) WHERE whole"""
    )
    query = f"SELECT channel FROM {name}_channels ANTI JOIN quick USING (channel) ORDER BY channel"
    return [c for (c,) in con.execute(query).fetchall()]


def _plain(month: date, name: str) -> str:
    """SQL: channels with one multiplier all month, no substitution and no meter above them."""
    return f"""
        WITH said AS (
            SELECT subject AS channel, item, text, valid_from, valid_to FROM {name}_spans
            WHERE item IN ('channel.multiplier', '{METHOD_ITEM}')
                  AND valid_from < DATE '{_following(month)}' AND valid_to > DATE '{month}'
        ),
        unlike AS (
            SELECT channel FROM said WHERE item = '{METHOD_ITEM}' AND text <> 'none'
                OR valid_from > DATE '{month}' OR valid_to < DATE '{_following(month)}'
            UNION ALL SELECT channel FROM {name}_under
        ),
        multipliers AS (SELECT channel, text FROM said WHERE item = 'channel.multiplier')
        SELECT channel, {milli("m.text")} AS multiplier_milli
        FROM {name}_channels LEFT JOIN multipliers m USING (channel)
             ANTI JOIN unlike USING (channel)
        WHERE problem IS NULL AND formula IS NULL"""


def _following(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def _utc(moment: datetime) -> str:
    return f"TIMESTAMPTZ '{moment}+00'"
