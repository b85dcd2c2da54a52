"""Where the files of a batch lie: what was uploaded, the row report, the rejects, waiting rows."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings

from tanma.apps.imports.models import Batch


def folder(batch: Batch) -> Path:
    """The batch's folder, made when first asked for."""
    place = Path(settings.TANMA.uploads) / "batches" / batch.uid
    place.mkdir(parents=True, exist_ok=True)
    return place


def write_table(batch: Batch, name: str, table: pa.Table) -> None:
    """A table of the batch as Parquet, complete under its name or not there at all."""
    path = folder(batch) / f"{name}.parquet"
    part = path.with_suffix(".part")
    pq.write_table(table, part, compression="zstd")
    part.rename(path)


def read_table(batch: Batch, name: str) -> pa.Table | None:
    path = folder(batch) / f"{name}.parquet"
    return pq.read_table(path) if path.exists() else None


def count_rows(batch: Batch, name: str) -> int:
    """How long a table of the batch is, by its foot alone; 0 where there is none."""
    path = folder(batch) / f"{name}.parquet"
    return int(pq.read_metadata(path).num_rows) if path.exists() else 0


def rejects(batch: Batch, suffix: str) -> Path:
    return folder(batch) / f"rejects{suffix}"


def source(batch: Batch) -> Path:
    """The uploaded file; its name is ours, so that no name from outside reaches the disk."""
    return folder(batch) / f"source{Path(batch.file).suffix.lower()[:8]}"


def mapping(batch: Batch) -> Path | None:
    path = folder(batch) / "mapping.toml"
    return path if path.exists() else None
