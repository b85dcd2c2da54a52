"""Amounts of one account on those who use it: by days held and share, exact to the last count.

An amount over a span goes to each holder by (days held × share); what no holding covers goes to
nobody. Floors first, then the largest remainders, ties by key and nobody last, so that the parts
always add up to the amount.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

AMOUNTS = pa.schema(
    [("account", pa.string()), ("valid_from", pa.date32()), ("valid_to", pa.date32()),
     ("value", pa.int64())]
)  # fmt: skip
HOLDINGS = pa.schema(
    [("account", pa.string()), ("subject", pa.int64()), ("key", pa.string()),
     ("share_ppm", pa.int64()), ("valid_from", pa.date32()), ("valid_to", pa.date32())]
)  # fmt: skip
"""`key` is the natural key of the subject; it decides ties, never the random id."""
WHOLE_PPM = 1_000_000

_SPLIT = f"""
    WITH held AS (
        SELECT a.account, a.valid_from, a.valid_to, a.value, h.subject, h.key,
            sum(h.share_ppm * (least(a.valid_to, h.valid_to)
                               - greatest(a.valid_from, h.valid_from)))::HUGEINT AS weight
        FROM amounts a JOIN holdings h ON h.account = a.account
            AND h.valid_from < a.valid_to AND h.valid_to > a.valid_from
        GROUP BY ALL
    ), whole AS (
        SELECT *, ((valid_to - valid_from) * {WHOLE_PPM})::HUGEINT AS weights FROM amounts
    ), weighted AS (
        SELECT w.account, w.valid_from, w.valid_to, w.value, w.weights, h.subject, h.key, h.weight
        FROM whole w JOIN held h USING (account, valid_from, valid_to)
        UNION ALL
        SELECT w.account, w.valid_from, w.valid_to, w.value, w.weights, NULL, NULL,
            w.weights - coalesce(h.weight, 0)
        FROM whole w LEFT JOIN (SELECT account, valid_from, valid_to, sum(weight) AS weight
                                FROM held GROUP BY ALL) h USING (account, valid_from, valid_to)
    ), floors AS (
        SELECT *, value::HUGEINT * weight // weights AS part,
            value::HUGEINT * weight % weights AS remainder
        FROM weighted WHERE weight > 0
    )
    SELECT account, valid_from, valid_to, subject, (part + CAST(
            row_number() OVER (PARTITION BY account, valid_from, valid_to
                               ORDER BY remainder DESC, key NULLS LAST)
            <= value - sum(part) OVER (PARTITION BY account, valid_from, valid_to)
            AS INTEGER))::BIGINT AS value
    FROM floors"""


def allocate(amounts: pa.Table, holdings: pa.Table) -> pa.Table:
    """(account, valid_from, valid_to, subject, value): parts that add up to each amount.

    A part without subject belongs to nobody. Amounts are not negative; shares of one day never
    exceed the whole.
    """
    with duckdb.connect() as con:
        con.register("amounts", amounts.select(AMOUNTS.names).cast(AMOUNTS))
        con.register("holdings", holdings.select(HOLDINGS.names).cast(HOLDINGS))
        order = "ORDER BY account, valid_from, valid_to, subject NULLS LAST"
        return con.sql(f"{_SPLIT} {order}").to_arrow_table()
