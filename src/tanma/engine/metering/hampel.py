"""Hampel's check apart: an amount far from the median of its neighbours in time.

It needs whole days of neighbours on both sides, so it is no part of the pass that flags by default;
it marks nothing in the tables and gives the intervals it doubts.
"""

from __future__ import annotations

from collections.abc import Sequence

from tanma.domain import quality
from tanma.lake.sql import scan


def sql_of(intervals: str, half_width: int, mads: int) -> str:
    """SQL: intervals of which |count − median| exceeds so many scaled median deviations.

    1.4826 makes the median absolute deviation an estimate of the standard deviation of normal
    noise; a deviation of 0 doubts nothing but what differs by more than a count.
    """
    window = f"""PARTITION BY channel ORDER BY start_utc
        ROWS BETWEEN {int(half_width)} PRECEDING AND {int(half_width)} FOLLOWING"""
    return f"""
        WITH centred AS (
            SELECT *, median(count) OVER ({window}) AS middle FROM {intervals}
        ),
        spread AS (
            SELECT *, median(abs(count - middle)) OVER ({window}) AS deviation FROM centred
        )
        SELECT channel, start_utc, end_utc, count, middle, deviation FROM spread
        WHERE abs(count - middle) > greatest(1, {int(mads)} * 1.4826e0 * deviation)"""


def over(files: Sequence[str], memory: str = "1GB") -> int:
    """How many intervals of files of `validated` Hampel's check doubts, one file at a time."""
    from tanma.engine.metering.bucket import connection

    width, mads = quality.default("hampel_readings"), quality.default("hampel_mads")
    doubted = 0
    for file in files:
        with connection(memory) as con:
            query = sql_of(scan([file]), width, mads)
            doubted += con.execute(f"SELECT count(*) FROM ({query})").fetchall()[0][0]
    return doubted
