"""Bodies as they were received, so that every reading can be decoded again.

One row per batch: the body (zstd), the name of the decoder that reads it, its digest, stamp and
source. After some days a body is dropped unless its batch is kept; the digest stays. Convention:
docs/design/lake.md §3.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

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
        ("arrival_day", pa.date32()),
    ]
)
"""`rows` is how many readings were taken; `digest` the SHA-256 of the body before compression."""
DAYS = 90
"""A body is kept for so many days after it arrived."""
BODIES, DIGESTS = "bodies", "digests"
"""Files with every body, and files of old days, with the kept ones alone."""


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


def table(root: Path) -> Table:
    """The table of bodies; `seal` adds to it, `drop_bodies` rewrites old days."""
    return Table(
        root / "raw", RAW, delta_encoded=("batch", "stamp", "rows"), partition_by=("arrival_day",)
    )


def sheet(writer: str, batches: Iterable[Batch]) -> pa.RecordBatch:
    """Bodies of batches in the columns of a file."""
    rows = [
        (writer, b.inbox_id, b.stamp, b.source, b.form, b.rows, b.body_digest, b.raw)
        for b in batches
        if b.raw is not None
    ]
    columns = zip(*rows, strict=True) if rows else [()] * (len(RAW) - 1)
    arrays = [pa.array(c, f.type) for c, f in zip(columns, RAW, strict=False)]
    return pa.RecordBatch.from_arrays(arrays, names=RAW.names[:-1])


def bodies(root: Path, day: dt.date | None = None) -> Iterator[Body]:
    """Every batch received (on one day), file by file, with its body while it is there."""
    for file in stored(table(root).open()):
        if day is None or str(file.partition["arrival_day"]) == day.isoformat():
            yield from (_body(row) for row in pq.ParquetFile(file.uri).read().to_pylist())


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
) -> int:
    """Drop bodies that arrived more than `days` before today; how many were dropped.

    `keep` lists (writer, batch) whose bodies are needed as long as results that used them. Digests
    of all stay. Call `sweep` of the table afterwards to free the room.
    """
    limit = today - dt.timedelta(days=days)
    with sole_writer(root / "landing.lock"):
        held = table(root)
        held.create()
        old = [f for f in stored(held.open()) if f.kind == BODIES and _day(f) < limit]
        return sum(_drop(held, file, frozenset(keep)) for file in old)


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


def _drop(held: Table, file: Stored, keep: frozenset[tuple[str, int]]) -> int:
    """Rewrite one file without the bodies that are not kept, in one commit."""
    dropped = 0
    parts = []
    for batch in pq.ParquetFile(file.uri).iter_batches(batch_size=1024):
        names = zip(batch["writer"].to_pylist(), batch["batch"].to_pylist(), strict=True)
        kept = pa.array([name in keep for name in names], pa.bool_())
        body = pc.if_else(kept, batch["body"], None)
        dropped += body.null_count - batch["body"].null_count
        parts.append(batch.set_column(batch.schema.get_field_index("body"), "body", body))
    new = held.write(parts, {"arrival_day": _day(file).isoformat()}, DIGESTS)
    held.commit([new] if new else [], {}, drop=[file])
    return dropped
