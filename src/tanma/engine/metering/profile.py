"""What is usual for a channel, learned on an earlier window and kept as a dated fact.

Limits of spikes come from that fact and not from the readings around, so a late reading derives its
own days again and no others. A profile has 48 hours: 24 of working days (Monday to Friday), 24 of
weekends, each with its median rate and the limit, in counts per hour.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa

from tanma.domain.facts import INPUT
from tanma.engine.metering import bucket
from tanma.engine.metering.bucket import Meters, Span
from tanma.engine.metering.days import TOLD
from tanma.engine.metering.parameters import SLOTS, number, slot
from tanma.lake.held import sound
from tanma.lake.sql import text as quoted

ITEM = "channel.profile"
OPEN = dt.date(9999, 12, 31)
WINDOW_DAYS, LEAST_DAYS = 28, 14
"""A profile is learned on so many days, of which a channel must have spoken on so many."""
AGAIN_DAYS = 90
"""A profile that holds for so long is learned anew."""
_SLICE = 1024
"""Channels at a time, so that memory stays bounded."""


def of_lake(root: Path, valid_from: dt.date, *, memory: str = "1GB") -> Iterator[pa.Table]:
    """Profiles that hold from a day on, learned on the days before it, some channels at a time.

    Of channels that have none yet, or one that has held for AGAIN_DAYS.
    """
    snapshot, known = sound(root), bucket.meters(root, memory=memory)
    first = valid_from - dt.timedelta(days=WINDOW_DAYS)
    span, wanted = Span(first, valid_from, snapshot.watermark), _due(known, valid_from)
    evidence = f"window:{first}/{valid_from};T={snapshot.watermark}"
    for start in range(0, len(wanted), _SLICE):
        with bucket.connection(memory) as con:
            some = known.only(wanted[start : start + _SLICE])
            bucket.derive(con, snapshot, some, span)
            yield learn(con, "FROM intervals", valid_from, evidence, least_days=LEAST_DAYS)


def _due(known: Meters, valid_from: dt.date) -> list[int]:
    """Channels that count amounts and lack a profile of these days."""
    newest = {
        s["subject"]: s["valid_from"] for s in known.spans.to_pylist() if s["item"] == ITEM
    }  # ordered by valid_from
    young = valid_from - dt.timedelta(days=AGAIN_DAYS)
    return [
        c["channel"] for c in known.channels.to_pylist()
        if c["kind"] in ("register", "interval") and c["problem"] is None and c["formula"] is None
        and not newest.get(c["channel"], dt.date.min) > young
    ]  # fmt: skip


def learn(
    con: duckdb.DuckDBPyConnection, intervals: str, valid_from: dt.date, evidence: str,
    name: str = "metering", least_days: int = 1,
) -> pa.Table:  # fmt: skip
    """Facts `channel.profile` from intervals of an earlier window, in the columns of an append.

    Needs `<name>_params` of that window. Intervals with a flag that doubts them teach nothing. The
    limit of an hour is the greater of `spike_percent` of its median and `spike_mads` scaled median
    absolute deviations above it, both the channel's own where it states them; an hour never seen
    takes the channel's own median and limit.
    """
    percent, mads = number("spike_percent"), number("spike_mads")
    per_h = "count * 3.6e9 / (epoch_us(i.end_utc) - epoch_us(i.start_utc))"
    query = f"""
        WITH rates AS (
            SELECT i.channel, {slot("i.start_utc", "p.shifted")} AS slot, {per_h} AS per_h,
                   (i.start_utc + p.shifted)::DATE AS day
            FROM ({intervals}) i JOIN {name}_params p ON p.channel = i.channel
                 AND i.start_utc >= p.from_utc AND i.start_utc < p.to_utc
            WHERE i.end_utc > i.start_utc AND count IS NOT NULL AND (i.flags & {~TOLD}) = 0
                  AND p.kind IN ('register', 'interval')
        ),
        seen AS (
            SELECT channel FROM rates GROUP BY channel HAVING count(DISTINCT day) >= {least_days}
        ),
        usual AS (
            SELECT channel, slot, median(per_h) AS middle, mad(per_h) AS deviation
            FROM rates SEMI JOIN seen USING (channel)
            GROUP BY GROUPING SETS ((channel, slot), (channel))
        ),
        own AS (
            SELECT channel, arg_max({percent}, edge) AS percent, arg_max({mads}, edge) AS mads
            FROM {name}_pieces GROUP BY channel
        ),
        limits AS (
            SELECT channel, slot, round(middle)::BIGINT AS median,
                   ceil(greatest(middle * percent / 1e2,
                       middle + mads * 1.4826e0 * deviation, 1))::BIGINT AS most
            FROM usual JOIN own USING (channel)
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
