"""The columns of a reading, defined once: intake writes them, the lake keeps them.

A reading says what a channel counted: `value` is an integer count at the channel's scale (missing:
the reading is withdrawn), `revision` the source's own version number. Interval: `end_utc` is
exclusive and later than `start_utc`; register, gauge and state: an instant, both are equal.
Convention: docs/design/readings.md §2.
"""

from __future__ import annotations

import pyarrow as pa

INSTANT = pa.timestamp("us", "UTC")
READING = pa.schema(
    [
        ("channel", pa.int64()),
        ("start_utc", INSTANT),
        ("end_utc", INSTANT),
        ("value", pa.int64()),
        ("revision", pa.int64()),
    ]
)
KINDS = ("register", "interval", "gauge", "state")
"""Kinds of a channel."""
