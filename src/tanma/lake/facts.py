"""The lake's mirror of the fact table, and facts as known at a time.

The relational store is the truth; the mirror is an append-only Delta table of the same rows, filled
by sequence number. Which facts were current at T is a filter on these rows, never on the history of
the table: among the versions of a key stamped ≤ T, the greatest (revision, stamp, sequence) counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from tanma.domain.messages import Problem
from tanma.lake import sql
from tanma.lake.delta import Table, sole_writer

SCHEMA = pa.schema(
    [
        ("seq", pa.int64()),
        ("stamp", pa.int64()),
        ("subject", pa.int64()),
        ("item", pa.string()),
        ("kind", pa.string()),
        ("valid_from", pa.date32()),
        ("valid_to", pa.date32()),
        ("value", pa.int64()),
        ("text", pa.string()),
        ("reported", pa.string()),
        ("source", pa.string()),
        ("revision", pa.int64()),
        ("data_class", pa.string()),
        ("author", pa.string()),
        ("evidence", pa.string()),
        ("version", pa.int32()),
        ("digest", pa.binary()),
    ]
)
KEY = ("subject", "item", "kind", "valid_from", "valid_to", "source")
CHUNK_ROWS = 200_000
FILE_ROWS = 4_000_000
_CURSOR, _WATERMARK = "facts.seq", "facts.watermark"
_KEY_COLUMNS = ", ".join(KEY)
_COLUMNS = ", ".join(SCHEMA.names)

Fetch = Callable[[int, int], pa.Table]
"""(after this sequence, at most so many rows) → facts of the store, columns of SCHEMA."""


@dataclass(frozen=True)
class Synced:
    """What one sync did: rows taken, and where the mirror stands now."""

    rows: int
    seq: int
    watermark: int
    version: int


@dataclass(frozen=True)
class Pinned:
    """One version of the mirror: its files never change, whatever is appended or compacted."""

    version: int
    watermark: int
    seq: int
    files: tuple[str, ...]

    def relation(self, con: duckdb.DuckDBPyConnection, known_at: int, name: str = "known") -> None:
        """Create the view `name`: facts current at `known_at` (µs since 1970 UTC).

        Columns are those of SCHEMA. Facts without correction are read as they lie; only keys of
        which some version > 1 exists are ordered, once, and their losing rows kept by sequence in
        the small table `<name>_lost`. Withdrawn facts are among the lost.
        """
        sql.checked_name(name)
        if known_at > self.watermark:
            raise Problem("facts_known_too_late", known_at=known_at, watermark=self.watermark)
        if not self.files:
            return sql.empty_view(con, name, SCHEMA)
        facts = f"(SELECT * FROM {sql.scan(self.files)} WHERE stamp <= {int(known_at)})"
        con.execute(f"CREATE OR REPLACE TEMP TABLE {name}_lost AS {_lost(facts)}")
        lost = con.execute(f"SELECT count(*) FROM {name}_lost").fetchall()[0][0]
        anti = f"WHERE NOT EXISTS (FROM {name}_lost l WHERE l.seq = f.seq)" if lost else ""
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT {_COLUMNS} FROM {facts} f {anti}"
        )
        return None


def _lost(facts: str) -> str:
    """Sequence numbers of facts that are superseded or withdrawn among `facts`."""
    same_key = " AND ".join(f"f.{column} = c.{column}" for column in KEY)
    return f"""
        WITH corrected AS (SELECT DISTINCT {_KEY_COLUMNS} FROM {facts} WHERE version > 1),
        versions AS (
            SELECT f.seq, row_number() OVER (
                PARTITION BY {", ".join(f"f.{column}" for column in KEY)}
                ORDER BY coalesce(f.revision, 0) DESC, f.stamp DESC, f.seq DESC
            ) AS place
            FROM {facts} f JOIN corrected c ON {same_key}
        )
        SELECT seq FROM versions WHERE place > 1
        UNION
        SELECT seq FROM {facts} WHERE value IS NULL AND text IS NULL
    """


class FactsMirror:
    """The mirror under `<root>/facts`. Any process may read; one at a time writes."""

    def __init__(self, root: Path) -> None:
        self._lock = root / "facts.lock"
        self._table = Table(
            root / "facts", SCHEMA, delta_encoded=("seq", "stamp", "value", "revision")
        )

    @property
    def version(self) -> int:
        """The newest Delta version, -1 before the first sync."""
        table = self._table.open()
        return -1 if table is None else table.version()

    @property
    def watermark(self) -> int:
        """µs since 1970 UTC: every fact stamped at or before it is in the mirror; 0 at first."""
        return self._marker(_WATERMARK)

    @property
    def seq(self) -> int:
        """The last sequence number in the mirror, 0 at first."""
        return self._marker(_CURSOR)

    def _marker(self, name: str) -> int:
        table = self._table.open()
        return 0 if table is None else table.transaction_version(name) or 0

    def pin(self, version: int | None = None) -> Pinned:
        """The list of files of one version (default: the newest), to be read for a whole run."""
        table = self._table.open(version)
        if table is None:
            return Pinned(-1, 0, 0, ())
        return Pinned(
            table.version(),
            table.transaction_version(_WATERMARK) or 0,
            table.transaction_version(_CURSOR) or 0,
            tuple(sorted(table.file_uris())),
        )

    def relation(
        self,
        con: duckdb.DuckDBPyConnection,
        known_at: int,
        name: str = "known",
        version: int | None = None,
    ) -> Pinned:
        """Pin a version and create the view of facts current at `known_at`; see `Pinned`."""
        pinned = self.pin(version)
        pinned.relation(con, known_at, name)
        return pinned

    def sync(self, fetch: Fetch, watermark: int, *, chunk_rows: int = CHUNK_ROWS) -> Synced:
        """Append what the store has beyond the cursor; exactly once, whenever it is killed.

        `watermark` is the store's, read *before* this call: every fact stamped ≤ it is then
        readable by `fetch`, so it is in the mirror once `fetch` has nothing more to give. Until
        then the mirror's watermark stays below the last stamp taken, as an append may be cut.
        """
        with sole_writer(self._lock):
            table = self._table.create()
            seq = first = table.transaction_version(_CURSOR) or 0
            known = table.transaction_version(_WATERMARK) or 0
            while (chunk := _checked(fetch(seq, chunk_rows), seq)).num_rows:
                seq, last_stamp = chunk["seq"][-1].as_py(), chunk["stamp"][-1].as_py()
                known = max(known, min(watermark, last_stamp - 1))
                self._append(chunk, seq, known)
            if watermark > known:
                known = watermark
                self._table.commit([], {_CURSOR: seq, _WATERMARK: known})
            return Synced(seq - first, seq, known, self.version)

    def _append(self, chunk: pa.Table, seq: int, watermark: int) -> None:
        file = self._table.write(chunk.to_batches())
        self._table.commit([file] if file else [], {_CURSOR: seq, _WATERMARK: watermark})

    def compact(self, *, memory: str = "1GB") -> int:
        """Rewrite the mirror sorted by subject, item and time; no row is lost. Returns the version.

        Readers that pinned an earlier version go on reading its files until `sweep`.
        """
        with sole_writer(self._lock):
            table = self._table.create()
            pinned = self.pin()
            if not pinned.files:
                return table.version()
            with duckdb.connect(config={"memory_limit": memory}) as con:
                files = list(self._sorted_files(con, pinned))
            markers = {_CURSOR: pinned.seq, _WATERMARK: pinned.watermark}
            version = self._table.commit(files, markers, replace=True)
            self._table.checkpoint()
            return version

    def _sorted_files(self, con: duckdb.DuckDBPyConnection, pinned: Pinned) -> Iterator:
        con.execute(f"SET temp_directory = {sql.text(str(self._lock.parent / 'facts.sort'))}")
        reader = con.sql(
            f"SELECT {_COLUMNS} FROM {sql.scan(pinned.files)}"
            " ORDER BY subject, item, valid_from, valid_to, kind, source, seq"
        ).to_arrow_reader(122_880)
        batches = (batch.cast(SCHEMA) for batch in reader)
        while file := self._table.write(_first_rows(batches, FILE_ROWS)):
            yield file

    def sweep(self, keep_hours: float = 168) -> list[str]:
        """Delete files that compaction replaced more than `keep_hours` ago."""
        with sole_writer(self._lock):
            return self._table.sweep(keep_hours)


def _first_rows(batches: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """Batches up to about so many rows; the iterator keeps the rest for the next call."""
    taken = 0
    while taken < rows and (batch := next(batches, None)) is not None:
        taken += batch.num_rows
        yield batch


def _checked(chunk: pa.Table, after: int) -> pa.Table:
    """The chunk in the mirror's columns and in order of sequence, without gap after `after`."""
    missing = [n for n in SCHEMA.names if n not in chunk.column_names]
    if missing:
        raise Problem("facts_columns_missing", missing=", ".join(missing))
    chunk = chunk.select(SCHEMA.names).cast(SCHEMA).sort_by("seq").combine_chunks()
    if chunk.num_rows == 0:
        return chunk
    gaps = pc.not_equal(
        chunk["seq"], pa.array(range(after + 1, after + 1 + chunk.num_rows), pa.int64())
    )
    first = pc.index(gaps, True).as_py()
    if first >= 0:
        raise Problem("facts_gap", expected=after + 1 + first, found=chunk["seq"][first].as_py())
    return chunk
