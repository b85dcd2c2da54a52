"""Checks that look at whole days: an unlikely unit, and a parent that its children do not explain.

Like every flag they tell and change nothing.
"""

from __future__ import annotations

import duckdb

from tanma.domain import quality
from tanma.engine.metering.months import ratios

UNIT = quality.flags()["unit"].mask
BALANCE = quality.flags()["balance"].mask
SUSPECTS = (10.0, 100.0, 1000.0, 3.6, 60.0)
"""Factors that a mistaken unit brings: decimal prefixes, kWh for MJ, minutes for hours."""
_ENOUGH_S = 20 * 3600


def unit(con: duckdb.DuckDBPyConnection, days: str, name: str = "metering") -> None:
    """Set the flag `unit` in the table `days`, where a day is a suspect factor off its profile.

    Only days that are known for most of their hours are judged. The multiplier of the channel is a
    suspect too. Needs `<name>_params`, `<name>_limits` and `local_days`.
    """
    some = con.execute(f"SELECT count(*) > 0 FROM {name}_limits").fetchall()[0][0]
    if not some:
        return
    factors = ", ".join(repr(f) for f in SUSPECTS)
    con.execute(
        f"""UPDATE {days} SET flags = flags | {UNIT} FROM (
            WITH usual AS (
                SELECT profile, slot // 24 AS weekend, sum(median) AS expected
                FROM {name}_limits GROUP BY ALL
            ),
            compared AS (
                SELECT d.channel, d.day, abs(d.count) / u.expected AS ratio, p.unit_percent,
                       list_append([{factors}], p.multiplier_milli / 1e3) AS factors
                FROM {days} d JOIN {name}_channels h USING (channel)
                     JOIN local_days l ON l.zone = h.zone AND l.day = d.day
                     JOIN {name}_params p ON p.channel = d.channel
                          AND l.from_utc >= p.from_utc AND l.from_utc < p.to_utc
                     JOIN usual u ON u.profile = p.profile
                          AND u.weekend = CASE WHEN isodow(d.day) > 5 THEN 1 ELSE 0 END
                WHERE u.expected > 0 AND d.covered_s >= {_ENOUGH_S} AND d.count <> 0
            )
            SELECT channel, day FROM compared
            WHERE len(list_filter(factors, lambda f: f <> 1
                AND (abs(ratio / f - 1) * 100 <= unit_percent
                     OR abs(ratio * f - 1) * 100 <= unit_percent))) > 0
        ) doubted WHERE {days}.channel = doubted.channel AND {days}.day = doubted.day"""
    )


def balance(
    con: duckdb.DuckDBPyConnection, days: str, name: str = "metering", into: str = "balances"
) -> None:
    """Table `into`: per parent channel and day its own amount, its children's, and whether it fits.

    Columns channel, day, own, children (counts of the item × den, integers), lacking (children
    without an amount), share (difference in percent of the parent), flagged. With a child lacking
    nothing is judged. The children are those that hang there last; virtual ones are made of others.
    """
    ratios(con, name)
    limit = quality.default("balance_percent")
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE {into} AS
        WITH amounts AS (
            SELECT channel, day, milli::HUGEINT * num AS amount
            FROM {days} JOIN {name}_ratios USING (channel)
        ),
        limits AS (
            SELECT subject AS channel, TRY_CAST(arg_max(text, valid_from) AS INTEGER) AS most
            FROM {name}_spans WHERE item = '{quality.PREFIX}balance_percent' GROUP BY subject
        ),
        summed AS (
            SELECT p.channel, p.day, any_value(p.amount) AS own,
                   sum(a.amount) AS children, count(*) - count(a.amount) AS lacking
            FROM amounts p JOIN {name}_channels c ON c.parent_channel = p.channel
                 LEFT JOIN amounts a ON a.channel = c.channel AND a.day = p.day
            WHERE c.problem IS NULL AND c.formula IS NULL GROUP BY p.channel, p.day
        )
        SELECT s.*, abs(own - children) * 1e2 / nullif(abs(own), 0) AS share,
               lacking = 0 AND abs(own - children) * 100 > abs(own) * coalesce(most, {limit})
                   AS flagged
        FROM summed s LEFT JOIN limits USING (channel)"""
    )
