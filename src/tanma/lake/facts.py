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

from tanma.domain.facts import MIRROR
from tanma.domain.messages import Problem
from tanma.lake import sql
from tanma.lake.delta import NewFile, Table, sole_writer

SCHEMA = MIRROR
KEY = ("subject", "item", "kind", "valid_from", "valid_to", "source")
CHUNK_ROWS = 200_000
FILE_ROWS = 4_000_000
_CURSOR, _WATERMARK = "facts.seq", "facts.watermark"
_KEY_COLUMNS = ", ".join(KEY)
_COLUMNS = ", ".join(SCHEMA.names)
_HASH = f"hash({_KEY_COLUMNS})"
_WITHDRAWN = "value IS NULL AND text IS NULL"
_NO_ROWS = (
    "SELECT "
    + ", ".join(f"NULL::{sql.TYPES[str(f.type)]} AS {f.name}" for f in SCHEMA)
    + " WHERE false"
)
SETTLED, REVISED, FRESH = "settled", "revised", "part"

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
    """One version of the mirror: its files never change, whatever is appended or compacted.

    Compaction parts the rows: *settled* files hold the keys that have one version and a content,
    *revised* files all others. Files that came since are *fresh*. Only a correction in a fresh file
    can supersede a settled fact, so mostly the settled files are read as they lie.
    """

    version: int
    watermark: int
    seq: int
    files: tuple[str, ...]

    def relation(self, con: duckdb.DuckDBPyConnection, known_at: int, name: str = "known") -> None:
        """Create the view `name`: facts current at `known_at` (µs since 1970 UTC).

        Columns are those of SCHEMA. Sequences of superseded and withdrawn facts stand in the small
        table `<name>_lost`, made once; whoever reads the view pays for a scan and that anti-join.
        """
        sql.checked_name(name)
        if known_at > self.watermark:
            raise Problem("facts_known_too_late", known_at=known_at, watermark=self.watermark)
        if not self.files:
            return sql.empty_view(con, name, SCHEMA)
        settled, unsettled = self._rows(known_at, SETTLED), self._rows(known_at, REVISED, FRESH)
        touched = self._corrections(con, known_at, name)
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {name}_lost AS"
            f" {_lost(unsettled, settled if touched else None, f'{name}_touched')}"
        )
        current = f"WHERE seq NOT IN (SELECT seq FROM {name}_lost)"
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW {name} AS"
            f" SELECT {_COLUMNS} FROM {settled} {current if touched else ''}"
            f" UNION ALL SELECT {_COLUMNS} FROM {unsettled} {current}"
        )
        return None

    def _corrections(self, con: duckdb.DuckDBPyConnection, known_at: int, name: str) -> bool:
        """Note the keys corrected in fresh files; whether there is any."""
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {name}_touched AS"
            f" SELECT DISTINCT {_HASH} AS key FROM {self._rows(known_at, FRESH)} WHERE version > 1"
        )
        return bool(con.execute(f"SELECT count(*) FROM {name}_touched").fetchall()[0][0])

    def _rows(self, known_at: int, *kinds: str) -> str:
        """The rows stamped ≤ known_at in the files of some kinds, as a subquery."""
        files = [f for f in self.files if _kind_of(f) in kinds]
        if not files:
            return f"({_NO_ROWS})"
        return f"(SELECT {_COLUMNS} FROM {sql.scan(files)} WHERE stamp <= {int(known_at)})"


def _kind_of(file: str) -> str:
    """By the name that compaction gave it; a file of any other writer counts as fresh."""
    kind = file.rsplit("/", 1)[-1].split("-", 1)[0]
    return kind if kind in (SETTLED, REVISED) else FRESH


def _lost(unsettled: str, settled: str | None, touched: str) -> str:
    """Sequence numbers of facts that are superseded or withdrawn.

    Keys are looked up by a hash of their columns, which is quicker than six comparisons; a
    collision only lets a key into the window, which orders versions by the key itself.
    """
    before = f"UNION ALL FROM {settled} WHERE {_HASH} IN (FROM {touched})" if settled else ""
    return f"""
        WITH rows AS (FROM {unsettled}),
        revised AS (SELECT DISTINCT {_HASH} FROM rows WHERE version > 1),
        versions AS (FROM rows WHERE {_HASH} IN (FROM revised) {before}),
        placed AS (
            SELECT seq, row_number() OVER (
                PARTITION BY {_KEY_COLUMNS}
                ORDER BY coalesce(revision, 0) DESC, stamp DESC, seq DESC
            ) AS place
            FROM versions
        )
        SELECT seq FROM placed WHERE place > 1
        UNION
        SELECT seq FROM rows WHERE {_WITHDRAWN}
    """


class FactsMirror:
    """The mirror under `<root>/facts`. Any process may read; one at a time writes."""

    def __init__(self, root: Path) -> None:
        self._lock = root / "facts.lock"
        self.table = Table(
            root / "facts", SCHEMA, delta_encoded=("seq", "stamp", "value", "revision")
        )

    @property
    def version(self) -> int:
        """The newest Delta version, -1 before the first sync."""
        table = self.table.open()
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
        table = self.table.open()
        return 0 if table is None else table.transaction_version(name) or 0

    def pin(self, version: int | None = None) -> Pinned:
        """The list of files of one version (default: the newest), to be read for a whole run."""
        table = self.table.open(version)
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

    @property
    def fresh_files(self) -> int:
        """Files that came since the last compaction."""
        return sum(_kind_of(f.name) == FRESH for f in self.table.files())

    def sync(self, fetch: Fetch, watermark: int, *, chunk_rows: int = CHUNK_ROWS) -> Synced:
        """Append what the store has beyond the cursor; exactly once, whenever it is killed.

        `watermark` is the store's, read *before* this call: every fact stamped ≤ it is then
        readable by `fetch`, so it is in the mirror once `fetch` has nothing more to give. Until
        then the mirror's watermark stays below the last stamp taken, as an append may be cut.
        """
        with sole_writer(self._lock):
            table = self.table.create()
            seq = first = table.transaction_version(_CURSOR) or 0
            known = table.transaction_version(_WATERMARK) or 0
            while (chunk := _checked(fetch(seq, chunk_rows), seq)).num_rows:
                seq, last_stamp = chunk["seq"][-1].as_py(), chunk["stamp"][-1].as_py()
                known = max(known, min(watermark, last_stamp - 1))
                self._append(chunk, seq, known)
            if watermark > known:
                known = watermark
                self.table.commit([], {_CURSOR: seq, _WATERMARK: known})
            return Synced(seq - first, seq, known, self.version)

    def anew(self, fetch: Fetch, watermark: int, *, chunk_rows: int = CHUNK_ROWS) -> int:
        """Fetch every fact again in place of all files, in one commit; how many. For damage.

        `watermark` as for `sync`.
        """
        with sole_writer(self._lock):
            self.table.create()
            files, seq = [], 0
            while (chunk := _checked(fetch(seq, chunk_rows), seq)).num_rows:
                seq = chunk["seq"][-1].as_py()
                files.append(self.table.write(chunk.to_batches()))
            markers = {_CURSOR: seq, _WATERMARK: watermark}
            self.table.commit([f for f in files if f], markers, replace=True)
            return seq

    def _append(self, chunk: pa.Table, seq: int, watermark: int) -> None:
        file = self.table.write(chunk.to_batches())
        self.table.commit([file] if file else [], {_CURSOR: seq, _WATERMARK: watermark})

    def compact(self, *, memory: str = "1GB") -> int:
        """Rewrite the mirror sorted by subject, item and time; no row is lost. Returns the version.

        With a damaged file it waits: written anew it would pass for whole. Readers that pinned an
        earlier version go on reading its files until `sweep`.
        """
        with sole_writer(self._lock):
            table = self.table.create()
            pinned = self.pin()
            if not pinned.files or any(map(self.table.fault, self.table.files())):
                return table.version()
            with duckdb.connect(config={"memory_limit": memory}) as con:
                files = self._rewritten(con, pinned)
            markers = {_CURSOR: pinned.seq, _WATERMARK: pinned.watermark}
            version = self.table.commit(files, markers, replace=True)
            self.table.checkpoint()
            return version

    def _rewritten(self, con: duckdb.DuckDBPyConnection, pinned: Pinned) -> list[NewFile]:
        scan = sql.scan(pinned.files)
        con.execute("SET enable_progress_bar = false")  # it writes to standard output
        con.execute(f"SET temp_directory = {sql.text(str(self._lock.parent / 'facts.sort'))}")
        con.execute(
            f"CREATE TEMP TABLE revised AS SELECT DISTINCT {_HASH} AS key FROM {scan}"
            " WHERE version > 1"
        )
        unsettled = f"({_HASH} IN (FROM revised) OR ({_WITHDRAWN}))"
        return [
            *self._sorted_files(con, f"{scan} WHERE NOT {unsettled}", SETTLED),
            *self._sorted_files(con, f"{scan} WHERE {unsettled}", REVISED),
        ]

    def _sorted_files(
        self, con: duckdb.DuckDBPyConnection, rows: str, kind: str
    ) -> Iterator[NewFile]:
        reader = con.sql(
            f"SELECT {_COLUMNS} FROM {rows}"
            " ORDER BY subject, item, valid_from, valid_to, kind, source, seq"
        ).to_arrow_reader(122_880)
        batches = (batch.cast(SCHEMA) for batch in reader)
        while file := self.table.write(_first_rows(batches, FILE_ROWS), kind=kind):
            yield file

    def sweep(self, keep_hours: float = 168) -> list[str]:
        """Delete files that compaction replaced more than `keep_hours` ago."""
        with sole_writer(self._lock):
            return self.table.sweep(keep_hours)


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
