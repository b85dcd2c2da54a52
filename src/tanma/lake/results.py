"""Results of runs: a folder of Parquet files and `run.json`, published whole or not at all.

A run is written beside its place, flushed, and renamed into it; from then on nobody changes it. The
relational store refers to it by name in the transaction that publishes; folders that nothing refers
to are swept. Digests do not depend on the order of rows, the writer of the file or the run's name.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from tanma.domain import canonical
from tanma.domain.messages import Problem
from tanma.lake import sql
from tanma.lake.delta import fsync_path, make_folder
from tanma.lake.lines import Lines

MEMORY = "1GB"
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")


ROW_GROUP = 122_880
FORMAT = (
    "FORMAT parquet, PARQUET_VERSION v2, COMPRESSION snappy,"
    f" DICTIONARY_SIZE_LIMIT 5000, ROW_GROUP_SIZE {ROW_GROUP}"
)
"""Differences of neighbouring integers instead of dictionaries of them: smaller and quicker. What
is left hardly shrinks: the cheaper compression costs 2 % of size."""


@dataclass(frozen=True)
class Query:
    """Rows to publish that a connection writes itself, in the order of the query."""

    con: duckdb.DuckDBPyConnection
    query: str

    def columns(self) -> dict[str, str]:
        """Names and DuckDB types; a type that a file would change is refused."""
        found = self.con.execute(f"DESCRIBE {self.query}").fetchall()
        columns = {str(row[0]): str(row[1]) for row in found}
        for name, kind in columns.items():
            if kind in {"HUGEINT", "UHUGEINT"}:
                raise Problem("result_column_type", column=name, kind=kind)
        return columns

    def write(self, path: Path) -> None:
        self.con.execute("SET preserve_insertion_order = true")
        self.con.execute(f"COPY ({self.query}) TO {sql.text(str(path))} ({FORMAT})")


@dataclass(frozen=True)
class ResultTable:
    """Rows to publish: their natural key, and columns (floats, say) that stay out of the digest.

    `sealed=False` leaves the canonical digest to `Run.seal`, at publication: working out a run that
    may be rejected need not hash millions of lines. Its file digest is kept from the start.
    """

    data: pa.Table | pa.RecordBatchReader | Query
    key: tuple[str, ...]
    omit: tuple[str, ...] = ()
    merkle: bool = False
    sealed: bool = True


@dataclass(frozen=True)
class Proof:
    """One row's canonical line and its way to the Merkle root."""

    line: bytes
    path: list[tuple[str, str]]
    root: str

    def holds(self) -> bool:
        return canonical.follow_path(canonical.leaf_hash(self.line), self.path) == self.root


class Run:
    """A published run, read only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.card: dict[str, Any] = json.loads((folder / "run.json").read_bytes())

    @property
    def meta(self) -> dict[str, Any]:
        """What the run says of itself: known time, versions read, editions, code version."""
        return self.card["meta"]

    @property
    def digest(self) -> str:
        """Over the digests of its sealed tables; no run id, no clock."""
        tables = self.card["tables"]
        digests = {name: card["digest"] for name, card in tables.items() if "digest" in card}
        return canonical.digest(canonical.encode(digests))

    @property
    def names(self) -> frozenset[str]:
        """The tables that it holds."""
        return frozenset(self.card["tables"])

    def path(self, name: str) -> Path:
        if name not in self.card["tables"]:
            there = ", ".join(sorted(self.card["tables"]))
            raise Problem("result_table_missing", run=self.folder.name, name=name, there=there)
        return self.folder / f"{name}.parquet"

    def table(self, name: str) -> pa.Table:
        return pq.read_table(self.path(name))

    def verify(self) -> None:
        """Compute every digest again from the files; a Problem names the first that differs.

        First the bytes of each file, then the canonical digest of its rows where there is one.
        """
        for name, card in self.card["tables"].items():
            self._agree(name, card["file_digest"], _file_digest(self.path(name)))
        for name, card in self.card["tables"].items():
            if "digest" in card:
                self._agree(name, card["digest"], self.seal(name))

    def _agree(self, name: str, expected: str, found: str) -> None:
        if found != expected:
            raise Problem(
                "result_changed", run=self.folder.name, name=name, expected=expected, found=found
            )

    def seal(self, name: str) -> str:
        """The canonical digest of a table, computed from its file now."""
        card = self.card["tables"][name]
        with _lines(self.path(name), card["key"], card["columns"]) as lines:
            return lines.digest()

    def proof(self, name: str, key: tuple[Any, ...]) -> Proof:
        """The line of the row with this key and its path to the table's Merkle root."""
        card = self.card["tables"][name]
        with _lines(self.path(name), card["key"], card["columns"]) as lines:
            index = _place(lines, key)
            rows = [text[:-1].encode() for batch in lines.batches() for text in batch.to_pylist()]
        leaves = [canonical.leaf_hash(row) for row in rows]
        path = canonical.merkle_path(leaves, index)
        return Proof(rows[index], path, canonical.merkle_root(leaves))


def _place(lines: Lines, key: tuple[Any, ...]) -> int:
    """How many rows stand before the row with this key."""
    names = ", ".join(f'"{n}"' for n in lines.key)
    marks = ", ".join("?" for _ in lines.key)
    found = lines.con.execute(
        f"SELECT place FROM (SELECT {names}, row_number() OVER (ORDER BY {names}) - 1 AS place"
        f" FROM {lines.relation}) WHERE ({names}) = ({marks})",
        list(key),
    ).fetchall()
    if not found:
        raise Problem("result_row_missing", key=", ".join(str(k) for k in key))
    return int(found[0][0])


@contextmanager
def _lines(file: Path, key: Iterable[str], columns: Iterable[str]) -> Iterator[Lines]:
    with _connection(file.parent.parent) as con:
        yield Lines(con, sql.scan([str(file)]), tuple(key), tuple(columns))


def _connection(results: Path) -> duckdb.DuckDBPyConnection:
    """One that reads what was written: what is sealed is the file, not what went into it."""
    spill = str(results / ".spill")
    return duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": spill})


def publish(
    root: Path, run_id: str, tables: Mapping[str, ResultTable], meta: Mapping[str, Any]
) -> Run:
    """Write `<root>/results/run=<run_id>`, flushed and whole; a Problem when it is there already.

    `meta` holds integers and text only: it is written in the canonical encoding.
    """
    folder = _folder(root, run_id)
    if folder.exists():
        raise Problem("result_exists", run=run_id)
    stage = folder.parent / f".new-{run_id}-{uuid.uuid4().hex[:8]}"
    make_folder(stage)
    try:
        with _connection(folder.parent) as con:
            cards = {sql.checked_name(n): _write(con, stage, n, t) for n, t in tables.items()}
        card = {"run": run_id, "meta": dict(meta), "tables": cards}
        _write_bytes(stage / "run.json", canonical.encode(card))
        fsync_path(stage)
        _move(stage, folder, run_id)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise
    return Run(folder)


def _folder(root: Path, run_id: str) -> Path:
    if not _RUN_ID.fullmatch(run_id):
        raise Problem("result_run_name", run=run_id)
    return root / "results" / f"run={run_id}"


def _move(stage: Path, folder: Path, run_id: str) -> None:
    # rename refuses a folder that is not empty, so of two writers of one run only one succeeds.
    try:
        stage.rename(folder)
    except OSError as error:
        raise Problem("result_exists", run=run_id) from error
    fsync_path(folder.parent)


def _write(
    con: duckdb.DuckDBPyConnection, stage: Path, name: str, table: ResultTable
) -> dict[str, Any]:
    path = stage / f"{name}.parquet"
    names = _write_rows(path, table.data)
    path.chmod(0o444)
    fsync_path(path)
    columns = [n for n in names if n not in table.omit]
    about = {
        "rows": pq.read_metadata(path).num_rows, "bytes": path.stat().st_size,
        "file_digest": _file_digest(path), "key": list(table.key), "columns": columns,
    }  # fmt: skip
    if not table.sealed:
        return about
    lines = Lines(con, sql.scan([str(path)]), table.key, tuple(columns))
    if not table.merkle:
        return about | {"digest": lines.digest()}
    digest, leaves = lines.sealed()
    return about | {"digest": digest, "merkle_root": canonical.merkle_root(leaves)}


def _write_rows(path: Path, data: pa.Table | pa.RecordBatchReader | Query) -> list[str]:
    """Write the file; the names of its columns."""
    if isinstance(data, Query):
        data.write(path)
        return list(data.columns())
    with pq.ParquetWriter(path, data.schema, compression="zstd", compression_level=1) as writer:
        for batch in _batches(data):
            writer.write_batch(batch)
    return list(data.schema.names)


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _batches(data: pa.Table | pa.RecordBatchReader) -> Iterable[pa.RecordBatch]:
    return data.to_batches() if isinstance(data, pa.Table) else data


def _write_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o444)
    fsync_path(path)


def read(root: Path, run_id: str) -> Run:
    """A published run, or a Problem."""
    folder = _folder(root, run_id)
    if not (folder / "run.json").exists():
        raise Problem("result_missing", run=run_id)
    return Run(folder)


def sweep(
    root: Path, referenced: Collection[str], older_than_s: float, now_s: float | None = None
) -> list[str]:
    """Delete runs that nothing refers to, and unfinished ones, older than so many seconds.

    Returns the names of the folders. Read `referenced` before the call: a run published since is
    younger than any sensible `older_than_s`.
    """
    now_s = time.time() if now_s is None else now_s
    keep = {f"run={run_id}" for run_id in referenced}
    place = root / "results"
    gone = []
    for folder in sorted(place.iterdir()) if place.exists() else []:
        old = now_s - folder.stat().st_mtime > older_than_s
        if folder.is_dir() and old and folder.name not in keep and folder.name != ".spill":
            _remove(folder)
            gone.append(folder.name)
    return gone


def _remove(folder: Path) -> None:
    # Renamed first, so that nobody opens a run of which half the files are gone.
    doomed = folder.with_name(f".old-{uuid.uuid4().hex[:8]}")
    os.rename(folder, doomed)
    shutil.rmtree(doomed)
