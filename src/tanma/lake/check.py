"""Whether every file of the lake is there, opens, and holds the rows that its log says.

Each page carries a checksum; `check` reads every page and compares. A damaged file is named with
what depends on it and how to get it back; files beside it are read as before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from tanma.domain.messages import Problem
from tanma.lake.delta import Stored, Table, sole_writer
from tanma.lake.inbox import aside_note, writers
from tanma.lake.landing import Landing
from tanma.lake.upkeep import Kept, lake_tables

_CODES = {
    "landing": "lake_damaged_readings",
    "tail": "lake_damaged_readings",
    "readings": "lake_damaged_readings",
    "receipts": "lake_damaged_receipts",
    "raw": "lake_damaged_raw",
    "validated": "lake_damaged_derived",
    "activity_day": "lake_damaged_derived",
    "restatements": "lake_damaged_notes",
    "facts": "lake_damaged_facts",
}


@dataclass(frozen=True)
class Damage:
    """A file that cannot be read as written; `problem` says what depends on it and what to do."""

    table: str
    file: str
    problem: Problem
    stored: Stored


@dataclass(frozen=True)
class Checked:
    """What a check saw."""

    files: int
    rows: int
    damages: tuple[Damage, ...]


def check(root: Path) -> Checked:
    """Read every file that the newest version of a table names."""
    files = [
        (kept, file) for kept in lake_tables(root) if kept.exists for file in kept.table.files()
    ]
    damages = tuple(_damages(files))
    return Checked(len(files), sum(file.rows for _, file in files), damages)


def _damages(files: list[tuple[Kept, Stored]]) -> Iterator[Damage]:
    for kept, file in files:
        table, reason = kept.name, _fault(kept.table, file)
        if reason:
            place = ", ".join(f"{k}={v}" for k, v in file.partition.items()) or "–"
            problem = Problem(
                _CODES[table], table=table, file=file.uri, place=place, rows=file.rows,
                reason=reason,
            )  # fmt: skip
            yield Damage(table, file.uri, problem, file)


def _fault(table: Table, file: Stored) -> str | None:
    """What is wrong with a file, in one line; None when nothing is."""
    try:
        with table.parquet(file) as opened:
            rows = sum(batch.num_rows for batch in opened.iter_batches())
    except (OSError, pa.ArrowException) as error:
        return str(error).splitlines()[0]
    return None if rows == file.rows else f"{rows} ≠ {file.rows} rows"


def set_aside(root: Path, damages: Iterable[Damage]) -> int:
    """Let the tables go on without their damaged files, which stay where they lie; how many.

    For when no backup has them: what they held is missing until it is delivered again. So that it
    is taken then, inboxes no longer call it known; content that is there is not doubled.
    """
    tables, gone = {kept.name: kept for kept in lake_tables(root)}, 0
    for damage in damages:
        kept = tables[damage.table]
        with sole_writer(kept.lock):
            if any(file.name == damage.stored.name for file in kept.table.files()):
                kept.table.commit([], {}, drop=[damage.stored])
                gone += 1
        damaged = Path(damage.file)
        if damaged.exists():  # under another name it outlives the next sweep
            damaged.rename(root / f"damaged-{damage.table}-{damaged.name}")
        if _CODES[damage.table] == "lake_damaged_readings":
            _take_again(root)
    return gone


def _take_again(root: Path) -> None:
    landing = Landing(root)
    for writer in writers(root):
        if not aside_note(root, writer).exists():
            landing.inbox(writer).take_again()
