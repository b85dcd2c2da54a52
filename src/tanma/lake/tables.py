"""The tables that hold readings: landing, receipts, tail, readings. One definition each.

A batch stands once in `receipts` (number, stamp, writer, id); settled rows carry its number.
Numbers ascend with (stamp, writer, id), so "stamped at or before T" compares numbers, and a column
of numbers that grow in step takes hardly any room. Convention: docs/design/lake.md §3.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from tanma.domain.readings import READING
from tanma.lake.delta import Table
from tanma.lake.storage import Root, settled_root

CHANNELS_PER_BUCKET = 4096
LANDING = pa.schema(
    [
        *READING,
        ("stamp", pa.int64()),
        ("writer", pa.string()),
        ("batch", pa.int64()),
        ("row", pa.int32()),
        ("arrival_day", pa.date32()),
    ]
)
RECEIPT = pa.schema(
    [
        ("receipt", pa.int64()),
        ("stamp", pa.int64()),
        ("writer", pa.string()),
        ("batch", pa.int64()),
        ("rows", pa.int64()),
    ]
)
VERSION = pa.schema([*READING, ("receipt", pa.int64()), ("row", pa.int32())])
"""A version of a reading: the batch by its receipt number, the row within it."""
TAIL = pa.schema([*VERSION, ("day", pa.date32()), ("bucket", pa.int32())])
READINGS = pa.schema([*VERSION, ("month", pa.string()), ("bucket", pa.int32())])

WATERMARK = "landing.watermark"
TAIL_STAMP, TAIL_RECEIPT = "tail.stamp", "tail.receipt"
"""The tail holds every reading stamped at or before the one, and batches up to the other."""
RECEIPTS_UPTO = "receipts.upto"
MOVED_RECEIPT, MOVED_MONTH = "readings.receipt", "readings.month"
"""Of days before this month (2026-09 is 202609) batches up to this receipt lie in `readings`."""

SETTLED, REVISED = "settled", "revised"
"""Files of keys with one version and a value, and of all other keys."""

_ENCODED = ("channel", "start_utc", "end_utc", "value", "revision", "row")


def landing(root: Path) -> Table:
    """Sealed readings, every version, as they arrived; settled ones leave it."""
    return Table(
        root / "landing",
        LANDING,
        delta_encoded=(*_ENCODED, "stamp", "batch"),
        partition_by=("arrival_day",),
    )


def receipts(root: Root) -> Table:
    """One row per batch that was settled."""
    return Table(
        settled_root(root) / "receipts",
        RECEIPT,
        delta_encoded=("receipt", "stamp", "batch", "rows"),
    )


def tail(root: Root) -> Table:
    """Every version of readings of open days, and late ones until the night."""
    return Table(
        settled_root(root) / "tail",
        TAIL,
        delta_encoded=(*_ENCODED, "receipt"),
        partition_by=("day", "bucket"),
    )


def readings(root: Root) -> Table:
    """Every version of readings of closed months."""
    return Table(
        settled_root(root) / "readings",
        READINGS,
        delta_encoded=(*_ENCODED, "receipt"),
        partition_by=("month", "bucket"),
    )


def month_number(month: str) -> int:
    """`2026-09` as 202609, so that months compare as markers do."""
    return int(month.replace("-", ""))
