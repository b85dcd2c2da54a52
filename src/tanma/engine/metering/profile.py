"""What is usual for a channel, learned on an earlier window and kept as a dated fact.

Limits of spikes come from that fact and not from the readings around, so a late reading derives its
own days again and no others. A profile has 48 hours: 24 of working days (Monday to Friday), 24 of
weekends, each with its median rate and the limit, in counts per hour.
"""

from __future__ import annotations

import datetime as dt

import duckdb
import pyarrow as pa

from tanma.domain import quality
from tanma.domain.facts import INPUT
from tanma.engine.metering.days import TOLD
from tanma.engine.metering.parameters import SLOTS, slot
from tanma.lake.sql import text as quoted

ITEM = "channel.profile"
OPEN = dt.date(9999, 12, 31)


def learn(
    con: duckdb.DuckDBPyConnection, intervals: str, valid_from: dt.date, evidence: str,
    name: str = "metering",
) -> pa.Table:  # fmt: skip
    """Facts `channel.profile` from intervals of an earlier window, in the columns of an append.

    Needs `<name>_params` of that window. Intervals with a flag that doubts them teach nothing. The
    limit of an hour is the greater of `spike_percent` of its median and `spike_mads` scaled median
    absolute deviations above it; an hour never seen takes the channel's own median and limit.
    """
    percent, mads = quality.default("spike_percent"), quality.default("spike_mads")
    per_h = "count * 3.6e9 / (epoch_us(i.end_utc) - epoch_us(i.start_utc))"
    query = f"""
        WITH rates AS (
            SELECT i.channel, {slot("i.start_utc", "p.shifted")} AS slot, {per_h} AS per_h
            FROM ({intervals}) i JOIN {name}_params p ON p.channel = i.channel
                 AND i.start_utc >= p.from_utc AND i.start_utc < p.to_utc
            WHERE i.end_utc > i.start_utc AND count IS NOT NULL AND (i.flags & {~TOLD}) = 0
                  AND p.kind IN ('register', 'interval')
        ),
        usual AS (
            SELECT channel, slot, median(per_h) AS middle, mad(per_h) AS deviation
            FROM rates GROUP BY GROUPING SETS ((channel, slot), (channel))
        ),
        limits AS (
            SELECT channel, slot, round(middle)::BIGINT AS median,
                   ceil(greatest(middle * {percent} / 1e2,
                       middle + {mads} * 1.4826e0 * deviation, 1))::BIGINT AS most
            FROM usual
        ),
        filled AS (
            SELECT c.channel, s.slot, coalesce(h.median, c.median) AS median,
                   coalesce(h.most, c.most) AS most
            FROM limits c CROSS JOIN (SELECT unnest(range({SLOTS}))::INTEGER AS slot) s
                 LEFT JOIN limits h ON h.channel = c.channel AND h.slot = s.slot
            WHERE c.slot IS NULL
        )
        SELECT channel AS subject, '{ITEM}' AS item, 'attribute' AS kind,
               DATE '{valid_from}' AS valid_from, DATE '{OPEN}' AS valid_to,
               NULL::BIGINT AS value,
               '{{"limit":[' || string_agg(most::VARCHAR, ',' ORDER BY slot) || '],"median":['
               || string_agg(median::VARCHAR, ',' ORDER BY slot) || ']}}' AS text,
               '' AS reported, 'meter' AS source, NULL::BIGINT AS revision,
               'internal' AS data_class, {quoted(evidence)} AS evidence, NULL::VARCHAR AS corrects
        FROM filled GROUP BY channel ORDER BY channel"""
    return con.sql(query).to_arrow_table().select(INPUT.names).cast(INPUT)
