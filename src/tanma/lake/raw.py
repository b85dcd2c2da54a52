"""Bodies as they were received, so that every reading can be decoded again.

One row per batch: the body (zstd), the name of the decoder that reads it, its digest, stamp and
source; with its signature, where the sender must sign. After some days a body is dropped, unless
its batch is listed to stay or is signed and a published result used it; digest and signature stay.
Convention: docs/design/lake.md §3.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tanma.domain.readings import INSTANT
from tanma.lake.delta import Stored, Table, fsync_path, sole_writer, stored
from tanma.lake.inbox import Batch

RAW = pa.schema(
    [
        ("writer", pa.string()),
        ("batch", pa.int64()),
        ("stamp", pa.int64()),
        ("source", pa.string()),
        ("form", pa.string()),
        ("rows", pa.int64()),
        ("digest", pa.binary()),
        ("body", pa.binary()),
        ("signature", pa.string()),
        ("first_utc", INSTANT),
        ("last_utc", INSTANT),
        ("arrival_day", pa.date32()),
    ]
)
"""`rows` is how many readings were taken; `digest` the SHA-256 of the body before compression.

Signature and the starts of the first and the last reading are missing in batches not signed.
"""
DAYS = 90
"""A body is kept for so many days after it arrived."""
BODIES, KEPT, DIGESTS = "bodies", "kept", "digests"
"""Files as they were sealed; of old days, those whose bodies all stay and those without any."""
_BESIDE = dt.timedelta(days=1)
"""A register just outside a span counts in it, and days are local."""
_WEIGHED = ("writer", "batch", "stamp", "signature", "first_utc", "last_utc")
"""Columns by which it is told whether a body stays."""


@dataclass(frozen=True)
class Body:
    """One body as received, and the batch it became."""

    writer: str
    batch: int
    stamp: int
    source: str
    form: str
    rows: int
    digest: bytes
    body: bytes | None
    """None after its days are over."""
    signature: str | None = None
    first_utc: dt.datetime | None = None
    last_utc: dt.datetime | None = None


@dataclass(frozen=True)
class Used:
    """What a published result used: readings of a span (exclusive end), as known at a stamp."""

    first: dt.date
    end: dt.date
    known_at: int

    def has(self, first: dt.datetime, last: dt.datetime, stamp: int) -> bool:
        """Whether it may have used a batch with readings that start between two instants."""
        begins, ends = self.first - _BESIDE, self.end + _BESIDE
        return stamp <= self.known_at and first.date() < ends and begins <= last.date()


def table(root: Path) -> Table:
    """The table of bodies; `seal` adds to it, `drop_bodies` rewrites old days."""
    return Table(
        root / "raw", RAW, delta_encoded=("batch", "stamp", "rows"), partition_by=("arrival_day",)
    )


def sheet(writer: str, batches: Iterable[Batch]) -> pa.RecordBatch:
    """Bodies of batches in the columns of a file."""
    rows = [
        (writer, b.inbox_id, b.stamp, b.source, b.form, b.rows, b.body_digest, b.raw, *_signed(b))
        for b in batches
        if b.raw is not None
    ]
    columns = zip(*rows, strict=True) if rows else [()] * (len(RAW) - 1)
    arrays = [pa.array(c, f.type) for c, f in zip(columns, RAW, strict=False)]
    return pa.RecordBatch.from_arrays(arrays, names=RAW.names[:-1])


def _signed(batch: Batch) -> tuple[str | None, dt.datetime | None, dt.datetime | None]:
    """Signature of a batch and the span of its readings, by which it is kept."""
    if not batch.signature:
        return None, None, None
    span = pc.min_max(batch.readings["start_utc"]).as_py()
    return batch.signature, span["min"], span["max"]


def find(root: Path, writer: str, batch: int) -> Body | None:
    """The batch of a receipt; None before it is sealed."""
    for file in stored(table(root).open()):
        if file.least.get("batch", batch) <= batch <= file.most.get("batch", batch):
            wanted = (pc.field("writer") == writer) & (pc.field("batch") == batch)
            for row in pq.read_table(file.uri, filters=wanted, partitioning=None).to_pylist():
                return _body(row)
    return None


def bodies(root: Path, day: dt.date | None = None) -> Iterator[Body]:
    """Every batch received (on one day), file by file, with its body while it is there."""
    for file in stored(table(root).open()):
        if day is None or str(file.partition["arrival_day"]) == day.isoformat():
            yield from (_body(row) for row in pq.ParquetFile(file.uri).read().to_pylist())


def bodies_between(uri: str, low: int, high: int) -> Iterator[Body]:
    """Of one file the batches with stamps in [low, high], a few at a time."""
    for batch in pq.ParquetFile(uri).iter_batches(batch_size=64):
        yield from (_body(row) for row in batch.to_pylist() if low <= row["stamp"] <= high)


def _body(row: dict[str, Any]) -> Body:
    held = row.pop("body")
    return Body(**row, body=None if held is None else expand(held))


def compress(body: bytes) -> bytes:
    """A body as it is kept: one zstd frame, which any zstd tool expands."""
    packed: bytes = pa.compress(body, codec="zstd", asbytes=True)
    return packed


def expand(kept: bytes) -> bytes:
    """The body as it was received."""
    with pa.input_stream(pa.BufferReader(kept), compression="zstd") as stream:
        return bytes(stream.read())


def drop_bodies(
    root: Path,
    today: dt.date,
    *,
    days: int = DAYS,
    keep: Collection[tuple[str, int]] = (),
    used: Collection[Used] = (),
) -> int:
    """Drop bodies that arrived more than `days` before today; how many were dropped.

    Those that `keep` lists as (writer, batch) stay, and signed ones that a result used. Digests and
    signatures of all stay, and so does a damaged file. Call `sweep` of the table afterwards to free
    the room.
    """
    limit = today - dt.timedelta(days=days)
    listed = frozenset(keep)

    def stays(row: dict[str, Any]) -> bool:
        if (row["writer"], row["batch"]) in listed:
            return True
        if not row.get("signature"):
            return False
        return any(u.has(row["first_utc"], row["last_utc"], row["stamp"]) for u in used)

    with sole_writer(root / "landing.lock"):
        held = table(root)
        held.create()
        old = [f for f in stored(held.open()) if f.kind in (BODIES, KEPT) and _day(f) < limit]
        return sum(_drop(held, file, stays) for file in old if not held.fault(file))


def keep(root: Path, batches: Iterable[tuple[str, int]], reason: str) -> None:
    """List batches whose bodies stay: a dispute, a verification or a law asks for them."""
    path = _kept_list(root)
    with path.open("a", encoding="utf-8") as file:
        for writer, batch in batches:
            file.write(json.dumps({"writer": writer, "batch": batch, "reason": reason}) + "\n")
        file.flush()
        os.fsync(file.fileno())
    fsync_path(path.parent)


def kept(root: Path) -> set[tuple[str, int]]:
    """(writer, batch) of every body that is listed to stay."""
    path = _kept_list(root)
    if not path.exists():
        return set()
    rows = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    return {(row["writer"], row["batch"]) for row in rows}


def _kept_list(root: Path) -> Path:
    return root / "raw-kept.jsonl"


def _day(file: Stored) -> dt.date:
    return dt.date.fromisoformat(str(file.partition["arrival_day"]))


def _drop(held: Table, file: Stored, stays: Callable[[dict[str, Any]], bool]) -> int:
    """Lay the rows of a file without body apart from those that keep theirs, in one commit."""
    sheet = pq.ParquetFile(file.uri)
    names = [n for n in _WEIGHED if n in sheet.schema_arrow.names]
    stay = pa.array(map(stays, sheet.read(names).to_pylist()), pa.bool_())
    gone = pc.invert(stay)
    if not gone.true_count:
        return 0
    day = {"arrival_day": _day(file).isoformat()}
    parts = [(_picked(sheet, stay), KEPT), (map(_bodiless, _picked(sheet, gone)), DIGESTS)]
    new = [held.write(part, day, kind) for part, kind in parts]
    held.commit([n for n in new if n], {}, drop=[file])
    return int(gone.true_count)


def _picked(sheet: pq.ParquetFile, mask: pa.BooleanArray) -> Iterator[pa.RecordBatch]:
    """Some rows of a file, a few bodies at a time."""
    place = 0
    for batch in sheet.iter_batches(batch_size=1024):
        yield _whole(batch.filter(mask.slice(place, len(batch))))
        place += len(batch)


def _whole(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Rows with every column, also those that came after the file was written."""
    fields, held = list(RAW)[:-1], batch.schema.names
    columns = [batch[f.name] if f.name in held else pa.nulls(len(batch), f.type) for f in fields]
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))


def _bodiless(batch: pa.RecordBatch) -> pa.RecordBatch:
    place = batch.schema.get_field_index("body")
    return batch.set_column(place, RAW.field("body"), pa.nulls(len(batch), pa.binary()))
