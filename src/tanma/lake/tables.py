"""The tables that hold readings: landing, receipts, tail, readings. One definition each.

A batch stands once in `receipts` (number, stamp, writer, id); settled rows carry its number.
Numbers ascend with (stamp, writer, id), so "stamped at or before T" compares numbers, and a column
of numbers that grow in step takes hardly any room. Convention: docs/design/lake.md §3.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable

from tanma.domain.readings import READING
from tanma.lake.delta import Stored, Table, marker
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
MOST_RECEIPTS = 2**61
"""Below the number that rows count as before they are settled."""
MOVED_RECEIPT, MOVED_MONTH = "readings.receipt", "readings.month"
"""Of days before this month (2026-09 is 202609) batches up to this receipt lie in `readings`."""

SETTLED, REVISED, BESIDE = "settled", "revised", "beside"
"""Files of keys with one version and a value, and of all other keys; and what came while a file of
the partition could not be read, whose keys may stand in any of its files."""

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


def month_place(file: Stored) -> tuple[str, int]:
    """Month and bucket of a file of tail or readings."""
    day = file.partition.get("day")
    return file.partition["month"] if day is None else f"{day:%Y-%m}", file.partition["bucket"]


def left_out(name: str) -> str:
    """Mark of the tail: 0, or 1 + the stamp beyond which it lacks the rows of a landing file."""
    return f"tail.without.{name}"


def lies_upto(name: str) -> str:
    """Mark of `readings`: 0, or 1 + the receipt up to which a file of the tail lies in it."""
    return f"readings.upto.{name}"


class Moved:
    """Up to which receipt rows of the tail lie in `readings`, as one version of it says."""

    def __init__(self, readings: DeltaTable | None) -> None:
        self._readings = readings
        self.month = marker(readings, MOVED_MONTH)
        self.receipt = marker(readings, MOVED_RECEIPT)

    def of(self, file: Stored) -> int:
        """The receipt for a file of the tail: it may have been left behind when others moved."""
        said = marker(self._readings, lies_upto(file.name)) if self.ever(file) else 1
        return said - 1 if said else self.receipt

    def ever(self, file: Stored) -> bool:
        """Whether its month was laid down before."""
        return month_number(f"{file.partition['day']:%Y-%m}") < self.month
